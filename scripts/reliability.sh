#!/bin/sh
# Attacks the command and prints the figures of docs/reliability.md: faults and how they ended, odd
# inputs, secrets that were looked for; with them what is tested of signals, turns, --atomic,
# downloads and supply chains. Half an hour on two processors.
#
#     scripts/reliability.sh [--faults N] [--seed S] [--inputs N] [--atheris SECONDS] [ARGUMENT…]
#
# N faults in all (`all`: each in each of its states, and one that was never injected fails the run),
# of which the seed (0) says which, where and when; N odd inputs for each test that takes any (300).
# For some time (60 SECONDS) coverage leads to more, from the documents of tests/fuzz on, if atheris
# has a wheel for this Python; 0 leaves that out. Inputs that led anywhere stay in build/atheris, and
# so do those that crash a parser.
# More arguments go to pytest, in place of all tests: `scripts/reliability.sh --faults 50 tests/faults`.
# As root on Linux also with disks that are full or read-only. Needs what scripts/test.sh has set up,
# or sets it up itself.
set -eu

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$checkout"
export HYBRID_INSTALL_FAULTS=all HYBRID_INSTALL_FUZZ_EXAMPLES=300
seconds=
while [ $# -gt 1 ]; do
    case $1 in
    --faults) HYBRID_INSTALL_FAULTS=$2 ;;
    --seed) export HYBRID_INSTALL_FAULTS_SEED="$2" ;;
    --inputs) HYBRID_INSTALL_FUZZ_EXAMPLES=$2 ;;
    --atheris) seconds=$2 ;;
    *) break ;;
    esac
    shift 2
done
if [ $# -eq 0 ]; then
    seconds=${seconds:-60}
    set -- tests/faults tests/fuzz tests/unit/core/test_redaction.py
    for what in secrets supply_chain demands signals turns atomic big_downloads tools unchanged verify \
        creation yanked tls damaged_cache; do
        set -- "$@" "tests/e2e/test_$what.py"
    done
fi
if [ ! -x build/test-env/bin/pytest ]; then
    scripts/test.sh --collect-only -q tests/faults > /dev/null
fi

# led_by_coverage SECONDS: false where a parser crashes, or takes half a minute.
led_by_coverage() {
    folder=$checkout/build/atheris
    [ -d "$folder" ] || build/tool/bin/uv venv --quiet --python build/test-env/bin/python "$folder"
    if ! build/tool/bin/uv pip install --quiet --python "$folder" --only-binary atheris \
        --editable . atheris hypothesis 'poetry<3' pytest >"$folder/log" 2>&1; then
        tail -n 3 "$folder/log"
        echo 'reliability: no inputs led by coverage: atheris has no wheel for this Python'
        return
    fi
    rm -f "$folder"/crash-* "$folder"/timeout-*
    status=0
    "$folder/bin/python" scripts/lib/fuzz_parsers.py "$folder/inputs" "-max_total_time=$1" -timeout=30 \
        -print_final_stats=1 "-artifact_prefix=$folder/" >"$folder/log" 2>&1 || status=$?
    [ "$status" -eq 0 ] || tail -n 60 "$folder/log"
    number=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/log")
    crashes=$(find "$folder" -maxdepth 1 -name 'crash-*' -o -maxdepth 1 -name 'timeout-*' | wc -l)
    echo "reliability: ${number:-no} inputs led by coverage, $((crashes)) crashes"
    return "$status"
}

failed=
if [ "${seconds:-0}" -gt 0 ]; then
    led_by_coverage "$seconds" || failed=yes
fi
PATH="$checkout/build/test-env/bin:$PATH" pytest -q --numprocesses=auto --dist=worksteal --maxprocesses=4 "$@" ||
    failed=yes
[ -z "$failed" ]

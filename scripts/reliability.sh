#!/bin/sh
# Attacks the command and prints the figures of docs/reliability.md: faults and how they ended, odd
# inputs, secrets that were looked for; with them what is tested of signals, turns, --atomic,
# downloads and supply chains. About an hour and a half on two processors.
#
#     scripts/reliability.sh [--faults N] [--seed S] [--inputs N] [--atheris SECONDS] [ARGUMENT…]
#
# N faults in all (350), of which the seed (0) says which, where and when; N odd inputs for each test
# that takes any (300). With --atheris, which has no wheel for each Python, coverage leads to more.
# More arguments go to pytest, in place of all tests: `scripts/reliability.sh --faults 50 tests/faults`.
# As root on Linux also with disks that are full or read-only. Needs what scripts/test.sh has set up,
# or sets it up itself.
set -eu

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$checkout"
export HYBRID_INSTALL_FAULTS=350 HYBRID_INSTALL_FUZZ_EXAMPLES=300
seconds=0
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
    set -- tests/faults tests/fuzz tests/unit/core/test_redaction.py
    for what in secrets supply_chain demands signals turns atomic big_downloads tools unchanged verify \
        creation yanked tls; do
        set -- "$@" "tests/e2e/test_$what.py"
    done
fi
if [ ! -x build/test-env/bin/pytest ]; then
    scripts/test.sh --collect-only -q tests/faults > /dev/null
fi

if [ "$seconds" -gt 0 ]; then
    build/tool/bin/uv venv --quiet --clear --python build/test-env/bin/python build/atheris
    build/tool/bin/uv pip install --quiet --python build/atheris --editable . atheris
    build/atheris/bin/python scripts/lib/fuzz_parsers.py "-max_total_time=$seconds"
fi
PATH="$checkout/build/test-env/bin:$PATH" exec pytest -q --numprocesses=auto --dist=worksteal --maxprocesses=4 "$@"

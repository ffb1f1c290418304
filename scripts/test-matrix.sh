#!/bin/sh
# Runs the end-to-end tests with other tools and Pythons than scripts/test.sh does, and prints a table
# of how each went and how long it took: the oldest and the newest uv and Poetry that are supported, each Python for the tool, each
# Python for the target, and Poetry 1.8 and 2.0 for the last step.
#
#     scripts/test-matrix.sh                    every row: some hours on two processors
#     scripts/test-matrix.sh uv-oldest -- -x    this row; what follows goes to pytest
#     scripts/test-matrix.sh --rows             the rows
#
#     scripts/test-matrix.sh --allow-missing    what there are interpreters for
#
# PYTHONS=FOLDER:FOLDER says where more interpreters are. One that is not found is a failure, as is the
# name of a row that there is none of.
set -eu

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
lib=$checkout/scripts/lib
. "$lib/tool.sh"
cd "$checkout"

# ROW PYTHON UV POETRY WHAT
rows='
uv-oldest       3.11  uv==0.13.0  poetry>=2.5,<3     suite
newest          3.13  uv<0.14     poetry<3           suite
python-3.12     3.12  uv<0.14     poetry<3           suite
poetry-2.1      3.11  uv<0.14     poetry==2.1.4      suite
poetry-2.3      3.11  uv<0.14     poetry==2.3.4      suite
poetry-1.8      3.11  uv<0.14     poetry==1.8.5      finish
poetry-2.0      3.11  uv<0.14     poetry==2.0.1      finish
targets         3.11  uv<0.14     poetry<3           targets
'
TARGETS='3.8 3.9 3.10 3.12 3.13'

if [ "${1:-}" = --rows ]; then
    printf '%s' "$rows" | sed 1d
    exit
fi
asked='' allows_missing=''
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    if [ "$1" = --allow-missing ]; then
        allows_missing=yes
    elif printf '%s' "$rows" | cut -d ' ' -f 1 | grep -qxF -e "${1:--}"; then
        asked="$asked $1 "
    else
        echo "$0: there is no row $1; \`$0 --rows\` prints them" >&2
        exit 2
    fi
    shift
done
[ $# -eq 0 ] || shift

# interpreter MINOR: prints its path, if it is on PATH or in one of the folders of PYTHONS.
interpreter() {
    for folder in $(printf '%s' "${PYTHONS:-}" | tr : ' '); do
        if [ -x "$folder/python$1" ]; then echo "$folder/python$1" && return; fi
    done
    command -v "python$1" || true
}

python=$(pick_python)
ensure_tool "$python" "$checkout" "$checkout/build/tool"
uv=$checkout/build/tool/bin/uv
unset VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV

# environment NAME PYTHON REQUIREMENT…: prints its folder.
environment() {
    folder=$checkout/build/matrix/$1
    "$uv" venv --quiet --clear --seed --python "$2" "$folder" >&2 || return
    shift 2
    "$uv" pip install --quiet --python "$folder" "$@" >&2 || return
    echo "$folder"
}

# missing NAME MINOR: has the row fail, unless that is allowed.
missing() {
    echo "$1: no Python $2 was found; PYTHONS=FOLDER says where one is"
    [ -n "$allows_missing" ] || failed=yes
}

# ended NAME RESULT DETAIL: a line of the table.
ended() {
    table="$table$(printf '%-12s  %-8s  %6ss  %s' "$1" "$2" "$(($(date +%s) - began))" "$3")
"
}

unfit() {
    ended "$1" FAILED 'its tools could not be installed'
    failed=yes
}

# row NAME PYTHON UV POETRY WHAT [ARGUMENT…]
row() {
    name=$1 wanted=$2 interpreter=$(interpreter "$2") requirement_uv=$3 requirement_poetry=$4 what=$5
    shift 5
    began=$(date +%s)
    if [ -z "$interpreter" ]; then
        missing "$name" "$wanted"
        ended "$name" missing "no Python $wanted" && return
    fi
    own=$requirement_poetry
    [ "$what" != finish ] || own='poetry<3'
    folder=$(environment "$name" "$interpreter" --editable . "$requirement_uv" "$own" \
        poetry-plugin-pypi-mirror pytest pytest-xdist hypothesis) || { unfit "$name" && return; }
    case $what in
    suite) selected="not steps and not extended and not matrix" ;;
    *) selected=matrix ;;
    esac
    poetries= targets=
    if [ "$what" = finish ]; then
        poetries=$(environment "$name-alone" "$interpreter" "$requirement_poetry")/bin/poetry ||
            { unfit "$name" && return; }
    fi
    if [ "$what" = targets ]; then
        for minor in $TARGETS; do
            found=$(interpreter "$minor")
            if [ -n "$found" ]; then targets="$targets:$found"; else missing "$name" "$minor"; fi
        done
    fi
    if PATH="$folder/bin:$PATH" VIRTUAL_ENV=$folder HYBRID_INSTALL_POETRIES=$poetries \
        HYBRID_INSTALL_TARGETS=${targets#:} "$folder/bin/pytest" --quiet --numprocesses=auto --dist=worksteal \
        --maxprocesses=4 -m "$selected" tests/e2e "$@" >"$folder/log" 2>&1; then
        ended "$name" passed "$(tail -n 1 "$folder/log")"
    else
        tail -n 60 "$folder/log"
        ended "$name" FAILED "$(tail -n 1 "$folder/log")"
        failed=yes
    fi
    printf '%s' "$table" | tail -n 1
}

failed='' table=''
while read -r name minor requirement_uv requirement_poetry what; do
    [ -n "$name" ] || continue
    if [ -n "$asked" ] && [ "${asked#* "$name" }" = "$asked" ]; then continue; fi
    row "$name" "$minor" "$requirement_uv" "$requirement_poetry" "$what" "$@" </dev/null
done <<END
$rows
END
printf '\n%s' "$table"
[ -z "$failed" ]

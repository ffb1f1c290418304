#!/bin/sh
# The fuzz tests with as many inputs as wanted, and others each time; scripts/test.sh gives them a
# few, the same ones each time.
# scripts/fuzz.sh [--examples N] [--atheris SECONDS] [arguments for pytest]
#
# With --atheris the parsers are also driven by coverage, by the atheris of the Python that
# HYBRID_INSTALL_ATHERIS_PYTHON names (by default `python`), which must have this project's
# requirements too. Real locks are taken from the folder that HYBRID_INSTALL_CORPUS names.
set -eu

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$checkout"
examples=1000 seconds=0
while [ $# -gt 0 ]; do
    case $1 in
    --examples) examples=$2 && shift 2 ;;
    --atheris) seconds=$2 && shift 2 ;;
    *) break ;;
    esac
done

if [ "$seconds" -gt 0 ]; then
    python=${HYBRID_INSTALL_ATHERIS_PYTHON:-python}
    if "$python" -c 'import atheris' 2>/dev/null; then
        PYTHONPATH=src:tests "$python" scripts/lib/fuzz_parsers.py "-max_total_time=$seconds"
    else
        echo "atheris is not installed for $python: only hypothesis is used" >&2
    fi
fi
HYBRID_INSTALL_FUZZ_EXAMPLES=$examples exec python -m pytest tests/fuzz "$@"

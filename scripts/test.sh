#!/usr/bin/env bash
# Sets up what is needed on a machine with Python 3.11+ (and its venv module) and a package index,
# then runs every check and every test. Arguments go to pytest: scripts/test.sh tests/unit
#
# The tool is installed into an environment of its own by pip; with it the project installs itself,
# with its test and lint groups, from its own poetry.lock.
set -euo pipefail

cd "$(dirname "$0")/.."
. scripts/lib/python.sh

python=$(find_python)
tool=build/tool
tests=$PWD/build/test-env

install_tool "$python" "$tool" .
echo "==> hybrid-install installs this project into ${tests#"$PWD"/} from its own poetry.lock"
env -u VIRTUAL_ENV -u CONDA_PREFIX "$tool/bin/hybrid-install" \
    --all-groups --sync --venv "$tests" --python "$python" --no-interaction --no-ansi

export PATH="$tests/bin:$PATH" VIRTUAL_ENV="$tests"
echo "==> ruff"
ruff format --check .
ruff check .
echo "==> mypy"
mypy
echo "==> pytest"
pytest "$@"

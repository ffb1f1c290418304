#!/bin/sh
# Sets up what is needed on a machine with Python 3.11 or later and a package index, then runs every
# check and every test but those of scripts/test-extended.sh, scripts/test-matrix.sh and
# scripts/check-steps.sh. Arguments go to pytest:
# scripts/test.sh tests/unit
#
# The tool goes into an environment of its own; with it the project installs itself, with its test
# and lint groups, from its own poetry.lock.
set -eu

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
lib=$checkout/scripts/lib
. "$lib/tool.sh"
cd "$checkout"
environment=$checkout/build/test-env
unset VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV

python=$(pick_python)
ensure_tool "$python" "$checkout" "$checkout/build/tool"

step "Installing this project and its test and lint groups from its own poetry.lock"
base=$("$python" -c 'import sys; print(sys.executable)')
build/tool/bin/hybrid-install --all-groups --sync --venv "$environment" --python "$base" --no-ansi

export VIRTUAL_ENV="$environment" PATH="$environment/bin:$PATH"
step "ruff"
ruff format --check .
ruff check .
step "mypy"
mypy
step "pytest"
pytest --numprocesses=auto --dist=worksteal --maxprocesses=4 -m "not steps and not extended and not matrix" "$@"

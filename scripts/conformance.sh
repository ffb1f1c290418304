#!/bin/sh
# Compares hybrid-install with Poetry itself and prints how much was compared and how much was equal:
# every real lock at hand, generated ones, settings, environments, file choices, origins.
#
#     scripts/conformance.sh          what scripts/test.sh runs of it, some minutes
#     scripts/conformance.sh --wide   every Python from 3.8 on, three platforms, all groups and extras for
#                                     each lock, walks as well: about an hour more, most of it Poetry's solver
#
# More arguments go to pytest. Needs what scripts/test.sh has set up, or sets it up itself.
set -eu

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$checkout"
if [ "${1:-}" = --wide ]; then
    shift
    export HYBRID_INSTALL_WIDE=1
fi
if [ ! -x build/test-env/bin/pytest ]; then
    scripts/test.sh --collect-only -q tests/conformance > /dev/null
fi
PATH="$checkout/build/test-env/bin:$PATH" exec pytest -q --numprocesses=auto --dist=worksteal tests/conformance "$@"

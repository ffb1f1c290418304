#!/bin/sh
# Runs the command in a faulty world, 300 times, and prints of each fault how often it was injected and
# how that ended: tests/faults. What is wrong fails, and is to be none.
#
#     scripts/faults.sh [--runs N] [--seed S] [ARGUMENT…]
#
# More arguments go to pytest. As root on Linux also with disks that are full or read-only.
# Needs what scripts/test.sh has set up, or sets it up itself.
set -eu

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$checkout"
export HYBRID_INSTALL_FAULTS=300
while [ $# -gt 1 ]; do
    case $1 in
    --runs) HYBRID_INSTALL_FAULTS=$2 ;;
    --seed) export HYBRID_INSTALL_FAULTS_SEED="$2" ;;
    *) break ;;
    esac
    shift 2
done
if [ ! -x build/test-env/bin/pytest ]; then
    scripts/test.sh --collect-only -q tests/faults > /dev/null
fi
PATH="$checkout/build/test-env/bin:$PATH" exec pytest -q --numprocesses=auto tests/faults "$@"

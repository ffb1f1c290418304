#!/bin/sh
# The tests that scripts/test.sh has no time for: about a quarter of an hour on two processors.
# Arguments go to pytest.
set -eu
exec "$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/test.sh" -m extended tests/e2e "$@"

#!/bin/sh
# Does what the pages of docs/ say, and tests what they are about: the step of a CI, bootstrap.sh, the
# function for `cd`. Takes about ten minutes: most of it is making the tool's environment again and
# again. Arguments go to pytest.
set -eu
exec "$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/test.sh" -m steps tests/e2e "$@"

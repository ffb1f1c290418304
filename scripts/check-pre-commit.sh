#!/bin/sh
# The hooks by pre-commit itself, as in somebody's repository: a fresh lock passes, a stale one is
# refused. Needs git, Python 3.11 or later and a package index; takes about a minute.
set -eu

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
lib=$checkout/scripts/lib
# shellcheck disable=SC1091
. "$lib/tool.sh"
python=$(pick_python)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PRE_COMMIT_HOME="$work/pre-commit" GIT_CONFIG_NOSYSTEM=1 HOME="$work"
git config --global user.name Tests
git config --global user.email tests@example.invalid
git config --global --add safe.directory '*'

step "pre-commit, in an environment of its own"
"$python" -m venv "$work/env"
"$work/env/bin/python" -m pip install --quiet --disable-pip-version-check pre-commit

step "A repository with the example project, and its hooks"
mkdir "$work/repository"
cp -R "$checkout/examples/ml-service/." "$work/repository"
cd "$work/repository"
git init -q
git add -A
try() {
    "$work/env/bin/pre-commit" try-repo "$checkout" --all-files --verbose
}
try

step "A lock that is stale"
sed -i.orig 's/^dependencies = \[/dependencies = [\n    "idna",/' pyproject.toml
if cmp -s pyproject.toml pyproject.toml.orig; then fail "pyproject.toml was not changed" "see the sed above"; fi
if try >"$work/log" 2>&1; then
    cat "$work/log"
    fail "a stale lock has passed" "see above"
fi
grep "changed significantly" "$work/log"

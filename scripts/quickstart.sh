#!/bin/sh
# From a bare machine to an answering service: needs Python 3.11 or later with its venv module,
# and a package index; neither Poetry nor uv. May be run from anywhere, and again.
#
#   PYTHON                the interpreter for the tool (default: the first that will do)
#   HYBRID_INSTALL_HOME   where the tool is installed (default: build/tool in this checkout)
set -eu

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
lib=$checkout/scripts/lib
. "$lib/tool.sh"
tool=${HYBRID_INSTALL_HOME:-$checkout/build/tool}
case $tool in
    /*) ;;
    *) tool=$PWD/$tool ;;
esac
started=$(date +%s)

# The example gets the environment that Poetry would give it, not the one that is active here.
unset VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV

python=$(pick_python)
ensure_tool "$python" "$checkout" "$tool"

cd "$checkout/examples/ml-service"
step "Installing examples/ml-service as its poetry.lock says: hybrid-install"
"$tool/bin/hybrid-install"

step "Asking the service a question, to see that what was installed works"
plan=$("$tool/bin/hybrid-install" plan --json)
environment=$(printf '%s' "$plan" |
    "$tool/bin/python" -c 'import json, sys; print(json.load(sys.stdin)["environment"]["path"])')
"$environment/bin/ml-service"

step "Done in $(($(date +%s) - started)) s. Try: $environment/bin/ml-service serve"

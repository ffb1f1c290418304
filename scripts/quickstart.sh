#!/bin/sh
# From a bare machine to an answering service: needs Python 3.11 or later with its venv module,
# and a package index; neither Poetry nor uv. May be run from anywhere, and again.
#
#   PYTHON                the interpreter for the tool (default: the first that will do)
#   HYBRID_INSTALL_HOME   where the tool is installed (default: build/tool in this checkout)
set -eu

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
project=$checkout/examples/ml-service
tool=${HYBRID_INSTALL_HOME:-$checkout/build/tool}
case $tool in
    /*) ;;
    *) tool=$PWD/$tool ;;
esac
stamp=$tool/quickstart.stamp
started=$(date +%s)

# The example gets the environment that Poetry would give it, not the one that is active here.
unset VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV

step() {
    printf '\n==> %s\n' "$1"
}

fail() {
    printf 'error: %s\n\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

will_do() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

pick_python() {
    if [ -n "${PYTHON:-}" ]; then
        will_do "$PYTHON" || fail "PYTHON=$PYTHON is not Python 3.11 or later with its venv module" \
            "set PYTHON to another interpreter, or unset it"
        echo "$PYTHON"
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11 python; do
        if will_do "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "no Python 3.11 or later with its venv module was found" \
        "install one (Debian and Ubuntu: apt install python3 python3-venv), or set PYTHON to its path"
}

# What the tool is made of: the interpreter, and every file that goes into the installation.
fingerprint() {
    "$python" - "$checkout" <<'END'
import hashlib
import pathlib
import sys

checkout = pathlib.Path(sys.argv[1])
digest = hashlib.sha256(f"{sys.version} {sys.executable}".encode())
sources = (path for path in (checkout / "src").rglob("*") if "__pycache__" not in path.parts)
for path in sorted([checkout / "pyproject.toml", *filter(pathlib.Path.is_file, sources)]):
    digest.update(b"%s\0%s\0" % (str(path.relative_to(checkout)).encode(), path.read_bytes()))
print(digest.hexdigest())
END
}

# Clears the folder first, hence nothing but an environment, or nothing at all, may be there.
install_tool() {
    if [ ! -e "$tool/pyvenv.cfg" ] && [ -n "$(ls -A "$tool" 2>/dev/null)" ]; then
        fail "$tool is not empty, and not an environment" "set HYBRID_INSTALL_HOME to another folder"
    fi
    "$python" -m venv --clear "$tool"
    "$tool/bin/python" -m pip install --quiet --disable-pip-version-check "$checkout"
    echo "$wanted" >"$stamp"
}

python=$(pick_python)
wanted=$(fingerprint)
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && "$tool/bin/python" -c '' 2>/dev/null; then
    step "hybrid-install is in $tool, made from these very sources"
else
    step "Installing hybrid-install with $python in an environment of its own: $tool"
    install_tool
fi

cd "$project"
step "Installing examples/ml-service as its poetry.lock says: hybrid-install"
"$tool/bin/hybrid-install"

step "Asking the service a question, to see that what was installed works"
plan=$("$tool/bin/hybrid-install" plan --json)
environment=$(printf '%s' "$plan" |
    "$tool/bin/python" -c 'import json, sys; print(json.load(sys.stdin)["environment"]["path"])')
"$environment/bin/ml-service"

step "Done in $(($(date +%s) - started)) s. Try: $environment/bin/ml-service serve"

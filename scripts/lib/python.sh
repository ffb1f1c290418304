# Sourced by the scripts of this folder: an interpreter, and the tool in an environment of its own.

# find_python: prints the absolute path of a Python 3.11 or later that has the venv module.
# PYTHON names one; else python3 and python are tried, and then the versioned names.
find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
            2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    echo "error: no Python 3.11 or later with its venv module was found" >&2
    echo "hint: install one (on Debian: apt-get install python3 python3-venv), or set PYTHON" >&2
    return 1
}

# install_tool PYTHON FOLDER SOURCE: hybrid-install from SOURCE in the environment FOLDER.
# Nothing is done where FOLDER already holds what SOURCE has now.
install_tool() {
    local python=$1 folder=$2 source=$3 stamp
    stamp=$("$python" - "$source" <<'PY'
import hashlib, pathlib, sys
source = pathlib.Path(sys.argv[1])
files = [source / "pyproject.toml", *sorted((source / "src").rglob("*.py"))]
digest = hashlib.sha256(sys.version.encode())
for file in files:
    digest.update(file.relative_to(source).as_posix().encode() + file.read_bytes())
print(digest.hexdigest())
PY
    )
    if [ -x "$folder/bin/hybrid-install" ] && [ "$(cat "$folder/stamp" 2>/dev/null)" = "$stamp" ]; then
        echo "==> hybrid-install is in $folder already"
        return
    fi
    echo "==> hybrid-install goes into an environment of its own, $folder"
    "$python" -m venv --clear "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$source"
    echo "$stamp" > "$folder/stamp"
}

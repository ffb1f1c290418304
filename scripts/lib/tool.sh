# Sourced by the scripts of the folder above: hybrid-install from this checkout, in an environment
# of its own. POSIX sh, for a machine with nothing but Python 3.11 or later and a package index.

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

# pick_python: prints an interpreter for the tool: PYTHON, or the first that will do.
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

# fingerprint PYTHON CHECKOUT: what the tool is made of: the interpreter, and every file that goes
# into the installation.
fingerprint() {
    "$1" - "$2" <<'END'
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

# ensure_tool PYTHON CHECKOUT FOLDER: hybrid-install in the environment FOLDER. Nothing is done
# where it was made from these very sources. The stamp is written last: a half-made one is not used.
# Clears FOLDER first, hence nothing but an environment, or nothing at all, may be there.
ensure_tool() {
    wanted=$(fingerprint "$1" "$2")
    if [ "$(cat "$3/hybrid-install.stamp" 2>/dev/null)" = "$wanted" ] &&
        "$3/bin/python" -c '' 2>/dev/null; then
        step "hybrid-install is in $3, made from these very sources"
        return
    fi
    if [ ! -e "$3/pyvenv.cfg" ] && [ -n "$(ls -A "$3" 2>/dev/null)" ]; then
        fail "$3 is not empty, and not an environment" "name another folder, or remove this one"
    fi
    step "Installing hybrid-install with $1 in an environment of its own: $3"
    "$1" -m venv --clear "$3"
    "$3/bin/python" -m pip install --quiet --disable-pip-version-check "$2"
    echo "$wanted" >"$3/hybrid-install.stamp"
}

# shellcheck shell=sh
# Sourced by the scripts of the folder above: hybrid-install in an environment of its own. POSIX sh,
# for a machine with nothing but Python 3.11 or later and a package index. `lib` is the folder of
# this file, set by whoever sources it; the file and those beside it need nothing else of a checkout.

step() {
    printf '\n==> %s\n' "$1"
}

fail() {
    printf 'error: %s\n\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

# will_do PYTHON: new enough, and an environment of its making can be given packages: by its own pip
# (Debian has that in python3-venv), or by something else that is there.
will_do() {
    "$1" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 &&
        { has_module "$1" ensurepip || has_module "$1" pip || command -v uv >/dev/null 2>&1 ||
            [ -n "$(pip_on_disk)" ] || [ -n "$(index_url)" ]; }
}

has_module() {
    "$1" -c "import $2" >/dev/null 2>&1
}

# pip_on_disk: prints the wheel of pip that Debian's virtualenv and its like share, if it is there.
pip_on_disk() {
    for wheel in /usr/share/python-wheels/pip-*.whl; do
        [ ! -f "$wheel" ] || echo "$wheel"
    done
}

# index_url: prints where packages come from, if somebody has said so.
index_url() {
    echo "${PIP_INDEX_URL:-${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-}}}"
}

# pick_python: prints an interpreter for the tool: PYTHON, or the first that will do.
pick_python() {
    if [ -n "${PYTHON:-}" ]; then
        will_do "$PYTHON" || fail "PYTHON=$PYTHON is not Python 3.11 or later with its venv module" \
            "set PYTHON to another interpreter, or unset it"
        echo "$PYTHON"
        return
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if will_do "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "no Python 3.11 or later with its venv module was found" \
        "install one (Debian and Ubuntu: apt install python3 python3-venv), or set PYTHON to its \
path; for a Python without pip, PIP_INDEX_URL=<simple url of your package index> will do too"
}

# python_of FOLDER: prints the interpreter that the tool in FOLDER was made with, unless another one
# is asked for, so that a change of PATH makes nothing anew; else one that will do.
python_of() {
    if [ -z "${PYTHON:-}" ]; then
        base=$("$1/bin/python" -c 'import sys; print(sys._base_executable)' 2>/dev/null) || base=
        if [ -n "$base" ] && will_do "$base"; then
            echo "$base"
            return
        fi
    fi
    pick_python
}

# fingerprint PYTHON SOURCE FOLDER: what the tool in FOLDER is made of: the interpreter, and SOURCE:
# every file of a checkout that goes into the installation, the contents of an archive, or the words
# of a requirement. Scripts know the interpreter of their environment by its path, hence FOLDER.
fingerprint() {
    "$1" - "$2" "$3" <<'END'
import hashlib
import os
import pathlib
import sys

source, folder = pathlib.Path(sys.argv[1]), sys.argv[2]
python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
digest = hashlib.sha256(f"{sys.version} {python} {os.path.abspath(folder)}".encode())
files = []
if "/" in sys.argv[1] and source.is_dir():
    below = (path for path in (source / "src").rglob("*") if "__pycache__" not in path.parts)
    files = sorted([source / "pyproject.toml", *filter(pathlib.Path.is_file, below)])
elif "/" in sys.argv[1] and source.is_file():
    files = [source]
else:
    digest.update(sys.argv[1].encode())
for path in files:
    digest.update(b"%s\0%s\0" % (os.path.relpath(path, source).encode(), path.read_bytes()))
print(digest.hexdigest())
END
}

# hold EXCLUSIVELY|TOGETHER PYTHON FOLDER: waits for whoever makes or uses the tool in FOLDER. The
# lock is that of descriptor 9: it ends with this process, however that ends, or with `release`.
hold() {
    [ -e "$3.lock" ] || { mkdir -p "$(dirname "$3")" && touch "$3.lock"; } 2>/dev/null ||
        fail "$3 cannot be made" "name another folder: HYBRID_INSTALL_HOME"
    exec 9<"$3.lock"
    "$2" - "$1" <<'END'
import fcntl
import sys

mode = fcntl.LOCK_EX if sys.argv[1] == "EXCLUSIVELY" else fcntl.LOCK_SH
try:
    fcntl.flock(9, mode | fcntl.LOCK_NB)
except BlockingIOError:
    print("waiting for another run of hybrid-install's scripts", file=sys.stderr)
    fcntl.flock(9, mode)
END
}

release() {
    exec 9<&-
}

# ensure_tool PYTHON SOURCE FOLDER: hybrid-install in the environment FOLDER, from SOURCE: a checkout,
# an archive, or a requirement. Nothing is done where it was made from that very source. The stamp is
# written last: a half-made one is not used. Clears FOLDER first, hence nothing but an environment,
# or nothing at all, may be there.
ensure_tool() {
    wanted=$(fingerprint "$1" "$2" "$3")
    if is_made "$3" "$wanted"; then
        step "hybrid-install is in $3, made from these very sources"
        return
    fi
    hold EXCLUSIVELY "$1" "$3"
    # It may have been made while we waited.
    is_made "$3" "$wanted" || make_tool "$1" "$2" "$3"
    release
}

# use_tool PYTHON SOURCE FOLDER: as ensure_tool, and nobody makes it anew until this process ends.
use_tool() {
    ensure_tool "$@"
    hold TOGETHER "$1" "$3"
    while ! is_made "$3" "$wanted"; do
        release
        ensure_tool "$@"
        hold TOGETHER "$1" "$3"
    done
}

is_made() {
    [ "$(cat "$1/hybrid-install.stamp" 2>/dev/null)" = "$2" ] &&
        "$1/bin/python" -c '' 2>/dev/null
}

make_tool() {
    if [ ! -e "$3/pyvenv.cfg" ] && [ -n "$(ls -A "$3" 2>/dev/null)" ]; then
        fail "$3 is not empty, and not an environment" "name another folder, or remove this one"
    fi
    step "Installing hybrid-install with $1 in an environment of its own: $3"
    if has_module "$1" ensurepip; then
        "$1" -m venv --clear "$3"
    else
        "$1" -m venv --clear --without-pip "$3"
    fi
    install_into "$1" "$3" "$2"
    echo "$wanted" >"$3/hybrid-install.stamp"
}

# install_into PYTHON FOLDER SOURCE: by the environment's own pip, or by what else there is.
install_into() {
    if ! has_module "$2/bin/python" pip && command -v uv >/dev/null 2>&1; then
        uv pip install --quiet --python "$2/bin/python" "$3"
        return
    fi
    has_module "$2/bin/python" pip || give_pip "$1" "$2"
    "$2/bin/python" -m pip install --quiet --disable-pip-version-check "$3"
}

# give_pip PYTHON FOLDER: as ensurepip would. A wheel of pip runs as it is, and installs where its
# interpreter belongs, itself for a start.
give_pip() {
    if has_module "$1" pip; then
        "$1" -m pip --python "$2/bin/python" install --quiet --disable-pip-version-check pip
        return
    fi
    wheel=$(pip_on_disk | tail -n 1)
    [ -n "$wheel" ] || wheel=$(fetch_pip "$1" "$2")
    "$2/bin/python" "$wheel/pip" install --quiet --disable-pip-version-check --no-index "$wheel"
}

# fetch_pip PYTHON FOLDER: puts a wheel of pip from the index into FOLDER and prints its path.
fetch_pip() {
    printf 'this Python has no pip: fetching one from the package index\n' >&2
    # shellcheck disable=SC2154  # said above
    "$1" "$lib/fetch_pip.py" "$(index_url)" "$2" ||
        fail "no pip could be fetched" "install Python's venv module (Debian and Ubuntu: apt install python3-venv)"
}

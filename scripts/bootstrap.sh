#!/bin/sh
# From a bare machine to a working project: gets hybrid-install into an environment of its own, runs
# it in the current project with the arguments given, and says how to activate what it made. Needs
# Python 3.11 or later and a package index; neither uv, nor Poetry, nor curl. The second run makes
# nothing anew; several may run at once.
#
#     cd my-poetry-project && …/scripts/bootstrap.sh --with dev
#
#   HYBRID_INSTALL_SOURCE  what to install: a path (./wheel.whl, ../checkout) or a requirement
#                          (hybrid-install==0.1.0), from the index that pip is configured for
#                          (default: the checkout that this script lies in)
#   HYBRID_INSTALL_HOME    where to (default: hybrid-install in XDG_DATA_HOME, or ~/.local/share)
#   PYTHON                 the interpreter for the tool (default: the first that will do)
#
# To keep it in another repository, copy this script and the folder lib, and set the source.
set -eu

lib=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/lib
. "$lib/tool.sh"

# source_of_the_tool: prints what is to be installed, a path as an absolute one.
source_of_the_tool() {
    checkout=$(dirname "$(dirname "$lib")")
    if [ -z "${HYBRID_INSTALL_SOURCE:-}" ]; then
        [ -d "$checkout/src/hybrid_install" ] ||
            fail "$checkout is no checkout of hybrid-install, so there is nothing to install" \
                "set HYBRID_INSTALL_SOURCE to a checkout's path, or to hybrid-install==<version>"
        echo "$checkout"
        return
    fi
    case $HYBRID_INSTALL_SOURCE in
        *://* | *@*) echo "$HYBRID_INSTALL_SOURCE" ;;
        /*) existing "$HYBRID_INSTALL_SOURCE" ;;
        */*) existing "$PWD/$HYBRID_INSTALL_SOURCE" ;;
        *) echo "$HYBRID_INSTALL_SOURCE" ;;
    esac
}

existing() {
    [ -e "$1" ] || fail "HYBRID_INSTALL_SOURCE: there is no $1" "name a checkout, a wheel or an sdist"
    echo "$1"
}

folder_of_the_tool() {
    folder=${HYBRID_INSTALL_HOME:-}
    if [ -z "$folder" ]; then
        [ -n "${XDG_DATA_HOME:-${HOME:-}}" ] || fail "there is no home folder" "set HYBRID_INSTALL_HOME"
        folder=${XDG_DATA_HOME:-$HOME/.local/share}/hybrid-install
    fi
    case $folder in
        /*) echo "$folder" ;;
        *) echo "$PWD/$folder" ;;
    esac
}

# say_how_to_activate [OPTION…]: of an installation with these options. Of anything else (`--help`)
# `plan` has no such environment to tell of, and nothing is said.
say_how_to_activate() {
    plan=$("$tool/bin/hybrid-install" plan --quiet --json "$@" 2>/dev/null) || return 0
    environment=$(printf '%s' "$plan" |
        "$tool/bin/python" -c 'import json, sys; print(json.load(sys.stdin)["environment"]["path"])' \
            2>/dev/null) || return 0
    case ${SHELL:-} in
        */fish) word=source script=activate.fish ;;
        # A point is no command of theirs.
        */csh | */tcsh) word=source script=activate.csh ;;
        *) word=. script=activate ;;
    esac
    [ ! -e "$environment/bin/$script" ] ||
        printf '\nActivate the environment:  %s\n' "$word '$environment/bin/$script'" >&2
}

tool=$(folder_of_the_tool)
source=$(source_of_the_tool)
python=$(python_of "$tool")
use_tool "$python" "$source" "$tool" >&2
"$tool/bin/hybrid-install" "$@"
case ${1:-} in
    install)
        shift
        say_how_to_activate "$@"
        ;;
    '' | -*) say_how_to_activate "$@" ;;
esac

#!/bin/sh
# The third step: the plan, the installation, and a comparison of the two.
#
#   OPTIONS            options of hybrid-install, besides those in HYBRID_INSTALL_* variables
#   VERIFY=false       leaves the comparison out
#   ACTIVATE=true      the steps that follow work in the environment (a GitHub action's)
# shellcheck disable=SC1091,SC2154  # lib/ci.sh says where the folder and the tool are
set -eu

lib=$(CDPATH='' cd -- "$(dirname -- "$0")/../lib" && pwd)
. "$lib/ci.sh"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What a tool prints is a lock's, an index's or a build script's to choose: GitHub must not take it
# for its commands.
quote() {
    is_github || return 0
    token=$("$tool/bin/python" -c 'import secrets; print(secrets.token_hex(16))')
    printf '::stop-commands::%s\n' "$token"
}

unquote() {
    if is_github; then printf '::%s::\n' "$token"; fi
}

# said NAME TITLE WORD…: runs it as a part of the log; where it fails, the file at fault gets a note.
said() {
    name=$1 title=$2 code=0
    shift 2
    group "$name" "$title"
    quote
    # The exit code is that of the command, not of tee.
    {
        "$@" 2>&1 || echo $? >"$place/code"
    } | tee "$place/log"
    # A command for the runner has a line of its own, whatever the last one is.
    [ -z "$(tail -c 1 "$place/log")" ] || echo
    unquote
    endgroup "$name"
    [ ! -s "$place/code" ] || code=$(cat "$place/code")
    [ "$code" = 0 ] && return
    if is_github; then with_tool annotation.py "$title" <"$place/log"; fi
    exit "$code"
}

. "$lib/options.sh"

make_plan() {
    hybrid_install plan --json "$@" >"$place/plan.json" || return
    with_tool summary.py text <"$place/plan.json"
}

# activation: prints the shell for an environment that has none of its own: an interpreter of the
# system's (`virtualenvs.create = false`).
activation() {
    printf "PATH='%s':\$PATH\nexport PATH\n" "$(printf '%s' "$environment/bin" | sed "s/'/'\\\\''/g")"
}

said plan "What poetry.lock asks for" make_plan "$@"
environment=$(with_tool summary.py environment <"$place/plan.json")
# It goes into files of which each line is a variable, or a folder of PATH.
case $environment in
    *[[:cntrl:]]*) fail "the path of the environment holds a control character" "name another one" ;;
esac
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    with_tool summary.py markdown <"$place/plan.json" >>"$GITHUB_STEP_SUMMARY"
fi
said install "hybrid-install" hybrid_install install "$@"
[ "${VERIFY:-}" = false ] || said verify "The environment compared with poetry.lock" hybrid_install verify "$@"

output environment "$environment"
# For whoever has only the folder's name: `. "$HYBRID_INSTALL_CI_FOLDER/activate"`.
rm -f "$folder/activate"
if [ -e "$environment/bin/activate" ]; then
    ln -s "$environment/bin/activate" "$folder/activate"
else
    activation >"$folder/activate"
fi
if [ "${ACTIVATE:-}" = true ] && [ -n "${GITHUB_PATH:-}" ]; then
    printf '%s\n' "$environment/bin" >>"$GITHUB_PATH"
    # What is no virtual environment must not be taken for one by the steps that follow.
    [ ! -e "$environment/pyvenv.cfg" ] || printf 'VIRTUAL_ENV=%s\n' "$environment" >>"$GITHUB_ENV"
fi
printf '\nThe environment is %s\n' "$environment"

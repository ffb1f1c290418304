# shellcheck shell=sh
# Sourced by the steps of a CI: what each of them needs, in the words of the CI that runs it.
# Nothing here, and nothing that sources this, puts a value into a shell command: values come as
# variables. `lib` is the folder of this file.
#
#   HYBRID_INSTALL_CI_FOLDER   where the tool and the caches go (default: in the runner's folder for
#                              the job, RUNNER_TEMP, or in the cache folder of the user)

# shellcheck disable=SC1091,SC2154  # said above
. "$lib/tool.sh"

folder=${HYBRID_INSTALL_CI_FOLDER:-${RUNNER_TEMP:-${XDG_CACHE_HOME:-${HOME:-$PWD}/.cache}}/hybrid-install-ci}
case $folder in
    /*) ;;
    *) folder=$PWD/$folder ;;
esac
tool=$folder/tool

# Whoever has put uv's cache elsewhere finds it there.
export UV_CACHE_DIR="${UV_CACHE_DIR:-$folder/cache/uv}"
export HYBRID_INSTALL_CACHE_DIR="${HYBRID_INSTALL_CACHE_DIR:-$folder/cache/hybrid-install}"

# Nobody answers in a CI, and colours are only noise in a log.
if [ "${CI:-}" = true ]; then
    export HYBRID_INSTALL_NO_INTERACTION=1 HYBRID_INSTALL_NO_ANSI=1
fi

hybrid_install() {
    "$tool/bin/hybrid-install" "$@"
}

# with_tool FILE ARGUMENT…: a script beside this file, by the interpreter of the tool.
with_tool() {
    script=$lib/$1
    shift
    "$tool/bin/python" "$script" "$@"
}

is_github() {
    [ "${GITHUB_ACTIONS:-}" = true ]
}

is_gitlab() {
    [ "${GITLAB_CI:-}" = true ]
}

# group NAME TITLE … endgroup NAME: what is between can be folded in the log.
group() {
    if is_github; then
        printf '::group::%s\n' "$2"
    elif is_gitlab; then
        printf '\033[0Ksection_start:%s:hybrid_install_%s\r\033[0K%s\n' "$(date +%s)" "$1" "$2"
    else
        step "$2"
    fi
}

endgroup() {
    if is_github; then
        printf '::endgroup::\n'
    elif is_gitlab; then
        printf '\033[0Ksection_end:%s:hybrid_install_%s\r\033[0K\n' "$(date +%s)" "$1"
    fi
}

# output NAME VALUE: for the steps that follow, where the CI can hand it over.
output() {
    if [ -n "${GITHUB_OUTPUT:-}" ]; then
        mark=end-$("$tool/bin/python" -c 'import secrets; print(secrets.token_hex(16))')
        printf '%s<<%s\n%s\n%s\n' "$1" "$mark" "$2" "$mark" >>"$GITHUB_OUTPUT"
    fi
}

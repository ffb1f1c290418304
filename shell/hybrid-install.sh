# shellcheck shell=bash
# hybrid-install on `cd`, for bash and zsh. In ~/.bashrc or ~/.zshrc:
#
#     . …/hybrid-install/shell/hybrid-install.sh
#
# and once in each project that you trust:
#
#     hybrid-install-trust
#
# On entering a trusted project its environment is made or brought up to date, where poetry.lock,
# pyproject.toml or poetry.toml has changed, and activated; on leaving it is deactivated. Installing
# runs a project's build scripts, and activating runs a file of its environment: nothing of a folder
# that you have not named is ever run, read or installed, whatever lies in it. Where an environment
# is active that you have activated yourself, nothing happens at all.
#
# A look costs a few stats and starts no process.
#
#   HYBRID_INSTALL_CD=ask    asks before it installs (default: run); off does nothing
#   HYBRID_INSTALL_<OPTION>  hybrid-install's own options, as HYBRID_INSTALL_WITH=dev

_hybrid_install_trusted=${XDG_CONFIG_HOME:-$HOME/.config}/hybrid-install/trusted
# What was installed where, and when: a folder with a file for each project.
_hybrid_install_state=${XDG_STATE_HOME:-$HOME/.local/state}/hybrid-install/cd
_hybrid_install_folder=
_hybrid_install_active=

# hybrid-install-trust [FOLDER]: the project in FOLDER, or here, and no other below or above it.
hybrid-install-trust() {
    local project
    project=$(_hybrid_install_real "${1:-.}") || return
    if ! _hybrid_install_is_project "$project"; then
        printf 'hybrid-install: %s has no pyproject.toml and poetry.lock\n' "$project" >&2
        return 1
    fi
    if ! _hybrid_install_is_trusted "$project"; then
        # `touch`, because zsh's noclobber appends to no file that is not there.
        (umask 077 && mkdir -p "${_hybrid_install_trusted%/*}" && touch "$_hybrid_install_trusted" &&
            printf '%s\n' "$project" >>"$_hybrid_install_trusted") || return
    fi
    _hybrid_install_folder=
    _hybrid_install_on_cd
}

# hybrid-install-untrust [FOLDER]: not any more.
hybrid-install-untrust() {
    local project left line
    project=$(_hybrid_install_real "${1:-.}") || return
    [ -f "$_hybrid_install_trusted" ] || return 0
    # `>|`, here and below: a shell that keeps its user's files (noclobber) would keep these.
    left=$(while IFS= read -r line || [ -n "$line" ]; do
        [ "$line" = "$project" ] || printf '%s\n' "$line"
    done <"$_hybrid_install_trusted")
    printf '%s' "${left:+$left
}" >|"$_hybrid_install_trusted"
    _hybrid_install_folder=
    _hybrid_install_on_cd
}

# The trusted projects are a line each.
_hybrid_install_real() {
    local real
    # zsh would call the hook in here too, whose words are no path.
    # shellcheck disable=SC2034
    real=$(chpwd_functions=() && CDPATH='' builtin cd -- "$1" >/dev/null && builtin pwd -P) || return
    case $real in
        *"
"*) return 1 ;;
    esac
    printf '%s\n' "$real"
}

_hybrid_install_is_project() {
    [ -f "$1/poetry.lock" ] && [ -f "$1/pyproject.toml" ]
}

_hybrid_install_is_trusted() {
    local line
    [ -f "$_hybrid_install_trusted" ] || return 1
    while IFS= read -r line || [ -n "$line" ]; do
        [ "$line" = "$1" ] && return
    done <"$_hybrid_install_trusted"
    return 1
}

# _hybrid_install_find FOLDER: the nearest project, from FOLDER upwards, into `project`.
_hybrid_install_find() {
    project=$1
    while [ -n "$project" ]; do
        _hybrid_install_is_project "$project" && return
        project=${project%/*}
    done
    return 1
}

# What the shell calls whenever it is about to show its prompt, or has changed its folder.
_hybrid_install_on_cd() {
    # Who reads the prompt's exit code finds that of his command.
    local code=$? project='' here
    [ "$PWD" = "$_hybrid_install_folder" ] && return "$code"
    _hybrid_install_folder=$PWD
    [ "${HYBRID_INSTALL_CD:-run}" = off ] && return "$code"
    # A trusted name that is now a link to another place is not what was trusted.
    here=$(builtin pwd -P 2>/dev/null) || return "$code"
    # Whatever is active and not of our doing is the user's.
    _hybrid_install_is_users && return "$code"
    if _hybrid_install_find "$here" && _hybrid_install_is_trusted "$project"; then
        _hybrid_install_enter "$project"
    else
        _hybrid_install_leave
    fi
    return "$code"
}

# An active environment that Poetry would install into; conda's base is none, for Poetry either.
_hybrid_install_is_users() {
    if [ -n "${VIRTUAL_ENV:-}" ]; then
        [ "$VIRTUAL_ENV" != "$_hybrid_install_active" ]
    else
        [ -n "${CONDA_PREFIX:-}" ] && [ "${CONDA_DEFAULT_ENV:-}" != base ]
    fi
}

_hybrid_install_enter() {
    local state=$_hybrid_install_state$1/environment environment='' witness=''
    [ -f "$state" ] && { IFS= read -r environment && IFS= read -r witness; } <"$state"
    if _hybrid_install_is_stale "$1" "$state" "$witness"; then
        _hybrid_install_leave
        _hybrid_install_asks "$1" || return
        _hybrid_install_run "$1" "$state" || return
        IFS= read -r environment <"$state"
    fi
    [ "${VIRTUAL_ENV:-}" = "$environment" ] && return
    _hybrid_install_leave
    # shellcheck disable=SC1091
    . "$environment/bin/activate" && _hybrid_install_active=$environment
}

_hybrid_install_leave() {
    if [ -n "$_hybrid_install_active" ] && [ "${VIRTUAL_ENV:-}" = "$_hybrid_install_active" ]; then
        deactivate
    fi
    _hybrid_install_active=
}

# _hybrid_install_is_stale PROJECT STATE WITNESS: stats alone.
_hybrid_install_is_stale() {
    local file
    [ -n "$3" ] && [ -f "$3" ] || return 0
    for file in poetry.lock pyproject.toml poetry.toml; do
        [ -e "$1/$file" ] && [ ! "$2" -nt "$1/$file" ] && return 0
    done
    return 1
}

_hybrid_install_asks() {
    local answer=''
    [ "${HYBRID_INSTALL_CD:-run}" = ask ] || return 0
    printf 'hybrid-install: install %s as poetry.lock says? [y/N] ' "$1" >&2
    IFS= read -r answer
    case $answer in
        [yY]*) return 0 ;;
        *) return 1 ;;
    esac
}

# _hybrid_install_run PROJECT STATE: the state is as old as the beginning of the run, so that what
# changes meanwhile is seen.
_hybrid_install_run() {
    mkdir -p "${2%/*}" && : >|"$2.begun" || return
    if ! command hybrid-install -C "$1"; then
        printf 'hybrid-install: mend that, and enter the folder again\n' >&2
        return 1
    fi
    _hybrid_install_note "$1" "$2" && touch -r "$2.begun" "$2.new" && mv -f "$2.new" "$2" &&
        rm -f "$2.begun"
}

# _hybrid_install_note PROJECT STATE: the environment and a witness that it is whole: the receipt,
# which is gone where a later run was cut off, if there is one.
_hybrid_install_note() {
    local plan environment witness
    plan=$(command hybrid-install plan --quiet --json -C "$1") || return
    # The first path of the plan is the environment's.
    environment=${plan#*\"path\": \"}
    environment=$(printf '%b' "${environment%%\"*}")
    witness=$environment/hybrid-install.json
    [ -f "$witness" ] || witness=$environment/bin/activate
    [ -f "$witness" ] && printf '%s\n' "$environment" "$witness" >|"$2.new"
}

if [ -n "${ZSH_VERSION:-}" ]; then
    autoload -Uz add-zsh-hook && add-zsh-hook chpwd _hybrid_install_on_cd
    # The folder that the shell begins in.
    [[ -o interactive ]] && add-zsh-hook precmd _hybrid_install_on_cd
elif [ -n "${BASH_VERSION:-}" ]; then
    case ";${PROMPT_COMMAND:-};" in
        *_hybrid_install_on_cd*) ;;
        *) PROMPT_COMMAND="_hybrid_install_on_cd${PROMPT_COMMAND:+;$PROMPT_COMMAND}" ;;
    esac
fi

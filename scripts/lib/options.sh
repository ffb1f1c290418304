# shellcheck shell=sh
# Sourced by the steps of a CI that run the tool: "$@" is OPTIONS and what the script was given.
# What only `install` understands becomes a variable, as `plan`, `verify` and `cache-key` would
# refuse the option.

set -f
# shellcheck disable=SC2086  # words
set -- ${OPTIONS:-} "$@"
number=$#
while [ "$number" -gt 0 ]; do
    word=$1
    shift
    number=$((number - 1))
    case $word in
        --offline) export HYBRID_INSTALL_OFFLINE=1 ;;
        --find-links=*) export HYBRID_INSTALL_FIND_LINKS="${word#*=}" ;;
        --find-links)
            [ "$number" -gt 0 ] || fail "--find-links needs a folder" "--find-links FOLDER"
            export HYBRID_INSTALL_FIND_LINKS="$1"
            shift
            number=$((number - 1))
            ;;
        *) set -- "$@" "$word" ;;
    esac
done

# Names of groups with commas, blanks or both between them; the tool takes variables apart at blanks.
spaced() {
    printf '%s' "$1" | tr ',' ' '
}
HYBRID_INSTALL_WITH=$(spaced "${HYBRID_INSTALL_WITH:-}")
HYBRID_INSTALL_WITHOUT=$(spaced "${HYBRID_INSTALL_WITHOUT:-}")
HYBRID_INSTALL_ONLY=$(spaced "${HYBRID_INSTALL_ONLY:-}")
export HYBRID_INSTALL_WITH HYBRID_INSTALL_WITHOUT HYBRID_INSTALL_ONLY

#!/bin/sh
# The deploy step of any CI: installs the tool, restores the cache, installs the project from its
# poetry.lock, compares, saves the cache. Arguments are options of hybrid-install:
#
#     cd my-poetry-project && …/scripts/ci-deploy.sh --only main
#
#   HYBRID_INSTALL_CI_FOLDER    where the tool and the caches go: the folder to keep between jobs,
#                               if the CI keeps folders by itself
#   HYBRID_INSTALL_CI_RESTORE,  commands for a CI that does not: they find the key in CACHE_KEY, the
#   HYBRID_INSTALL_CI_SAVE      beginning of a key that will do in CACHE_PREFIX, the folder in CACHE_FOLDER
#   HYBRID_INSTALL_SOURCE       what to install instead of the checkout of this script
#   PYTHON                      the interpreter for the tool (default: the first that will do)
#   VERIFY=false                no comparison at the end
# shellcheck disable=SC1091,SC2154  # lib/ci.sh says where the folder and the tool are
set -eu

scripts=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
lib=$scripts/lib
. "$lib/ci.sh"

# A variable of the action's steps; here it would be somebody else's.
unset OPTIONS

# hook COMMAND: a cache that cannot be had is no reason to fail.
hook() {
    [ -n "$1" ] && [ -n "$keys" ] || return 0
    CACHE_KEY=$(echo "$keys" | head -n 1) CACHE_PREFIX=$(echo "$keys" | tail -n 1) \
        CACHE_FOLDER=$folder/cache sh -c "$1" || echo "warning: the cache: exit code $? of: $1" >&2
}

sh "$scripts/ci/tool.sh"
keys=
[ -z "${HYBRID_INSTALL_CI_RESTORE:-}${HYBRID_INSTALL_CI_SAVE:-}" ] || keys=$(sh "$scripts/ci/key.sh" "$@")
mkdir -p "$folder/cache"
hook "${HYBRID_INSTALL_CI_RESTORE:-}"
sh "$scripts/ci/install.sh" "$@"
hook "${HYBRID_INSTALL_CI_SAVE:-}"

#!/bin/sh
# The second step: the key of the cache. A cache of the same heavy packages is the next best one;
# where those have changed a new one is begun, so that it does not grow for ever. Prints both.
#
#   OPTIONS   options of hybrid-install, besides those in HYBRID_INSTALL_* variables
# shellcheck disable=SC1091,SC2154  # lib/ci.sh says where the folder and the tool are
set -eu

lib=$(CDPATH='' cd -- "$(dirname -- "$0")/../lib" && pwd)
. "$lib/ci.sh"

. "$lib/options.sh"

if heavy=$(hybrid_install cache-key --tier heavy "$@") && whole=$(hybrid_install cache-key "$@"); then
    output key "$heavy-$whole"
    output restore-keys "$heavy-"
    output paths "$UV_CACHE_DIR
$HYBRID_INSTALL_CACHE_DIR"
    printf '%s\n' "$heavy-$whole" "$heavy-"
else
    # What is wrong with the project is told by the next step, in full.
    echo "there is no key: nothing is cached" >&2
fi

#!/usr/bin/env bash
# The README's first command as a newcomer runs it: in a clean clone of what is committed here,
# with an empty HOME and nothing of this checkout's.
set -euo pipefail

cd "$(dirname "$0")/.."
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

mkdir "$place/home"
git clone --quiet . "$place/clone"
cd "$place/clone"
env -u VIRTUAL_ENV -u CONDA_PREFIX HOME="$place/home" \
    XDG_CACHE_HOME="$place/home/.cache" XDG_CONFIG_HOME="$place/home/.config" \
    bash scripts/quickstart.sh

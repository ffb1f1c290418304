#!/bin/sh
# The first step: hybrid-install in an environment of its own, from the checkout of this script or
# from HYBRID_INSTALL_SOURCE.
# shellcheck disable=SC1091,SC2154  # lib/ci.sh says where the folder and the tool are
set -eu

lib=$(CDPATH='' cd -- "$(dirname -- "$0")/../lib" && pwd)
. "$lib/ci.sh"

explain() {
    endgroup tool
    if is_github; then
        printf '::error title=hybrid-install::The tool could not be installed; its log says why\n'
    fi
}

group tool "hybrid-install in an environment of its own"
trap explain EXIT
mkdir -p "$folder"
python=$(python_of "$tool")
ensure_tool "$python" "${HYBRID_INSTALL_SOURCE:-$(dirname "$(dirname "$lib")")}" "$tool"
hybrid_install --version
trap - EXIT
endgroup tool
output tool "$tool/bin/hybrid-install"

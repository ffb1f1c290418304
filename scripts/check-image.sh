#!/usr/bin/env bash
# Builds the example's image for real and runs it: buildah without a daemon, on a base image made by
# debootstrap. For a Debian machine as root; about five minutes and 2 GB.
#
#   BASE_TAR   a base image's root file system as a tar, instead of debootstrap
set -euo pipefail

cd "$(dirname "$0")/.."
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
for tool in buildah debootstrap; do
    command -v "$tool" >/dev/null || { apt-get update -qq && apt-get install -y -qq "$tool"; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

base_image() {
    if [ -z "${BASE_TAR:-}" ]; then
        local mirror
        mirror=$(grep -rhoE '^URIs: *\S+|^deb +(\[[^]]*\] +)?\S+' /etc/apt/sources.list /etc/apt/sources.list.d/ \
            2>/dev/null | awk '{print $NF}' | grep -m1 '/debian$' || true)
        echo "==> a base image by debootstrap"
        debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv \
            bookworm "$work/root" "$mirror" >/dev/null
        # The machine's own certificate authorities, for a network that has its own.
        cp /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/ca-certificates.crt"
        BASE_TAR=$work/base.tar
        tar -C "$work/root" -cf "$BASE_TAR" .
        rm -rf "$work/root"
    fi
    local container
    container=$(buildah from scratch)
    buildah add -q "$container" "$BASE_TAR" / >/dev/null
    buildah commit -q "$container" localhost/hybrid-install-base >/dev/null
    buildah rm "$container" >/dev/null
}

base_image
echo "==> the example's image"
buildah bud --layers --network host -f docker/Dockerfile --build-context "hybrid-install=$PWD" \
    --build-arg BASE=localhost/hybrid-install-base --build-arg COMMAND=ml-service \
    --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    -t localhost/hybrid-install-example examples/ml-service

echo "==> its entry point, as its user"
container=$(buildah from localhost/hybrid-install-example)
trap 'buildah rm "$container" >/dev/null; rm -rf "$work"' EXIT
buildah run "$container" -- sh -c 'id -un; exec ml-service'
if buildah run "$container" -- sh -c 'command -v uv || command -v poetry || ls /cache' \
    2>/dev/null; then
    echo "error: the image holds uv, Poetry or a cache" >&2
    exit 1
fi

#!/usr/bin/env bash
# scripts/bootstrap.sh and scripts/quickstart.sh where there is nothing but Python: in a chroot that
# debootstrap makes. Prints how long each took. For a Debian machine as root with a network; about
# five minutes and 3 GB.
#
#   BASE_TAR        a root file system with Python as a tar, instead of debootstrap
#   PIP_INDEX_URL   as pip reads it. With it, a Python without pip and ensurepip is tried as well
set -euo pipefail

cd "$(dirname "$0")/.."
work=$(mktemp -d)
root=$work/root
trap 'umount "$root/proc" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$root"

if [ -n "${BASE_TAR:-}" ]; then
    tar -C "$root" -xf "$BASE_TAR"
else
    command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq debootstrap; }
    mirror=$(grep -rhoE '^URIs: *\S+|^deb +(\[[^]]*\] +)?\S+' /etc/apt/sources.list /etc/apt/sources.list.d/ \
        2>/dev/null | awk '{print $NF}' | grep -m1 '/debian$' || true)
    echo "==> debootstrap"
    debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv \
        bookworm "$root" "$mirror" >/dev/null
fi
mount -t proc proc "$root/proc" 2>/dev/null || true
cp /etc/resolv.conf "$root/etc/resolv.conf"
# The machine's own certificate authorities, for a network that has its own.
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

# What is committed or about to be, and a project of somebody's.
mkdir -p "$root/root/hybrid-install" "$root/root/project"
git ls-files -co --exclude-standard -z | tar -c --null -T - | tar -x -C "$root/root/hybrid-install"
cp -R examples/ml-service/. "$root/root/project"

inside() {
    chroot "$root" /usr/bin/env -i HOME=/root SHELL=/bin/sh \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
        ${index:+PIP_INDEX_URL="$index"} sh -ec "$1"
}

times=()
# timed WHAT COMMAND
timed() {
    echo "==> $1"
    local started=$SECONDS
    inside "$2" 2>&1 | sed 's/^/    /'
    times+=("$((SECONDS - started)) s  $1")
}

index=${PIP_INDEX_URL:-}
# shellcheck disable=SC2016  # that shell's own variable
inside 'for tool in uv poetry pip curl wget; do
    if command -v $tool; then echo "error: the chroot has $tool" >&2; exit 1; fi
done'

timed "bootstrap on a bare machine" \
    'cd /root/project && sh /root/hybrid-install/scripts/bootstrap.sh'
timed "bootstrap again" \
    'cd /root/project && sh /root/hybrid-install/scripts/bootstrap.sh >/tmp/log 2>&1
     tail -n 4 /tmp/log; if grep "Installing hybrid-install" /tmp/log; then exit 1; fi
     grep -o "\. .*bin/activate" /tmp/log | tr -d "\047" >/tmp/activate'
timed "what it says activates what it made" '. /tmp/activate && ml-service'
timed "quickstart" 'cd / && sh /root/hybrid-install/scripts/quickstart.sh'
timed "quickstart again" 'cd / && sh /root/hybrid-install/scripts/quickstart.sh'

echo "==> as Debian has it without python3-venv"
rm -rf "$root"/usr/lib/python3*/ensurepip "$root/usr/share/python-wheels" "$root/root/.local"
index=
if inside 'cd /root/project && sh /root/hybrid-install/scripts/bootstrap.sh' 2>"$work/said"; then
    echo "error: there is no pip, but bootstrap was content" >&2
    exit 1
fi
sed 's/^/    /' "$work/said"
grep -q "apt install python3 python3-venv" "$work/said"
index=${PIP_INDEX_URL:-}
[ -z "$index" ] || timed "bootstrap without python3-venv" \
    'cd /root/project && sh /root/hybrid-install/scripts/bootstrap.sh plan | tail -n 1'

printf '\n%s\n' "${times[@]}"

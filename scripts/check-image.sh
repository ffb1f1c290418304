#!/usr/bin/env bash
# Builds images for real and looks into them: buildah without a daemon, on a base image made by
# debootstrap. For a Debian machine as root.
#
#   scripts/check-image.sh             both of what follows
#   scripts/check-image.sh --quick     a small project through every Dockerfile: a few minutes, 2 GB
#   scripts/check-image.sh --example   the example, and beside it what people write with Poetry
#                                      alone: about a quarter of an hour and 8 GB
#
#   BASE_TAR   a base image's root file system as a tar, instead of debootstrap
set -euo pipefail

cd "$(dirname "$0")/.."
checkout=$PWD
. scripts/lib/tool.sh
mode=${1:---all}
case $mode in
--all | --quick | --example) ;;
*) fail "what is $mode?" "the options are in the script's first lines" ;;
esac
for tool in buildah debootstrap; do
    command -v "$tool" >/dev/null ||
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$tool" >/dev/null; }
done

work=$(mktemp -d)
trap 'buildah rm --all >/dev/null 2>&1; rm -rf "$work"' EXIT

# Images of our own, not among the machine's: layers where the kernel can, else copies.
export BUILDAH_ISOLATION=chroot CONTAINERS_STORAGE_CONF=$work/storage.conf
unset STORAGE_DRIVER
for driver in overlay vfs; do
    printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' \
        "$driver" "$work/images" "$work/run" >"$CONTAINERS_STORAGE_CONF"
    if buildah from --name probe scratch >/dev/null 2>&1; then break; fi
    rm -rf "$work/images" "$work/run"
done
buildah rm probe >/dev/null

base_image() {
    if [ -z "${BASE_TAR:-}" ]; then
        local mirror
        mirror=$(grep -rhoE '^URIs: *\S+|^deb +(\[[^]]*\] +)?\S+' /etc/apt/sources.list /etc/apt/sources.list.d/ \
            2>/dev/null | awk '{print $NF}' | grep -m1 '/debian$' || true)
        debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv \
            bookworm "$work/root" "$mirror" >/dev/null
        # The machine's own certificate authorities, for a network that has its own.
        cp /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/ca-certificates.crt"
        rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
        BASE_TAR=$work/base.tar
        tar -C "$work/root" -cf "$BASE_TAR" .
        rm -rf "$work/root"
    fi
    local container bundle=/etc/ssl/certs/ca-certificates.crt
    container=$(buildah from scratch)
    buildah add -q "$container" "$BASE_TAR" / >/dev/null
    rm -rf "$(buildah mount "$container")"/root/.cache "$(buildah mount "$container")"/root/.local
    buildah config --env SSL_CERT_FILE=$bundle --env REQUESTS_CA_BUNDLE=$bundle "$container"
    buildah commit -q "$container" localhost/base >/dev/null
    buildah rm "$container" >/dev/null
    rm -f "$work/base.tar"
}

# build IMAGE FOLDER OPTIONS: the log goes to $work/log, the seconds to $seconds.
build() {
    local image=$1 folder=$2 begin
    shift 2
    begin=$(date +%s)
    if ! buildah bud --layers --network host --build-context "hybrid-install=$work/wheel" \
        "$@" -t "localhost/$image" "$folder" >"$work/log" 2>&1; then
        tail -60 "$work/log" >&2
        fail "the image $image cannot be built" "what buildah says is above"
    fi
    seconds=$(($(date +%s) - begin))
    printf '%-60s %5s s\n' "built: $image${2:+ ($(basename "$2"))}" "$seconds"
}

ours() {
    build "$1" "$2" -f "$checkout/docker/${dockerfile:-Dockerfile}" \
        --build-arg BASE="${base:-localhost/base}" --build-arg COMMAND="$command" "${@:3}"
}

# layers IMAGE: the last four of them: heavy, light, root, source.
layers() {
    buildah inspect --type image "localhost/$1" | "$python" -c '
import json, sys
print(*json.load(sys.stdin)["OCIv1"]["rootfs"]["diff_ids"][-4:], sep="\n")'
}

# same NUMBER, differs NUMBER: the layers of the builds before and after, by their digest. Files
# have times in them: a layer that was made again is another one, even with the same files.
same() { layer "$1" = "$2"; }
differs() { layer "$1" != "$2"; }
layer() {
    local before after
    before=$(sed -n "$1p" "$work/before") after=$(sed -n "$1p" "$work/after")
    # shellcheck disable=SC2107
    [ "$before" "$2" "$after" ] ||
        fail "after $change the $3 layer is $before, then $after" "it should be $2"
}

# changed IMAGE FOLDER CHANGE: builds again after a change.
changed() {
    change=$3
    layers "$1" >"$work/before"
    ours "$1" "$2"
    layers "$1" >"$work/after"
}

expect() {
    local number=1 name
    for name in heavy light root; do
        case $1 in
        *"+$name"*) layer $number != "$name" ;;
        *) layer $number = "$name" ;;
        esac
        number=$((number + 1))
    done
    printf '  after %-30s built again: %s\n' "$change" "${1:-nothing}"
}

# inside IMAGE UID: what no image may hold, whose its files are, and whether it does what it is for.
inside() {
    local container root found
    container=$(buildah from "localhost/$1")
    root=$(buildah mount "$container")
    found=$(
        find "$root" -xdev \( -name uv -o -name poetry -o -name 'uv-*.dist-info' \
            -o -name 'poetry-*.dist-info' -o -name hybrid_install \)
        find "$root/var/cache/hybrid-install" "$root/root" "$root/home/app" "$root/layers" \
            "$root/opt" "$root/src" "$root/tmp" "$root/run/secrets" -mindepth 1 2>/dev/null |
            grep -v '/\.bash\|/\.profile' || true
    )
    [ -z "$found" ] || fail "the image $1 holds"$'\n'"$found" "uv, Poetry and caches are for the build alone"
    if [ "$2" != 0 ]; then
        found=$(find "$root/app" ! -uid "$2")
        [ -z "$found" ] || fail "these files of $1 are not the user's:"$'\n'"$found" "COPY --chown"
    fi
    [ "$(buildah run "$container" -- id -u)" = 10001 ] || fail "the image $1 runs as root" "USER"
    buildah run "$container" -- /bin/sh -c 'echo "  as $(id -un): $("$COMMAND")"'
    buildah rm "$container" >/dev/null
}

# verified IMAGE FOLDER OPTIONS: the image's files are what the lock says, hash by hash. The tool is
# looked into where it was built, as the layers do.
verified() {
    local container tool
    build tool "$2" -f "$checkout/docker/${dockerfile:-Dockerfile}" --target tool \
        --build-arg BASE="${base:-localhost/base}" >/dev/null
    tool=$(buildah from localhost/tool)
    container=$(buildah from "localhost/$1")
    buildah run --user root --volume "$(buildah mount "$tool")/opt/hybrid-install:/opt/hybrid-install:ro" \
        --volume "$2:/src:ro" --workingdir /src "$container" -- \
        /opt/hybrid-install/run verify --deep --no-editable --only main 2>&1 | tee "$work/said" ||
        fail "the image $1 is not what the lock says" "what differs is above"
    if grep -q unknown-index "$work/said"; then fail "the image $1 has no receipt" "see above"; fi
    buildah rm "$container" "$tool" >/dev/null
}

megabytes() {
    local container root
    container=$(buildah from "localhost/$1")
    root=$(buildah mount "$container")
    du -sm "$root" | cut -f1
    buildah rm "$container" >/dev/null
}

# rebuilds IMAGE FOLDER LIGHT HEAVY: every change that a project sees, and what is built again.
rebuilds() {
    local project=$2
    changed "$1" "$project" "no change" && expect ""
    "$pins" scripts/lib/pins.py move "$project/poetry.lock" "$3"
    changed "$1" "$project" "a light pin" && expect "+light +root"
    light_seconds=$seconds
    echo "# changed" >>"$(find "$project/src" -name __init__.py | head -n1)"
    changed "$1" "$project" "the source" && expect "+root"
    sed -i 's/^version = "1.0.0"$/version = "1.0.1"/' "$project/pyproject.toml"
    changed "$1" "$project" "the project's version" && expect "+root"
    "$pins" scripts/lib/pins.py move "$project/poetry.lock" "$4"
    changed "$1" "$project" "a heavy pin" && expect "+heavy +light +root"
}

step "The tool, and a wheel of it"
python=$(pick_python)
ensure_tool "$python" "$checkout" "$checkout/build/tool"
pins=$checkout/build/tool/bin/python
mkdir "$work/wheel"
"$pins" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$work/wheel" .

step "A base image"
base_image

small_project() {
step "A small project"
small=$work/small
"$pins" scripts/lib/pins.py small examples/ml-service "$small"
cp -R "$small" "$work/system"
cp -R "$small" "$work/fitted"
cp -R "$small" "$work/provided"
command=small-service
ours small "$small"
inside small 10001
verified small "$small"
rebuilds small "$small" idna anyio

step "Without a virtual environment"
dockerfile=system.Dockerfile
ours system "$work/system"
inside system 0
verified system "$work/system"

step "On a base that has torch"
dockerfile=base-has-torch.Dockerfile base=localhost/has-torch
"$pins" scripts/lib/pins.py torch "$work/provided/poetry.lock"
"$pins" scripts/lib/pins.py installed "$work/torch"
container=$(buildah from localhost/base)
version=$(buildah run "$container" -- python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
buildah copy -q "$container" "$work/torch" "/usr/local/lib/python$version/dist-packages" >/dev/null
buildah commit -q "$container" "$base" >/dev/null
buildah rm "$container" >/dev/null
sed -i 's/^import httpx$/import httpx\nimport torch/; s/print(/print(torch.__version__, torch.__file__, /' \
    "$work/provided/src/small_service/__init__.py"
ours provided "$work/provided"
inside provided 10001 | tee "$work/said"
grep -q '9.9.0 /usr/local' "$work/said" || fail "the torch of the base is not in use" "PROVIDED"
verified provided "$work/provided"
unset dockerfile base

step "What docs/images.md says, with buildah as docker"
mkdir -p "$work/home/bin"
ln -s "$checkout" "$work/home/hybrid-install"
mv "$work/fitted" "$work/home/my-project"
cat >"$work/home/bin/docker" <<'END'
#!/bin/bash
set -e
verb=$1
shift
if [ "$verb" = build ]; then
    exec buildah bud --layers --network host --build-arg BASE=localhost/base "$@"
fi
container=$(buildah from "localhost/${!#}")
buildah run "$container" -- "$(buildah inspect --format '{{index .OCIv1.Config.Entrypoint 0}}' "$container")"
END
cat >"$work/home/bin/pip" <<END
#!/bin/sh
exec "$pins" -m pip --disable-pip-version-check "\$@"
END
chmod +x "$work"/home/bin/*
sed -n '/^```console$/,/^```$/s/^\$ //p' docs/images.md >"$work/page.sh"
HOME=$work/home PATH=$work/home/bin:$checkout/build/tool/bin:$PATH bash -eux "$work/page.sh" >"$work/log" 2>&1 ||
    { tail -60 "$work/log" && fail "docs/images.md does not do what it says" "the log is above"; }
tail -n 1 "$work/log" | grep 'small-service answers: OK'
}

if [ "$mode" != --example ]; then small_project; fi
if [ "$mode" = --quick ]; then exit; fi

# What people write with Poetry alone (Poetry's FAQ): dependencies first, then the sources. The
# plugin makes Poetry read the index as pip and uv do.
cat >"$work/plain.Dockerfile" <<'END'
ARG BASE
FROM ${BASE}
RUN python3 -m venv /opt/poetry \
    && /opt/poetry/bin/pip install --quiet poetry poetry-plugin-pypi-mirror
ARG POETRY_PYPI_MIRROR_URL
ENV POETRY_VIRTUALENVS_IN_PROJECT=true PATH=/app/.venv/bin:/opt/poetry/bin:$PATH
WORKDIR /app
COPY pyproject.toml poetry.lock ./
RUN poetry install --only main --no-root --no-interaction
COPY . .
RUN poetry install --only main --no-interaction
ENTRYPOINT ["ml-service"]
END
simple=$("$pins" -c 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)')
plain() {
    build plain "$1" -f "$work/plain.Dockerfile" --build-arg BASE=localhost/base \
        --build-arg POETRY_PYPI_MIRROR_URL="$simple"
}

step "The example"
example=$work/ml-service
cp -R examples/ml-service "$example"
cp -R examples/ml-service "$work/plainly"
command=ml-service
ours example "$example"
ours_first=$seconds ours_size=$(megabytes example)
inside example 10001
verified example "$example"
rebuilds example "$example" idna onnx

step "The example with Poetry alone"
plain "$work/plainly"
plain_first=$seconds plain_size=$(megabytes plain)
"$pins" scripts/lib/pins.py move "$work/plainly/poetry.lock" idna
plain "$work/plainly"
plain_light=$seconds

step "Measured: the example, on a base of $(megabytes base) MB, $(nproc) processors, $driver"
"$python" - "$plain_first" "$ours_first" "$plain_light" "$light_seconds" "$plain_size" "$ours_size" <<'END'
import sys

names = ["first build", "build after a light change", "size of the image"]
numbers = list(map(int, sys.argv[1:]))
print("| | Poetry alone | hybrid-install | ratio |\n|---|---|---|---|")
for name, plain, ours, unit in zip(names, numbers[::2], numbers[1::2], ("s", "s", "MB")):
    print(f"| {name} | {plain} {unit} | {ours} {unit} | {plain / max(ours, 1):.1f} |")
END

# As Dockerfile, without a virtual environment (`virtualenvs.create = false`): the packages are in
# the image's own Python, root's, and the program runs as a user who cannot change them.
#
#   docker build -f docker/system.Dockerfile --build-arg COMMAND=ml-service -t ml-service \
#       examples/ml-service
#
# README.md beside this file says why each line is as it is. `hybrid-install init --docker` writes
# one that is fitted to a project.
ARG BASE=python:3.12-slim

# Where the tool comes from, if not from an index: `--build-context hybrid-install=FOLDER`, the
# folder holding a wheel of it, stands for this empty stage.
FROM scratch AS hybrid-install

# The tool and Poetry, in an environment of their own that later stages only look into.
FROM ${BASE} AS tool-setup
ARG HYBRID_INSTALL=hybrid-install
ARG POETRY=poetry
COPY --from=hybrid-install / /opt/hybrid-install-wheel/
RUN set -- /opt/hybrid-install-wheel/*.whl \
    && if [ ! -e "$1" ]; then set -- "$HYBRID_INSTALL"; fi \
    && python3 -m venv /opt/hybrid-install \
    && /opt/hybrid-install/bin/pip install --no-cache-dir --quiet "$@" "$POETRY"
# run: the tool with what only a build needs to tell it: caches beside the image, and credentials.
RUN printf "%s\n" >/opt/hybrid-install/run \
    '#!/bin/sh' \
    'export UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_CACHE_DIR=/var/cache/hybrid-install/uv' \
    'export POETRY_CACHE_DIR=/var/cache/hybrid-install/poetry' \
    'export HYBRID_INSTALL_CACHE_DIR=/var/cache/hybrid-install/urls' \
    'export TMPDIR=/var/cache/hybrid-install/tmp; mkdir -p "$TMPDIR"' \
    'export POETRY_VIRTUALENVS_CREATE=false' \
    'if [ -e /run/secrets/credentials ]; then set -a; . /run/secrets/credentials; set +a; fi' \
    'exec /opt/hybrid-install/bin/hybrid-install "$@"' \
    && chmod 755 /opt/hybrid-install/run
# layer FOLDER OPTIONS: install, and compile what is new. FOLDER gets what is new, to be a layer of
# its own (-: there is none).
RUN printf "%s\n" >/opt/hybrid-install/layer \
    '#!/bin/sh' \
    'set -eu' \
    'layer=$1; shift' \
    'before=$(mktemp); new="find . -cnewer $before ( -type f -o -type l )"' \
    '/opt/hybrid-install/run install "$@"' \
    'cd /usr' \
    '$new -name "*.py" -print0 | xargs -0 -r -n 500 -P "$(nproc)" python3 -I -S -m compileall -qq --invalidation-mode unchecked-hash || true' \
    'if [ "$layer" != - ]; then $new -exec cp --parents -P -l -t "$layer" {} +; fi' \
    'rm "$before"' \
    && chmod 755 /opt/hybrid-install/layer

# Looked into by the layers: older buildahs mount a stage that they have in their cache as it began.
FROM tool-setup AS tool

# What the lock pins, in two files. They change only when one of their packages does.
FROM tool AS export
ARG PROJECT=.
ARG SELECTION="--only=main"
WORKDIR /tiers
COPY ${PROJECT}/pyproject.toml ${PROJECT}/poetry.lock /project/
RUN for tier in heavy light; do \
        /opt/hybrid-install/run export --directory /project \
            --tier "$tier" ${SELECTION} --format json --output "/tiers/$tier.json" || exit; \
    done

# The heavy layer: its only input is heavy.json. The image begins with it.
FROM ${BASE} AS heavy
ARG RUNTIME_PACKAGES=
RUN if [ -n "$RUNTIME_PACKAGES" ]; then \
        apt-get update && apt-get install --yes --no-install-recommends $RUNTIME_PACKAGES \
        && rm -rf /var/lib/apt/lists/*; \
    fi \
    && useradd --uid 10001 --no-log-init --create-home app \
    && install --directory --owner app --group app /app
COPY --from=export /tiers/heavy.json /usr/share/hybrid-install/
RUN --mount=type=bind,from=tool,source=/opt/hybrid-install,target=/opt/hybrid-install \
    --mount=type=cache,target=/var/cache/hybrid-install,uid=0,gid=0 \
    --mount=type=secret,id=credentials,uid=0 \
    /opt/hybrid-install/layer - --from /usr/share/hybrid-install/heavy.json

# The light packages, on top of the heavy ones; compilers and git end here.
FROM heavy AS light
ARG BUILD_PACKAGES=
USER root
RUN if [ -n "$BUILD_PACKAGES" ]; then \
        apt-get update && apt-get install --yes --no-install-recommends $BUILD_PACKAGES; \
    fi \
    && install --directory --owner 0 --group 0 /layers/light /layers/root /layers/source
COPY --from=export /tiers/light.json /usr/share/hybrid-install/
RUN --mount=type=bind,from=tool,source=/opt/hybrid-install,target=/opt/hybrid-install \
    --mount=type=cache,target=/var/cache/hybrid-install,uid=0,gid=0 \
    --mount=type=secret,id=credentials,uid=0 \
    /opt/hybrid-install/layer /layers/light --from /usr/share/hybrid-install/light.json

# The project itself, as a wheel; what is on disk beside it; what only Poetry can install.
FROM light AS root
ARG PROJECT=.
ARG SELECTION="--only=main"
ARG WITH_SOURCE=
COPY --chown=0:0 . /src/
WORKDIR /src/${PROJECT}
RUN --mount=type=bind,from=tool,source=/opt/hybrid-install,target=/opt/hybrid-install \
    --mount=type=cache,target=/var/cache/hybrid-install,uid=0,gid=0 \
    --mount=type=secret,id=credentials,uid=0 \
    /opt/hybrid-install/layer /layers/root --no-editable ${SELECTION} \
    && if [ -n "$WITH_SOURCE" ]; then cp -R . /layers/source; fi

# The image: three layers on the base.
FROM heavy
COPY --from=light --chown=0:0 /layers/light/ /usr/
COPY --from=root --chown=0:0 /layers/root/ /usr/
COPY --from=root --chown=10001:10001 /layers/source/ /app/
USER app
WORKDIR /app
ARG COMMAND=python3
ENV COMMAND=${COMMAND}
ENTRYPOINT ["/bin/sh", "-c", "exec \"$COMMAND\" \"$@\"", "sh"]

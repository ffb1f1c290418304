#!/usr/bin/env bash
# Poetry's own test suites as material: whatever their tests ask Poetry is asked of hybrid-install
# too, and the answers must be equal. Downloads the sdists that hold the tests (MIT) from the
# default index and keeps them, with an environment for them; takes about five minutes.
#
#   PYTHON          the interpreter (default: the first that will do)
#   UPSTREAM_HOME   where sdists, environment and results are kept (default: build/upstream)
#
# Prints what was compared, and fails where an answer differs or where too little was compared.
set -euo pipefail

cd "$(dirname "$0")/.."
. scripts/lib/tool.sh
poetry=2.5.1
poetry_plugin_export=1.10.1
# What their tests import besides Poetry, and what ours do.
requirements="pytest>=9 pytest-mock>=3.9 responses>=0.25.8 jaraco-classes>=3.3.1"

checkout=$PWD
place=${UPSTREAM_HOME:-$checkout/build/upstream}
unset VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV PYTEST_ADDOPTS PYTEST_PLUGINS

# Made anew where anything of it has changed. The stamp is written last: a half-made one is not used.
prepare() {
    local wanted="$poetry $poetry_plugin_export $requirements"
    if [ "$(cat "$place/stamp" 2>/dev/null)" = "$wanted" ] && "$place/env/bin/python" -c ''; then
        step "The suites of Poetry $poetry and poetry-plugin-export $poetry_plugin_export are in $place"
        return
    fi
    local python pip sdist
    python=$(pick_python)
    step "Fetching the suites of Poetry $poetry and poetry-plugin-export $poetry_plugin_export into $place"
    rm -rf "$place/env" "$place/sdists" "$place/stamp"
    mkdir -p "$place/sdists"
    "$python" -m venv "$place/env"
    pip="$place/env/bin/python -m pip --disable-pip-version-check --quiet"
    # shellcheck disable=SC2086  # several words each
    $pip install "poetry==$poetry" "poetry-plugin-export==$poetry_plugin_export" $requirements
    $pip download --no-deps --no-binary poetry,poetry-plugin-export --dest "$place/sdists" \
        "poetry==$poetry" "poetry-plugin-export==$poetry_plugin_export"
    for sdist in "$place"/sdists/*.tar.gz; do
        tar -xzf "$sdist" -C "$place/sdists"
    done
    echo "$wanted" >"$place/stamp"
}

# shadowed SUITE TEST…: the tests with our plugin. Failures are told by the summary: a test also
# fails where our answer is another.
shadowed() {
    local suite=$1
    shift
    step "$suite"
    (
        cd "$place/sdists/$suite"
        PYTHONPATH="$checkout/src:$checkout/tests" PYTHONDONTWRITEBYTECODE=1 \
            "$place/env/bin/python" -m pytest -q --tb=short -o addopts= -p no:cacheprovider \
            -p upstream.shadow --comparisons "$place/results/$suite.json" "$@"
    ) || true
}

prepare
rm -rf "$place/results"
mkdir "$place/results"
shadowed "poetry-$poetry" tests/puzzle tests/packages/test_locker.py \
    tests/installation/test_installer.py tests/installation/test_chooser.py \
    tests/console/commands/test_install.py tests/console/commands/test_sync.py
shadowed "poetry_plugin_export-$poetry_plugin_export" tests

step "Summary"
PYTHONPATH="$checkout/src:$checkout/tests" "$place/env/bin/python" -m upstream.summary \
    "$place"/results/*.json

"""uv or Poetry is missing, old, something else, crashes or hangs."""

from __future__ import annotations

import signal
import sysconfig
import time
from random import Random

from faults.fault import WORKING, Fault, Inject
from faults.indexes import because
from support.sandbox import Result
from support.scene import Scene

UV, POETRY = "HYBRID_INSTALL_UV", "HYBRID_INSTALL_POETRY"
_REAL = {
    name: f"{sysconfig.get_path('scripts')}/{tool}"
    for name, tool in ((UV, "uv"), (POETRY, "poetry"))
}
_MISTAKE = {UV: r"\buv\b", POETRY: r"[Pp]oetry"}


def replaced(variable: str, script: str) -> Inject:
    """By a script; `$REAL` is the tool itself."""

    def inject(scene: Scene, _: Random) -> Result:
        return scene.run(**{variable: _write(scene, variable, script)})

    return inject


def hanging(variable: str, when: str) -> Inject:
    """It never ends by itself where its arguments match; somebody loses patience."""

    def inject(scene: Scene, dice: Random) -> Result:
        script = f'case "$*" in {when}) sleep 600;; *) exec "$REAL" "$@";; esac'
        started = scene.start(**{variable: _write(scene, variable, script)})
        time.sleep(dice.uniform(2, 4))
        started.interrupt(dice.choice((signal.SIGINT, signal.SIGTERM)))
        return started.result(60)

    return inject


def missing(variable: str) -> Inject:
    """What is named is not there."""

    def inject(scene: Scene, _: Random) -> Result:
        return scene.run(**{variable: str(scene.lab.folder / "nothing")})

    return inject


def _write(scene: Scene, variable: str, script: str) -> str:
    folder = scene.lab.folder / "tools"
    folder.mkdir(exist_ok=True)
    tool = folder / ("uv" if variable == UV else "poetry")
    tool.write_text(f"#!/bin/sh\nREAL={_REAL[variable]}\n{script}\n", "utf-8")
    tool.chmod(0o755)
    return str(tool)


def crashing(variable: str, when: str, how: str) -> Inject:
    """Where its arguments match."""
    return replaced(variable, f'case "$*" in {when}) {how};; *) exec "$REAL" "$@";; esac')


# As soon as anything of the project is in the environment, the tool's own install is ended.
_IN_ITS_INSTALL = """
"$REAL" "$@" & tool=$!
while kill -0 $tool 2>/dev/null; do
    for each in "$VIRTUAL_ENV"/lib/python*/site-packages/acme_app*; do
        [ ! -e "$each" ] || kill -SEGV $tool
    done
done
wait $tool"""


_CRASH = "kill -SEGV $$"
_AFTERWARDS = '"$REAL" "$@"; exit 7'

FAULTS = (
    *(
        Fault(f"{tool} {what}", inject, WORKING, says or _MISTAKE[variable], fails=fails)
        for tool, variable in (("uv", UV), ("Poetry", POETRY))
        for what, inject, fails, says in (
            ("is missing", missing(variable), True, ""),
            ("is something else", replaced(variable, "echo hello"), True, ""),
            ("crashes at once", replaced(variable, _CRASH), True, ""),
            ("hangs at once", hanging(variable, "*"), True, r"interrupted|terminated"),
        )
    ),
    *(
        Fault(
            f"uv crashes in its {call}",
            crashing(UV, when, _CRASH),
            WORKING,
            r"uv failed",
            fails=fails,
        )
        for call, when, fails in (
            ("venv", "venv*", False),
            ("seed", "*--no-index*", False),
            ("choice", "*compile*", False),
            ("installation", "*install*pylock.toml*", True),
        )
    ),
    Fault(
        "uv fails after its installation",
        crashing(UV, "*install*pylock.toml*", _AFTERWARDS),
        WORKING,
        r"uv failed with exit code 7",
        fails=True,
    ),
    Fault(
        "uv hangs in its installation",
        hanging(UV, "*install*pylock.toml*"),
        WORKING,
        r"interrupted|terminated",
    ),
    Fault(
        "an old uv",
        replaced(UV, 'case "$*" in --version) echo uv 0.1.0;; *) exec "$REAL" "$@";; esac'),
        WORKING,
    ),
    Fault(
        "an old Poetry",
        replaced(
            POETRY,
            'case "$*" in *--version*) echo "Poetry (version 1.1.0)";; *) exec "$REAL" "$@";; esac',
        ),
        WORKING,
        because(r"1\.1\.0", "Poetry"),
    ),
    Fault(
        "Poetry crashes in its binding",
        crashing(POETRY, "*install*|*sync*", _IN_ITS_INSTALL),
        WORKING,
        r"Poetry failed",
        fails=True,
    ),
    Fault(
        "Poetry fails after its installation",
        crashing(POETRY, "*install*|*sync*", _AFTERWARDS),
        WORKING,
        r"Poetry failed with exit code 7",
    ),
)

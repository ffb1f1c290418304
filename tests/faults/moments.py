"""When something is to happen: the steps of a run, as they can be seen from outside."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from support.cli import Running, processes
from support.scene import Scene
from support.terminal import AtTerminal

Moment = Callable[[Scene], bool]

_UV = r"/uv (?:--\S+ \S+ )*"
_SITE = "lib/python*/site-packages"


def running(pattern: str) -> Moment:
    """A process with such a command line is there."""
    return lambda scene: any(re.search(pattern, each) for _, each in processes(scene.mark))


def there(pattern: str) -> Moment:
    """A file of this run is in the environment, wherever that is made: others are of earlier ones."""
    return lambda scene: _has_come(pattern, scene, scene.project.venv, scene.beside)


def in_place(pattern: str) -> Moment:
    """A file of this run is in the environment, and nowhere but where that belongs."""
    return lambda scene: _has_come(pattern, scene, scene.project.venv)


def _has_come(pattern: str, scene: Scene, *places: Path) -> bool:
    found = (path for place in places for path in place.glob(pattern))
    return any(_is_of_this_run(path, scene) for path in found)


def _is_of_this_run(path: Path, scene: Scene) -> bool:
    with suppress(FileNotFoundError):
        return path.lstat().st_mtime > scene.project.lock.stat().st_mtime
    return False


# Command lines.
OF_UV, OF_POETRY = rf"{_UV}(venv|pip) ", r"poetry"

MOMENTS: dict[str, Moment] = {
    "uv venv": running(rf"{_UV}venv "),
    "pip's seed": running(rf"{_UV}pip install .*--no-index"),
    "the choice of files": running(rf"{_UV}pip compile"),
    "uv's installation": running(rf"{_UV}pip install .*pylock"),
    "uv's linking": there(f"{_SITE}/bravo-*"),
    "the note of what uv did": there("hybrid-install.unfinished.json"),
    "Poetry's binding": there(f"{_SITE}/acme_app*"),
    "the receipt": there("hybrid-install.json"),
}

# Each in some states of a project alone, or on some way to it.
ASKING = running(r"-I -W ignore -c\s+import json, os, platform")
PLANNING = running("poetry_ahead")
REMOVING = running(rf"{_UV}pip uninstall")
TAKING_PLACE = in_place("pyvenv.cfg")
POETRY_STARTS = running(r"poetry (install|sync) ")


def comes(started: Running | AtTerminal, scene: Scene, moment: Moment) -> bool:
    """Wait for it; False where the run has ended before."""
    while not started.has_ended():
        if moment(scene):
            return True
        time.sleep(0.002)
    return False

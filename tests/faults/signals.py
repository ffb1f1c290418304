"""Signals to us, to uv, to Poetry and to all at once, at random and at each step of a run."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random

from faults.fault import WORKING, Fault, Inject
from support.cli import Running, processes
from support.sandbox import Result
from support.scene import Scene

Moment = Callable[[Scene], bool]

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
US, UV, POETRY, ALL = "us", "uv", "Poetry", "all"
_COMMANDS = {UV: r"/uv (venv|pip) ", POETRY: r"poetry"}
_SAYS = r"interrupted|terminated|exit code|no longer|ended"


def running(pattern: str) -> Moment:
    """A process with such a command line is there."""
    return lambda scene: any(re.search(pattern, each) for _, each in processes(scene.mark))


def there(pattern: str) -> Moment:
    """A file in the environment is, wherever that is made."""

    def is_there(scene: Scene) -> bool:
        places = scene.project.venv, scene.beside
        return any(path for place in places for path in place.glob(pattern))

    return is_there


_SITE = "lib/python*/site-packages"
MOMENTS: dict[str, Moment] = {
    "uv venv": running(r"/uv venv "),
    "pip's seed": running(r"/uv pip install .*--no-index"),
    "the choice of files": running(r"/uv pip compile"),
    "uv's installation": running(r"/uv pip install .*pylock"),
    "uv's linking": there(f"{_SITE}/golf-*"),
    "the note of what uv did": there("hybrid-install.unfinished.json"),
    "Poetry's binding": there(f"{_SITE}/acme_app*"),
    "the receipt": there(".hybrid-install.json*"),
}


def at(moment: str, signum: int, whom: str) -> Inject:
    """As soon as that is so, or a blink later."""

    def inject(scene: Scene, dice: Random) -> Result | None:
        started = scene.start()
        if not _comes(started, scene, MOMENTS[moment]):
            started.result(120)
            return None
        time.sleep(dice.choice((0, 0, 0.01, 0.05, 0.1)))
        return _send(started, scene, signum, whom)

    return inject


def some_time(signum: int, whom: str) -> Inject:
    """At a random moment of the whole run, or of the victim's life."""

    def inject(scene: Scene, dice: Random) -> Result | None:
        started = scene.start()
        if whom in _COMMANDS and not _comes(started, scene, running(_COMMANDS[whom])):
            started.result(120)
            return None
        time.sleep(dice.uniform(0, 0.4 if whom in _COMMANDS else 3.0))
        return _send(started, scene, signum, whom)

    return inject


def _comes(started: Running, scene: Scene, moment: Moment) -> bool:
    while started.process.poll() is None:
        if moment(scene):
            return True
        time.sleep(0.002)
    return False


def _send(started: Running, scene: Scene, signum: int, whom: str) -> Result | None:
    victims = list(_victims(started, scene, whom))
    for number in victims:
        with suppress(ProcessLookupError):
            os.kill(number, signum)
    result = started.result(120)
    return result if victims else None


def _victims(started: Running, scene: Scene, whom: str) -> Iterator[int]:
    if started.process.poll() is not None:
        return
    if whom == US:
        yield started.process.pid
    for number, command in processes(scene.mark) if whom != US else ():
        is_other = number != started.process.pid
        if whom == ALL or (is_other and re.search(_COMMANDS[whom], command)):
            yield number


FAULTS = (
    *(
        Fault(f"{signum.name} to {whom}", some_time(signum, whom), WORKING, _SAYS)
        for whom in (US, UV, POETRY, ALL)
        for signum in SIGNALS
    ),
    *(
        Fault(f"{signum.name} to {whom} at {moment}", at(moment, signum, whom), WORKING, _SAYS)
        for moment in MOMENTS
        for signum, whom in ((signal.SIGKILL, ALL), (signal.SIGKILL, US), (signal.SIGTERM, US))
    ),
    *(
        Fault(f"SIGKILL to uv at {moment}", at(moment, signal.SIGKILL, UV), WORKING, _SAYS)
        for moment in ("uv venv", "pip's seed", "the choice of files", "uv's linking")
    ),
    Fault(
        "SIGKILL to Poetry at Poetry's binding",
        at("Poetry's binding", signal.SIGKILL, POETRY),
        WORKING,
        _SAYS,
    ),
)

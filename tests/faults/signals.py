"""Signals to us, to uv, to Poetry and to all at once, at random and at each step of a run."""

from __future__ import annotations

import os
import re
import signal
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

from faults.fault import WORKING, Fault, Inject
from faults.others import another_lock
from support.cli import Running, processes
from support.sandbox import Result
from support.scene import COMPLETE, NEW, WARM, Scene

Moment = Callable[[Scene], bool]

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
US, UV, POETRY, ALL, GROUP = "us", "uv", "Poetry", "all", "the group"
_UV = r"/uv (?:--\S+ \S+ )*"
_COMMANDS = {UV: rf"{_UV}(venv|pip) ", POETRY: r"poetry"}
_SAYS = r"interrupted|terminated|exit code|no longer|ended"


def running(pattern: str) -> Moment:
    """A process with such a command line is there."""
    return lambda scene: any(re.search(pattern, each) for _, each in processes(scene.mark))


def there(pattern: str) -> Moment:
    """A file of this run is in the environment, wherever that is made: others are of earlier ones."""

    def is_there(scene: Scene) -> bool:
        places = scene.project.venv, scene.beside
        found = (path for place in places for path in place.glob(pattern))
        return any(_is_of_this_run(path, scene) for path in found)

    return is_there


def _is_of_this_run(path: Path, scene: Scene) -> bool:
    with suppress(FileNotFoundError):
        return path.lstat().st_mtime > scene.project.lock.stat().st_mtime
    return False


_SITE = "lib/python*/site-packages"
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


def at(moment: str, signum: int, whom: str) -> Inject:
    """As soon as that is so, or a blink later."""

    def inject(scene: Scene, dice: Random) -> Result | None:
        started = scene.start()
        if not _comes(started, scene, MOMENTS[moment]):
            started.result(120)
            return None
        time.sleep(dice.choice((0, 0, 0.01) if whom in _COMMANDS else (0, 0, 0.01, 0.05, 0.1)))
        return _send(started, scene, signum, whom)

    return inject


def to_uv_as_it_links(signum: int) -> Inject:
    """Which process that is has to be known by then: it links for some milliseconds."""

    def inject(scene: Scene, _: Random) -> Result | None:
        started = scene.start()
        if not _comes(started, scene, MOMENTS["uv's installation"]):
            started.result(120)
            return None
        victims = list(_victims(started, scene, UV))
        while not MOMENTS["uv's linking"](scene) and started.process.poll() is None:
            pass
        return _send_to(victims, started, signum)

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


def rolled_back(scene: Scene, dice: Random) -> Result | None:
    """SIGKILL while another lock's file drips; this lock is back, and the next run comes at once.

    Half of the times uv does not end with us, and goes on until it has installed what it fetches.
    """
    before = {path: path.read_bytes() for path in (scene.project.lock, scene.project.pyproject)}
    for path, content in another_lock(scene).items():
        path.write_bytes(content)
    variables = {"HYBRID_INSTALL_UV": _surviving_uv(scene)} if dice.random() < 0.5 else {}
    with scene.lab.index.misbehaving(drips={DRIPPING: 300.0}):
        begun = len(scene.lab.index.diary)
        started = scene.start(**variables)
        comes = _comes(started, scene, lambda _: _is_fetched(scene, begun))
        if comes:
            started.interrupt(signal.SIGKILL)
        started.process.wait(120)
        for path, content in before.items():
            path.write_bytes(content)
        result = scene.run()
    started.result(60)
    return result if comes else None


DRIPPING = "delta-0.3-py3-none-any.whl"


def _is_fetched(scene: Scene, begun: int) -> bool:
    return any(each.path.endswith(DRIPPING) for each in scene.lab.index.diary[begun:])


def _surviving_uv(scene: Scene) -> str:
    tool = scene.lab.folder / "surviving" / "uv"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\n"{sysconfig.get_path("scripts")}/uv" "$@"\nexit $?\n', "utf-8")
    tool.chmod(0o755)
    return str(tool)


def _comes(started: Running, scene: Scene, moment: Moment) -> bool:
    while started.process.poll() is None:
        if moment(scene):
            return True
        time.sleep(0.002)
    return False


def _send(started: Running, scene: Scene, signum: int, whom: str) -> Result | None:
    if whom == GROUP and started.process.poll() is None:
        os.killpg(started.process.pid, signum)
        return started.result(120)
    return _send_to(list(_victims(started, scene, whom)), started, signum)


def _send_to(victims: list[int], started: Running, signum: int) -> Result | None:
    """None where none of them is there any more."""
    reached = False
    for number in victims:
        with suppress(ProcessLookupError):
            os.kill(number, signum)
            reached = True
    result = started.result(120)
    return result if reached else None


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
        for whom in (US, UV, POETRY, ALL, GROUP)
        for signum in SIGNALS
    ),
    Fault("SIGHUP to us", some_time(signal.SIGHUP, US), WORKING, _SAYS),
    Fault(
        "SIGKILL to us, and another lock at once", rolled_back, (NEW, WARM, COMPLETE), kills=True
    ),
    *(
        Fault(f"{signum.name} to {whom} at {moment}", at(moment, signum, whom), WORKING, _SAYS)
        for moment in MOMENTS
        for signum, whom in (
            (signal.SIGKILL, ALL),
            (signal.SIGKILL, US),
            (signal.SIGTERM, US),
            (signal.SIGINT, US),
        )
    ),
    *(
        Fault(f"{signum.name} to uv at uv's linking", to_uv_as_it_links(signum), WORKING, _SAYS)
        for signum in SIGNALS
    ),
    *(
        Fault(f"{signum.name} to {whom} at {moment}", at(moment, signum, whom), WORKING, _SAYS)
        for whom, moments in (
            (
                UV,
                (
                    "uv venv",
                    "pip's seed",
                    "the choice of files",
                    "uv's installation",
                ),
            ),
            (POETRY, ("the note of what uv did", "Poetry's binding")),
            (GROUP, ("uv's installation", "Poetry's binding")),
        )
        for moment in moments
        for signum in SIGNALS
    ),
)

"""Signals to us, to uv, to Poetry and to all at once, at random and at each step of a run."""

from __future__ import annotations

import os
import re
import signal
import sysconfig
import time
from collections.abc import Iterator
from contextlib import suppress
from random import Random

from faults.fault import WORKING, Fault, Inject
from faults.moments import MOMENTS, OF_POETRY, OF_UV, Moment, comes, running
from faults.others import another_lock
from support.cli import Running, processes
from support.sandbox import Result
from support.scene import COMPLETE, NEW, WARM, Scene
from support.terminal import AtTerminal

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
US, UV, POETRY, ALL, GROUP = "us", "uv", "Poetry", "all", "the group"
_COMMANDS = {UV: OF_UV, POETRY: OF_POETRY}
_SAYS = r"interrupted|terminated|exit code|no longer|ended"


def at(moment: Moment, signum: int, whom: str) -> Inject:
    """As soon as that is so, or a blink later."""

    def inject(scene: Scene, dice: Random) -> Result | None:
        started = _start(scene, whom)
        if not comes(started, scene, moment):
            started.result(120)
            return None
        time.sleep(dice.choice((0, 0, 0.01) if whom in _COMMANDS else (0, 0, 0.01, 0.05, 0.1)))
        return _send(started, scene, signum, whom)

    return inject


def to_uv_as_it_links(signum: int) -> Inject:
    """Which process that is has to be known by then: it links for some milliseconds."""

    def inject(scene: Scene, _: Random) -> Result | None:
        started = scene.start()
        if not comes(started, scene, MOMENTS["uv's installation"]):
            started.result(120)
            return None
        victims = list(_victims(started, scene, UV))
        while not MOMENTS["uv's linking"](scene) and not started.has_ended():
            pass
        return _send_to(victims, started, signum)

    return inject


def some_time(signum: int, whom: str) -> Inject:
    """At a random moment of the whole run, or of the victim's life."""

    def inject(scene: Scene, dice: Random) -> Result | None:
        started = _start(scene, whom)
        if whom in _COMMANDS and not comes(started, scene, running(_COMMANDS[whom])):
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
        has_come = comes(started, scene, lambda _: _is_fetched(scene, begun))
        if has_come:
            started.interrupt(signal.SIGKILL)
        started.process.wait(120)
        for path, content in before.items():
            path.write_bytes(content)
        result = scene.run()
    started.result(60)
    return result if has_come else None


DRIPPING = "delta-0.3-py3-none-any.whl"


def _is_fetched(scene: Scene, begun: int) -> bool:
    return any(each.path.endswith(DRIPPING) for each in scene.lab.index.diary[begun:])


def _surviving_uv(scene: Scene) -> str:
    tool = scene.lab.folder / "surviving" / "uv"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\n"{sysconfig.get_path("scripts")}/uv" "$@"\nexit $?\n', "utf-8")
    tool.chmod(0o755)
    return str(tool)


def _start(scene: Scene, whom: str) -> Running | AtTerminal:
    """A group that has children of ours in it is a terminal's: elsewhere each leads its own."""
    return scene.start_at_terminal() if whom == GROUP else scene.start()


def _send(started: Running | AtTerminal, scene: Scene, signum: int, whom: str) -> Result | None:
    if isinstance(started, Running):
        return _send_to(list(_victims(started, scene, whom)), started, signum)
    reached = not started.has_ended()
    if reached:
        with suppress(ProcessLookupError):
            started.send(signum)
    result = started.result(120)
    return result if reached else None


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
        Fault(
            f"{signum.name} to {whom} at {moment}",
            at(MOMENTS[moment], signum, whom),
            WORKING,
            _SAYS,
        )
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
        Fault(
            f"{signum.name} to {whom} at {moment}",
            at(MOMENTS[moment], signum, whom),
            WORKING,
            _SAYS,
        )
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

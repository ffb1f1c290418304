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
from typing import Any

from faults.fault import FETCHING, WORKING, Fault, Inject
from faults.moments import (
    ASKING,
    MOMENTS,
    OF_POETRY,
    OF_UV,
    PLANNING,
    POETRY_STARTS,
    REMOVING,
    TAKING_PLACE,
    Moment,
    comes,
    running,
)
from faults.others import another_lock
from support.cli import Running, processes
from support.sandbox import Result
from support.scene import BIG, CHANGED, COMPLETE, NEW, WARM, Scene
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
        reached = _send_to(victims, signum)
        result = started.result(120)
        return result if reached else None

    return inject


def some_time(signum: int, whom: str) -> Inject:
    """At a random moment of the whole run, or of the victim's life."""

    def inject(scene: Scene, dice: Random) -> Result | None:
        started = _start(scene, whom)
        if whom in _COMMANDS and not comes(started, scene, running(_COMMANDS[whom])):
            started.result(120)
            return None
        # A run may be over in a second, or take two: each second try is early enough for both.
        time.sleep(dice.uniform(0, 0.4 if whom in _COMMANDS else dice.choice((0.6, 2.0))))
        return _send(started, scene, signum, whom)

    return inject


def twice(second: int, moment: Moment, *, is_deaf: bool) -> Inject:
    """SIGINT, and another signal soon after it.

    With tools that `is_deaf` to the first ones that one comes while we wait for their end: else it
    has to come at once, and finds us at whatever we do as the last thing.
    """

    def inject(scene: Scene, dice: Random) -> Result | None:
        variables = _deaf_tools(scene) if is_deaf else {}
        with scene.lab.index.misbehaving(drips={BIG.filename: 100_000.0}):
            started = scene.start(**variables)
            has_come = comes(started, scene, moment)
            if has_come:
                _send_to([started.process.pid], signal.SIGINT)
                time.sleep(dice.uniform(0.2, 0.5) if is_deaf else dice.choice((0, 0.01, 0.03)))
                has_come = _send_to([started.process.pid], second)
            result = started.result(120)
        return result if has_come else None

    return inject


def _deaf_tools(scene: Scene) -> dict[str, str]:
    """The real ones, which hear neither SIGINT nor SIGTERM."""
    tools = {}
    for name in ("uv", "poetry"):
        real = f"{sysconfig.get_path('scripts')}/{name}"
        tool = _script(scene, f"deaf/{name}", f"trap '' INT TERM\nexec {real} \"$@\"\n")
        tools[f"HYBRID_INSTALL_{name.upper()}"] = tool
    return tools


def _script(scene: Scene, name: str, text: str) -> str:
    tool = scene.lab.folder / name
    tool.parent.mkdir(exist_ok=True)
    tool.write_text(f"#!/bin/sh\n{text}", "utf-8")
    tool.chmod(0o755)
    return str(tool)


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
    real = f"{sysconfig.get_path('scripts')}/uv"
    return _script(scene, "surviving/uv", f'"{real}" "$@"\nexit $?\n')


def _start(scene: Scene, whom: str) -> Running | AtTerminal:
    """A group that has children of ours in it is a terminal's: elsewhere each leads its own."""
    return scene.start_at_terminal() if whom == GROUP else scene.start()


def _send(started: Running | AtTerminal, scene: Scene, signum: int, whom: str) -> Result | None:
    """None where none of them is there any more."""
    if isinstance(started, Running):
        reached = _send_to(list(_victims(started, scene, whom)), signum)
    else:
        reached = not started.has_ended() and started.send(signum)
    result = started.result(120)
    return result if reached else None


def _send_to(victims: list[int], signum: int) -> bool:
    """Whether any of them is there."""
    reached = False
    for number in victims:
        with suppress(ProcessLookupError):
            os.kill(number, signum)
            reached = True
    return reached


def _victims(started: Running, scene: Scene, whom: str) -> Iterator[int]:
    if started.process.poll() is not None:
        return
    if whom == US:
        yield started.process.pid
    for number, command in processes(scene.mark) if whom != US else ():
        is_other = number != started.process.pid
        if whom == ALL or (is_other and re.search(_COMMANDS[whom], command)):
            yield number


_STEPS: tuple[tuple[str, Moment, tuple[str, ...], tuple[str, ...], dict[str, Any]], ...] = (
    ("an interpreter is asked", ASKING, (US, ALL), FETCHING, {}),
    ("the plan is made", PLANNING, (US, ALL), WORKING, {}),
    ("uv removes", REMOVING, (US, UV, ALL), (CHANGED,), {"is_atomic": False}),
    ("the environment takes its place", TAKING_PLACE, (US, ALL), WORKING, {"is_atomic": True}),
)

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
    *(
        Fault(f"{signum.name} to {whom} as {when}", at(moment, signum, whom), states, _SAYS, **ways)
        for when, moment, whoever, states, ways in _STEPS
        for whom in whoever
        for signum in SIGNALS
    ),
    *(
        Fault(
            f"SIGINT, then {second.name}{'' if is_deaf else ' at once'}, as {when}",
            twice(second, moment, is_deaf=is_deaf),
            FETCHING,
            _SAYS,
        )
        for second in (signal.SIGINT, signal.SIGTERM)
        for when, moment, is_deaf in (
            ("uv installs", MOMENTS["uv's installation"], True),
            ("uv installs", MOMENTS["uv's installation"], False),
            ("Poetry binds", POETRY_STARTS, True),
            ("Poetry binds", MOMENTS["Poetry's binding"], False),
        )
    ),
)

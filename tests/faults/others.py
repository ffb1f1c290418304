"""Somebody else is at work: on the lock, on the project, in the environment, on uv's cache."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from faults.fault import ANY, WORKING, Fault, Inject
from support.cli import Running
from support.lab import Lab
from support.projects import Project
from support.sandbox import Result
from support.scene import WARM, Scene

Change = Callable[[Scene], dict[Path, bytes]]


def meanwhile(change: Change) -> Inject:
    """Files are changed at a random moment, and are what they were after the run."""

    def inject(scene: Scene, dice: Random) -> Result:
        changed = change(scene)
        before = {path: path.read_bytes() for path in changed}
        started = scene.start()
        time.sleep(dice.uniform(0, 2.0))
        _write(changed)
        result = started.result(120)
        _write(before)
        return result

    return inject


def _write(files: dict[Path, bytes]) -> None:
    for path, content in files.items():
        path.write_bytes(content)


def half_a_lock(scene: Scene) -> dict[Path, bytes]:
    """Somebody is writing it."""
    content = scene.project.lock.read_bytes()
    return {scene.project.lock: content[: len(content) // 2]}


def either(scene: Scene) -> tuple[Project, ...]:
    """The scene's project, and the one that `another_lock` makes of it."""
    return scene.project, _another(scene)


def _another(scene: Scene) -> Project:
    elsewhere = scene.lab.folder / "elsewhere"
    return Lab.project(_at(scene, elsewhere), scene.market.earlier)


def another_lock(scene: Scene) -> dict[Path, bytes]:
    """Somebody has checked out another commit."""
    other = _another(scene)
    return {
        scene.project.lock: other.lock.read_bytes(),
        scene.project.pyproject: other.pyproject.read_bytes(),
    }


def _at(scene: Scene, folder: Path) -> Lab:
    lab = scene.lab
    return Lab(folder, lab.sandbox, lab.index, lab.locksmith, lab.oracle)


def broken_pyproject(scene: Scene) -> dict[Path, bytes]:
    """Somebody is editing it."""
    return {scene.project.pyproject: scene.project.pyproject.read_bytes() + b"\n[tool.\n"}


def together(count: int, *, killed: int = 0) -> Inject:
    """Several runs at once in one environment, some of which are killed."""

    def inject(scene: Scene, dice: Random) -> Result:
        started = [scene.start() for _ in range(count)]
        for each in dice.sample(started, killed):
            time.sleep(dice.uniform(0, 1.5))
            _kill(each)
        results = [each.result(300) for each in started]
        return max(results, key=lambda each: each.exit_code)

    return inject


def _kill(running: Running) -> None:
    if running.process.poll() is None:
        os.kill(running.process.pid, signal.SIGKILL)


def side_by_side(count: int, *, killed: int = 0) -> Inject:
    """Several environments, one cache."""

    def inject(scene: Scene, dice: Random) -> Result:
        places = _places(scene, count)
        started = [scene.start("--venv", place) for place in places]
        for each in started[:killed]:
            time.sleep(dice.uniform(0, 1.5))
            _kill(each)
        results = [each.result(300) for each in started]
        for place, result in zip(places, results, strict=True):
            if result.exit_code != -signal.SIGKILL:
                assert result.exit_code == 0, str(result)
                assert scene.wrong(place) == [], str(result)
        return scene.run()

    return inject


def _places(scene: Scene, count: int) -> list[Path]:
    return [scene.lab.folder / f"venv{number}" for number in range(1, count + 1)]


def changed_side_by_side(scene: Scene, dice: Random) -> Result | None:
    """Two environments that are there, as of another lock: nobody waits for the other's run."""
    before = {path: path.read_bytes() for path in (scene.project.lock, scene.project.pyproject)}
    _write(another_lock(scene))
    for place in _places(scene, 2):
        made = scene.run("--venv", place)
        assert made.exit_code == 0, str(made)
    _write(before)
    return side_by_side(2)(scene, dice)


FAULTS = (
    Fault("half a lock meanwhile", meanwhile(half_a_lock), ANY, r"lock|toml|project"),
    Fault(
        "another lock meanwhile",
        meanwhile(another_lock),
        ANY,
        r"lock|toml|project",
        goals=either,
    ),
    Fault("a broken pyproject.toml meanwhile", meanwhile(broken_pyproject), ANY, r"pyproject"),
    Fault("two runs at once", together(2), ANY),
    Fault("two runs, one killed", together(2, killed=1), WORKING, kills=True),
    Fault("eight runs at once", together(8), WORKING),
    Fault("two environments side by side", side_by_side(2), WORKING, is_atomic=True),
    Fault(
        "two environments side by side, which are changed",
        changed_side_by_side,
        (WARM,),
        is_atomic=True,
    ),
    Fault("five environments side by side", side_by_side(5), WORKING),
    Fault("three environments, one run killed", side_by_side(3, killed=1), WORKING, kills=True),
)

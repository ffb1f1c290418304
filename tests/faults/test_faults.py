"""Whatever happens, the environment is right or the run says that it is not; the next one mends it.

`scripts/reliability.sh` makes hundreds of runs of it; with the other tests run a few, always the same.
"""

from __future__ import annotations

import os
import random
import re
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from faults import caches, disks, indexes, others, remains, signals, tools
from faults.fault import Fault
from support.fault_table import Column, count
from support.lab import Lab
from support.sandbox import Result
from support.scene import Market, Scene

RUNS = int(os.environ.get("HYBRID_INSTALL_FAULTS", "24"))
SEED = int(os.environ.get("HYBRID_INSTALL_FAULTS_SEED", "0"))
ONLY = os.environ.get("HYBRID_INSTALL_FAULTS_ONLY", "")
ROOMS = (signals, indexes, disks, caches, remains, tools, others)
BESIDE = (signals, indexes, tools)
KILLED = -signal.SIGKILL
BEFORE_WE_LISTEN = (-signal.SIGINT, -signal.SIGTERM)


def injections() -> Iterator[object]:
    """From each room in turn, each fault as often as any other of its room, in all its states.

    In some rooms every third run is `--atomic`.
    """
    rooms = {room: [each for each in room.FAULTS if re.search(ONLY, each.name)] for room in ROOMS}
    rooms = {room: faults for room, faults in rooms.items() if faults}
    for faults in rooms.values():
        random.Random(SEED).shuffle(faults)  # noqa: S311 - it keeps no secret
    for number in range(RUNS):
        room, faults = [*rooms.items()][number % len(rooms)]
        turn = number // len(rooms)
        fault = faults[turn % len(faults)]
        state = fault.states[(turn // len(faults) + turn + SEED) % len(fault.states)]
        is_atomic = room in BESIDE and turn % 3 == 2
        name = f"{number}: {fault.name}, {state}{', --atomic' if is_atomic else ''}"
        yield pytest.param(fault, state, number, is_atomic, id=name)


@pytest.mark.parametrize(("fault", "state", "number", "is_atomic"), [*injections()])
def test_a_fault(
    lab: Lab,
    market: Market,
    tally: Counter[str],
    fault: Fault,
    state: str,
    number: int,
    is_atomic: bool,
) -> None:
    if lacks := fault.lacks():
        pytest.skip(lacks)
    dice = random.Random(f"{SEED}.{number}")  # noqa: S311
    with ExitStack() as stack:
        scene = Scene.set_up(lab, market, state, stack, is_atomic=is_atomic)
        before, stood = scene.tree(), scene.as_it_stands()
        result = fault.inject(scene, dice)
        if result is None:
            count(tally, fault.name, Column.MISSED)
        else:
            count(tally, fault.name, Column.INJECTED)
            count(tally, fault.name, Column.WRONG)
            assert scene.tree() == before
            if is_atomic:
                count(tally, fault.name, Column.ATOMIC)
                assert_old_or_new(scene, stood, result)
            count(tally, fault.name, judged(scene, fault, result))
            fault.mend(scene)
            assert_next_run_is_right(scene, result)
            count(tally, fault.name, Column.RECOVERED)
            count(tally, fault.name, Column.WRONG, -1)


def judged(scene: Scene, fault: Fault, result: Result) -> Column:
    """How the run ended, if it may end so: well, with a word on the cause, or killed."""
    scene.assert_nobody_is_left()
    wrong = scene.wrong()
    is_quiet = wrong and not fault.moves_the_goal and scene.is_called_right()
    assert not is_quiet, f"verify is content: {wrong}\n{result}"
    if result.exit_code in {KILLED, *BEFORE_WE_LISTEN}:
        return Column.KILLED
    assert result.exit_code in {0, 1, 2, 130, 143}, str(result)
    left = [*scene.lab.sandbox.folder("tmp").glob("hybrid-install-*")]
    assert fault.kills or not left, f"{left} {result}"
    if result.exit_code == 0:
        assert not fault.fails, f"it cannot have succeeded: {result}"
        if wrong and fault.only_verify:
            return Column.VERIFIED
        assert fault.moves_the_goal or not wrong, f"{wrong}\n{result}"
        return Column.WELL
    for pattern in (r"^error: .", r"^hint: ."):
        assert re.search(pattern, result.stderr, re.MULTILINE), f"no {pattern}: {result}"
    assert re.search(fault.says, result.stderr), f"the cause {fault.says} is not named: {result}"
    return Column.SAID


def assert_old_or_new(scene: Scene, stood: dict[str, tuple[int, int]], result: Result) -> None:
    """Whoever looks sees no third; and what was made beside stays only where nobody could clear up."""
    scene.assert_nobody_is_left()
    if scene.as_it_stands() != stood:
        assert scene.wrong() == [], f"half made: {result}"
    assert result.exit_code == KILLED or not scene.beside.exists(), f"left beside: {result}"


def assert_next_run_is_right(scene: Scene, result: Result) -> None:
    """Without the fault; and what is there is what is claimed."""
    again = scene.run()
    assert again.exit_code == 0, f"{again}\nafter {result}"
    assert scene.wrong() == [], f"{again}\nafter {result}"
    assert scene.is_called_right(), f"{again}\nafter {result}"
    assert not scene.beside.exists(), f"{again}\nafter {result}"

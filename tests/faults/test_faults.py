"""Whatever happens, the environment is right or the run says that it is not; the next one mends it.

`scripts/reliability.sh` has each of them in each of its states; with the other tests run a few, always
the same.
"""

from __future__ import annotations

import os
import random
import re
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import zip_longest
from types import ModuleType

import pytest
from faults import caches, disks, indexes, others, remains, signals, tools
from faults.fault import Fault
from support.fault_table import Column, count
from support.lab import Lab
from support.projects import Project
from support.sandbox import Result
from support.scene import Market, Scene

RUNS = os.environ.get("HYBRID_INSTALL_FAULTS", "24")
SEED = int(os.environ.get("HYBRID_INSTALL_FAULTS_SEED", "0"))
ONLY = os.environ.get("HYBRID_INSTALL_FAULTS_ONLY", "")
ROOMS = (signals, indexes, disks, caches, remains, tools, others)
BESIDE = (signals, indexes, tools, disks, others)
TRIES = 3
"""Of a fault that comes too late: a step may be over before anybody can see it."""
KILLED = -signal.SIGKILL
BEFORE_WE_LISTEN = (-signal.SIGINT, -signal.SIGTERM, -signal.SIGHUP)


def injections() -> Iterator[object]:
    """All faults in their first state, then all in their second one, and so on: `RUNS`, or `all`.

    From each room in turn, as long as it has any. In some rooms every third run or so is `--atomic`.
    """
    pairs = [*_all_pairs()]
    runs = len(pairs) if RUNS == "all" else int(RUNS)
    for number in range(runs if pairs else 0):
        room, fault, state = pairs[number % len(pairs)]
        is_atomic = fault.is_atomic
        if is_atomic is None:
            dice = random.Random(f"{SEED}/{number}")  # noqa: S311
            is_atomic = room in BESIDE and dice.random() < 1 / 3
        name = f"{number}: {fault.name}, {state}{', --atomic' if is_atomic else ''}"
        yield pytest.param(fault, state, number, is_atomic, id=name)


def _all_pairs() -> Iterator[tuple[ModuleType, Fault, str]]:
    """Each fault in each of its states, with its room."""
    for each in zip_longest(*([(room, *pair) for pair in _pairs_of(room)] for room in ROOMS)):
        yield from filter(None, each)


def _pairs_of(room: ModuleType) -> Iterator[tuple[Fault, str]]:
    faults = [each for each in room.FAULTS if re.search(ONLY, each.name)]
    random.Random(SEED).shuffle(faults)  # noqa: S311 - it keeps no secret
    for rank in range(max((len(each.states) for each in faults), default=0)):
        for place, fault in enumerate(faults):
            if rank < len(fault.states):
                yield fault, fault.states[(rank + place + SEED) % len(fault.states)]


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
    of_scene = market.with_poetrys() if fault.has_poetry_fetch else market
    for _ in range(TRIES):
        with ExitStack() as stack:
            scene = Scene.set_up(lab, of_scene, state, stack, is_atomic=is_atomic)
            if is_injected(scene, fault, dice, tally):
                return
            scene.forget()
    count(tally, fault.name, Column.MISSED)


def is_injected(scene: Scene, fault: Fault, dice: random.Random, tally: Counter[str]) -> bool:
    """Whether it came in time; then the run and the one after it were as they may be."""
    fault.arrange(scene)
    before, stood = scene.tree(), scene.as_it_stands()
    result = fault.inject(scene, dice)
    if result is None:
        return False
    count(tally, fault.name, Column.INJECTED)
    count(tally, fault.name, Column.WRONG)
    assert scene.tree() == before
    if scene.is_atomic:
        count(tally, fault.name, Column.ATOMIC)
        assert_old_or_new(scene, fault, stood, result)
    count(tally, fault.name, judged(scene, fault, result))
    fault.mend(scene)
    assert_next_run_is_right(scene, result)
    count(tally, fault.name, Column.RECOVERED)
    count(tally, fault.name, Column.WRONG, -1)
    return True


def judged(scene: Scene, fault: Fault, result: Result) -> Column:
    """How the run ended, if it may end so: well, with a word on the cause, or killed."""
    is_killed = fault.kills or result.exit_code == KILLED
    scene.assert_nobody_is_left(20 if is_killed else 3)
    assert scene.false_claims(of_files=not fault.only_verify) == [], str(result)
    wrong = scene.wrong()
    assert not (wrong and scene.is_called_right()), f"verify is content: {wrong}\n{result}"
    if result.exit_code in {KILLED, *BEFORE_WE_LISTEN}:
        return Column.KILLED
    assert result.exit_code in {0, 1, 2, 129, 130, 143}, str(result)
    left = [*scene.lab.sandbox.folder("tmp").glob("hybrid-install-*")]
    assert fault.kills or not left, f"{left} {result}"
    if result.exit_code == 0:
        assert not fault.fails, f"it cannot have succeeded: {result}"
        if wrong and fault.only_verify:
            return Column.VERIFIED
        assert is_one_of(fault.goals(scene), scene), f"{wrong}\n{result}"
        return Column.WELL
    for pattern in (r"^error: .", r"^hint: ."):
        assert re.search(pattern, result.stderr, re.MULTILINE), f"no {pattern}: {result}"
    said = result.stderr.replace(str(scene.lab.folder), "")  # the test's name is in it
    assert re.search(fault.says, said), f"the cause {fault.says} is not named: {result}"
    return Column.SAID


def is_one_of(goals: Iterable[Project], scene: Scene) -> bool:
    """Whether the environment is the one that Poetry makes of any of them."""
    return any(not scene.wrong(goal=goal) for goal in goals)


def assert_old_or_new(
    scene: Scene, fault: Fault, stood: dict[str, tuple[int, int]], result: Result
) -> None:
    """Whoever looks sees no third; and what was made beside stays only where nobody could clear up."""
    scene.assert_nobody_is_left()
    if scene.as_it_stands() != stood:
        assert is_one_of(fault.goals(scene), scene), f"half made: {scene.wrong()}\n{result}"
    is_cleared = result.exit_code != KILLED and not fault.kills
    assert not is_cleared or not scene.beside.exists(), f"left beside: {result}"


def assert_next_run_is_right(scene: Scene, result: Result) -> None:
    """Without the fault; and what is there is what is claimed."""
    again = scene.run()
    assert again.exit_code == 0, f"{again}\nafter {result}"
    assert scene.wrong() == [], f"{again}\nafter {result}"
    assert scene.false_claims() == [], f"{again}\nafter {result}"
    assert scene.is_called_right(), f"{again}\nafter {result}"
    assert not scene.beside.exists(), f"{again}\nafter {result}"

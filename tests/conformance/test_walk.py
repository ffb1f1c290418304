"""What is installed where Poetry solves the lock again, as its own solver has it.

Every answer must be Poetry's. What Poetry cannot answer must be handed over to it; what is handed
over although Poetry answers is counted, with its reason.

Poetry's solver takes its time: of each real lock a part of all combinations of Python, platform,
groups and extras is asked, the same one in each run. `HYBRID_INSTALL_WIDE=1` asks for all.
"""

from __future__ import annotations

import random
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from poetry.core.constraints.version import Version
from poetry.packages.locker import Locker
from support import corpus
from support.environments import (
    LINUX_ARM,
    LINUX_X86,
    MACOS_ARM,
    OLDER_PYTHONS,
    PYTHONS,
    RELEASE_CANDIDATE,
    WINDOWS,
    Markers,
    environment,
)
from support.lock_graphs import ROOT_EXTRAS, LockGraph, lock_graphs
from support.poetry_in_process import Oracle, Outcome, Pick, picks_of_ours

from hybrid_install.core.deferral import Ambiguity
from hybrid_install.core.freshness import is_fresh
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.project import Project
from hybrid_install.core.selection import SelectionOptions, wanted
from hybrid_install.core.versions import allows
from hybrid_install.core.walk import walk
from hybrid_install.errors import SelectionError

pytestmark = pytest.mark.conformance

Question = tuple[SelectionOptions, Markers]


class Solver:
    """Poetry with `installer.re-resolve`, in one folder.

    It changes what it has read while it solves, so each question is asked of another one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock_data = tomllib.loads(folder.joinpath("poetry.lock").read_text("utf-8"))

    def answer(self, options: SelectionOptions, markers: Markers) -> Outcome | str:
        """Its outcome, or the name of the error by which it has none."""
        oracle = Oracle(self.folder)
        poetry = oracle.poetry
        locker = Locker(self.folder / "poetry.lock", poetry.pyproject.data)
        locker._lock_data = self._lock_data
        poetry.set_locker(locker)
        poetry.config.merge({"installer": {"re-resolve": True}})
        try:
            return _normalized(oracle.install(_arguments(options), markers))
        except Exception as error:  # noqa: BLE001  # its solver has many, and some are bugs
            return type(error).__name__


class Walker:
    """The walk, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock, self.project = _lock(folder), _project(folder)
        self.pyproject = _parsed(folder / "pyproject.toml")

    def answer(self, options: SelectionOptions, markers: Markers) -> Outcome | Ambiguity:
        """What is selected, refused or handed over."""
        try:
            asked = wanted(options, self.project, self.lock)
        except SelectionError as error:
            return Outcome(refusal=error.message)
        walked = walk(self.lock, self.pyproject, str(self.folder), asked, markers)
        if isinstance(walked, Ambiguity):
            return walked
        picks = picks_of_ours(walked, self.folder)
        return _normalized(Outcome(asked.groups, asked.extras, picks))


@corpus.each_pair("1.0", "1.1", "2.0")
def test_older_locks(pair: corpus.Pair, tmp_path: Path, tally: Counter[str]) -> None:
    _ask(pair.copy_to(tmp_path), 9, tally)


@corpus.each_pair("2.1")
def test_locks_that_are_solved_again(
    pair: corpus.Pair, tmp_path: Path, tally: Counter[str]
) -> None:
    _ask(pair.copy_to(tmp_path), 4, tally)


@settings(max_examples=120, suppress_health_check=list(HealthCheck))
@given(lock_graphs(), st.data())
def test_generated_locks(
    tmp_path_factory: pytest.TempPathFactory,
    tally: Counter[str],
    graph: LockGraph,
    data: st.DataObject,
) -> None:
    folder = graph.write(tmp_path_factory.mktemp("generated"))
    pythons = (*OLDER_PYTHONS, *PYTHONS, RELEASE_CANDIDATE)
    targets = [environment(*each) for each in product(pythons, (LINUX_X86, MACOS_ARM, WINDOWS))]
    extras = data.draw(st.sampled_from([(), (), *((each,) for each in ROOT_EXTRAS), ROOT_EXTRAS]))
    options = SelectionOptions(extras=extras)
    every, dev = replace(options, all_groups=True), replace(options, only_groups=("dev",))
    question = (
        data.draw(st.sampled_from([options, every, dev])),
        data.draw(st.sampled_from(targets)),
    )
    _compare(folder, [question], "generated walks", tally)


def _ask(pair: corpus.Pair, number: int, tally: Counter[str]) -> None:
    folder = pair.folder
    questions = list(_questions(folder))
    if not is_fresh(_lock(folder), pair.pyproject):
        tally.update([f"walks of {pair.name}: the lock is stale"])
        tally.update([f"walks of {pair.name}: the lock is stale equal"])
        answer = Solver(folder).answer(*questions[0])
        assert isinstance(answer, Outcome)
        assert "changed significantly" in (answer.refusal or "")
        return
    if not corpus.WIDE:
        chosen = random.Random(pair.name)  # noqa: S311  # the same in each run
        questions = chosen.sample(questions, min(number, len(questions)))
    _compare(folder, questions, f"walks of {pair.lock_version} locks", tally)


def _questions(folder: Path) -> Iterator[Question]:
    """Groups: default, each alone, all, with the default ones. Extras: none, each, all."""
    project = _project(folder)
    pythons = [
        python for python in (*OLDER_PYTHONS, *PYTHONS) if allows(project.python_versions, python)
    ]
    targets = [environment(*each) for each in product(pythons, (LINUX_X86, LINUX_ARM, MACOS_ARM))]
    groups: list[dict[str, Any]] = [
        {},
        *({"only_groups": (group.name,)} for group in project.groups),
        {"all_groups": True},
    ]
    extras: list[dict[str, Any]] = [
        {},
        *({"extras": (extra,)} for extra in sorted(project.extras)),
        {"all_extras": True},
    ]
    for of_groups, of_extras, target in product(groups, extras, targets):
        yield SelectionOptions(**of_groups, **of_extras), target


def _compare(folder: Path, questions: Iterable[Question], kind: str, tally: Counter[str]) -> None:
    """Each question counts where it was answered; all differences are shown."""
    solver, walker, different = Solver(folder), Walker(folder), []
    for options, target in questions:
        ours, theirs = walker.answer(options, target), solver.answer(options, target)
        if isinstance(ours, Ambiguity):
            what, equal = _handed_over(folder, kind, ours, theirs)
        else:
            what, equal = kind, ours == theirs
            if not equal:
                different.append((options, target["python_full_version"], ours, theirs))
        tally.update([what, f"{what} equal"] if equal else [what])
    assert not different


def _handed_over(
    folder: Path, kind: str, ours: Ambiguity, theirs: Outcome | str
) -> tuple[str, bool]:
    """Handed over for good where Poetry fails, else for want of a proof."""
    where = "" if kind.startswith("generated") else f" ({folder.name}: {ours.because})"
    if isinstance(theirs, str):
        return f"{kind} that Poetry fails at{where or f' ({theirs})'}", True
    return f"{kind} handed over although Poetry answers{where}", False


def _normalized(outcome: Outcome) -> Outcome:
    """Versions as Poetry prints them: those of a solution are not the lock's own strings."""
    picks = (Pick(each.name, Version.parse(each.version).to_string(), each.source)
             for each in outcome.packages)  # fmt: skip
    return replace(outcome, packages=tuple(sorted(picks)))


def _arguments(options: SelectionOptions) -> list[str]:
    return [
        *(f"--only={group}" for group in options.only_groups),
        *(f"--extras={extra}" for extra in options.extras),
        *["--all-groups"] * options.all_groups,
        *["--all-extras"] * options.all_extras,
    ]


def _project(folder: Path) -> Project:
    return Project.from_dict(_parsed(folder / "pyproject.toml"))


def _lock(folder: Path) -> Lockfile:
    path = folder / "poetry.lock"
    return Lockfile.from_dict(_parsed(path), first_line=path.read_text("utf-8").partition("\n")[0])


def _parsed(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))

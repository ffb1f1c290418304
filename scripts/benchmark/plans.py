"""Our own overhead: `hybrid-install plan` on big locks, beside a Python that does nothing."""

from __future__ import annotations

import os
import random
import re
import shutil
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.environs import environment
from benchmark.locks import CORPUS
from benchmark.measure import Step, measure
from benchmark.results import Sample
from benchmark.tools import Tools
from hybrid_install.core.freshness import content_hash

PLANS = "plans"
PLAN = "plan650"
MADE_UP, LARGEST, ODD, PYTHON = "plan-made-up", "plan-largest", "plan-odd", "python"

TITLES = {
    MADE_UP: "`hybrid-install plan`, 650 packages",
    LARGEST: "`hybrid-install plan`, the largest real lock",
    ODD: "`hybrid-install plan`, the real lock with the oddest markers",
    PYTHON: "`python -c pass`",
}

_ODD = "docling-project__docling__lock21-odd-markers"
_SIZE = 650

_PYPROJECT = """\
[project]
name = "big"
version = "1"
requires-python = ">=3.11"
dependencies = ["{name}"]

[tool.poetry]
package-mode = false
"""


def corpus() -> Path | None:
    """The folder of real pairs, if the environment names one."""
    named = os.environ.get(CORPUS)
    return Path(named) if named else None


def play(pairs: Path, tools: Tools, runs: int, folder: Path) -> Iterator[Sample]:
    """Every plan as often as is said, in turns."""
    shutil.rmtree(folder, ignore_errors=True)
    environ = environment(folder, tools, "http://127.0.0.1:9/simple", is_mirrored=False)
    players = [
        _Planner(key, (tools["hybrid-install"], "plan"), where)
        for key, where in _projects(pairs, folder).items()
    ]
    players.append(_Planner(PYTHON, (tools["python"], "-c", "pass"), folder))
    order = random.Random(0)  # noqa: S311  # it shuffles, it keeps no secret
    for number in range(-1, runs):
        order.shuffle(players)
        for player in players:
            usage = measure([player.step], environ, player.folder, folder / "log.txt")
            # The first round finds what later ones know: the interpreter's tags, for example.
            if number >= 0:
                yield Sample(PLANS, PLAN, player.key, number, usage.wall, usage.cpu, usage.memory)


@dataclass(frozen=True, slots=True)
class _Planner:
    key: str
    step: Step
    folder: Path


def _projects(pairs: Path, folder: Path) -> dict[str, Path]:
    locks = sorted(pairs.glob("*/poetry.lock"), key=lambda path: -_size(path))
    made_up = folder / MADE_UP
    made_up.mkdir(parents=True)
    pyproject, lock = made_up_project([path.read_text("utf-8") for path in locks], _SIZE)
    (made_up / "pyproject.toml").write_text(pyproject, "utf-8")
    (made_up / "poetry.lock").write_text(lock, "utf-8")
    projects = {MADE_UP: made_up}
    for key, origin in ((LARGEST, locks[0].parent), (ODD, pairs / _ODD)):
        projects[key] = folder / key
        shutil.copytree(origin, folder / key)
    return projects


def _size(lock: Path) -> int:
    return lock.read_text("utf-8").count("\n[[package]]\n")


def made_up_project(locks: Sequence[str], size: int) -> tuple[str, str]:
    """A project that wants so many packages of several locks: a pyproject.toml and its lock.

    Packages without a source, each name from the first lock that has it.
    """
    entries: dict[str, str] = {}
    for text in locks:
        if 'lock-version = "2.1"' in text:
            entries = {**dict(_entries(text)), **entries}
    chosen = dict(sorted(entries.items())[:size])
    pyproject = _PYPROJECT.format(name=next(iter(chosen)))
    metadata = (
        '[metadata]\nlock-version = "2.1"\npython-versions = ">=3.11"\n'
        f'content-hash = "{content_hash(tomllib.loads(pyproject))}"\n'
    )
    return pyproject, "".join(chosen.values()) + metadata


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """The packages that are locked once, without a source, as if everything wanted them."""
    whole = text.partition("\n[extras]\n")[0].partition("\n[metadata]\n")[0]
    found = re.split(r"(?=^\[\[package\]\]\n)", whole, flags=re.MULTILINE)[1:]
    names = [_NAME.findall(entry)[0] for entry in found]
    for name, entry in zip(names, found, strict=True):
        if names.count(name) == 1 and "\n[package.source]\n" not in entry and ".whl" in entry:
            lines = [line for line in entry.splitlines() if not _ABOUT.match(line)]
            groups = '[[package]]\ngroups = ["main"]'
            yield name, "\n".join(lines).replace("[[package]]", groups, 1).rstrip() + "\n\n"


_NAME = re.compile(r'^name = "([^"]+)"$', re.MULTILINE)
_ABOUT = re.compile(r"^(groups|optional) = ")

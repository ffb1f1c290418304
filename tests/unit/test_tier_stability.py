"""`--tier heavy` changes with heavy pins, hashes and indexes, and with nothing else.

The whole command in this process, for projects that are changed in one point or in many.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.lock_texts import LockedText, ProjectText
from typer.testing import CliRunner

from hybrid_install import cli

WHEELS = "https://wheels.example.com/simple"
PROJECT = ProjectText(
    (
        LockedText("torch", "2.9.0+cpu", ("a" * 64, "b" * 64), "wheels"),
        LockedText("nvidia-cublas", "13.1", ("c" * 64,)),
        LockedText("acme-big", "1.0", ("d" * 64,)),
        LockedText("requests", "2.32", ("1" * 64, "2" * 64)),
        LockedText("internal", "0.1", ("3" * 64,), "company"),
        LockedText("attrs", "25.1", ("4" * 64,)),
    ),
    {"wheels": WHEELS, "company": "https://company.example.com/simple"},
    own={"heavy": ["acme-big"]},
)
LIGHT = ("requests", "internal", "attrs")

Change = Callable[[ProjectText], ProjectText]


def having(**facts: object) -> Change:
    return lambda project: replace(project, **facts)  # type: ignore[arg-type]


def changing(name: str, **facts: object) -> Change:
    return lambda project: project.changed(name, **facts)


def without(name: str) -> Change:
    return lambda project: replace(
        project, packages=tuple(each for each in project.packages if each.name != name)
    )


def adding(package: LockedText) -> Change:
    return lambda project: replace(
        project, packages=(*without(package.name)(project).packages, package)
    )


_DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
_COMMENTS = st.text("abc #\t=[]\"'", max_size=12).map(lambda text: f"# {text}")
_VERSIONS = st.from_regex(r"[1-9][0-9]?\.[1-9]", fullmatch=True)

HARMLESS: st.SearchStrategy[Change] = st.one_of(
    st.builds(changing, st.sampled_from(LIGHT), version=_VERSIONS),
    st.builds(
        changing,
        st.sampled_from(LIGHT),
        hashes=st.lists(_DIGESTS, min_size=1, max_size=3).map(tuple),
    ),
    st.builds(changing, st.sampled_from(LIGHT), source=st.sampled_from([None, "company"])),
    st.builds(changing, st.sampled_from([*LIGHT, "torch"]), description=st.text("ab ", max_size=5)),
    st.builds(without, st.sampled_from(LIGHT)),
    st.builds(adding, st.builds(LockedText, st.sampled_from(["click", "aaa", "zzz"]), _VERSIONS)),
    st.builds(lambda version: having(version=version), _VERSIONS),
    st.builds(lambda comment: having(comment=comment), _COMMENTS),
    st.just(having(sources={**PROJECT.sources, "company": "https://moved.example.com/simple"})),
    st.just(having(sources={**PROJECT.sources, "unused": "https://unused.example.com/simple"})),
    st.just(having(sources=dict(list(PROJECT.sources.items())[::-1]))),
    st.just(having(own={**PROJECT.own, "provided": ["numpy"], "no-editable": False})),
)

HARMFUL: dict[str, Change] = {
    "version": changing("torch", version="2.9.1+cpu"),
    "hash": changing("torch", hashes=("a" * 64, "e" * 64)),
    "one more file": changing("torch", hashes=("a" * 64, "b" * 64, "e" * 64)),
    "one file less": changing("torch", hashes=("a" * 64,)),
    "index": changing("torch", source="company"),
    "default index": changing("torch", source=None),
    "the index's url": having(sources={**PROJECT.sources, "wheels": f"{WHEELS}/cpu"}),
    "gone": without("nvidia-cublas"),
    "one more": adding(LockedText("triton")),
    "into the tier": having(own={"heavy": ["acme-big", "attrs"]}),
    "out of the tier": having(own={}),
}


def answer(folder: Path, project: ProjectText, *arguments: str) -> str:
    """What the command prints on stdout."""
    project.write(folder)
    options = ["--venv", str(folder / "venv"), "--python", sys.executable, "-C", str(folder)]
    result = CliRunner().invoke(cli.app, [*arguments, *options], env={"HOME": str(folder)})
    assert result.exit_code == 0, result.output
    return result.stdout


COMMANDS = [
    ("export", "--tier", "heavy"),
    ("export", "--tier", "heavy", "--format", "json"),
    ("export", "--tier", "heavy", "--format", "json", "--universal"),
    ("cache-key", "--tier", "heavy"),
]


@pytest.fixture(scope="module", params=COMMANDS, ids=" ".join)
def command(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """A command whose answer is a layer's or a cache's key."""
    found: tuple[str, ...] = request.param
    return found


@pytest.fixture(scope="module")
def before(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The answer for the project as it is."""
    return answer(tmp_path_factory.mktemp("project"), PROJECT, *command)


def in_order(project: ProjectText, order: list[int]) -> ProjectText:
    """The packages of the lock in another order, and the files of each too."""
    ranked = sorted(enumerate(project.packages), key=lambda each: order[each[0] % len(order)])
    packages = [replace(each, is_turned=rank % 2 == 1) for rank, each in ranked]
    return replace(project, packages=tuple(packages))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(HARMLESS, max_size=5), st.permutations(range(8)))
def test_nothing_light_changes_a_byte(
    command: tuple[str, ...],
    before: str,
    tmp_path: Path,
    changes: list[Change],
    order: list[int],
) -> None:
    project = PROJECT
    for change in changes:
        project = change(project)
    assert answer(tmp_path, in_order(project, order), *command) == before


@pytest.mark.parametrize("change", HARMFUL.values(), ids=HARMFUL.keys())
def test_anything_heavy_does(
    command: tuple[str, ...], before: str, tmp_path: Path, change: Change
) -> None:
    assert answer(tmp_path, change(PROJECT), *command) != before

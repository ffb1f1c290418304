"""Locks that are doubtful for a target, and real ones that are not."""

from __future__ import annotations

from typing import Any

import pytest
from support.corpus import Pair, each_pair
from support.environments import LINUX_ARM, LINUX_X86, MACOS_ARM, WINDOWS, Markers, environment
from support.fakes import locked, sdist, wheel

from hybrid_install.core.file_choice import Tags
from hybrid_install.core.lock_problems import (
    Doubt,
    LockProblem,
    Selection,
    has_file_for,
    lock_problems,
)
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    LockedFile,
    Source,
    UrlSource,
    normalize_name,
)
from hybrid_install.core.project import Project
from hybrid_install.core.selection import SelectionOptions, Wanted, select, wanted

LINUX = environment("3.11.15", LINUX_X86)
FILES = [{"file": "x-1.0-py3-none-any.whl", "hash": "sha256:00"}]

# The locks of the corpus about which something is to be said: nothing but what is true of them.
DOUBTFUL = {
    "ahmetoner__whisper-asr-webservice": {Doubt.SEVERAL_VERSIONS},
    "docling-project__docling__lock21-odd-markers": {Doubt.FOREIGN_LOCK, Doubt.EMPTY_EXTRA},
}


def selection(
    *packages: dict[str, Any],
    extras: tuple[str, ...] = (),
    platform: Markers = LINUX_X86,
    tags: Tags | None = None,
) -> Selection:
    entries = [{"version": "1.0", "groups": ["main"], "files": FILES, **each} for each in packages]
    lock = Lockfile.from_dict({"package": entries, "metadata": {"lock-version": "2.1"}})
    asked = Wanted(
        frozenset({normalize_name("main")}), frozenset(normalize_name(each) for each in extras)
    )
    markers = environment("3.11.15", platform)
    return Selection(lock, asked, markers, select(lock, asked, markers), tags)


def doubts(asked: Selection) -> list[tuple[Doubt, tuple[str, ...]]]:
    return [(each.doubt, each.names) for each in lock_problems(asked)]


def test_nothing_to_say() -> None:
    assert doubts(selection({"name": "a"}, {"name": "b", "markers": 'extra == "x"'})) == []


def test_several_versions_of_one_name() -> None:
    (problem,) = lock_problems(selection({"name": "a"}, {"name": "a", "version": "2.0"}))
    assert (problem.doubt, problem.names) == (Doubt.SEVERAL_VERSIONS, ("a",))
    assert "a 1.0 and 2.0" in problem.message


EXCLUSIVE = (
    {"name": "torch", "version": "1.0+cpu", "markers": 'extra == "cpu" and extra != "cuda"'},
    {"name": "torch", "version": "1.0+cu1", "markers": 'extra != "cpu" and extra == "cuda"'},
)


def test_extras_that_exclude_each_other() -> None:
    assert doubts(selection(*EXCLUSIVE, extras=("cpu",))) == []
    assert doubts(selection(*EXCLUSIVE, extras=("cuda", "other"))) == []
    (problem,) = lock_problems(selection(*EXCLUSIVE, extras=("cpu", "cuda", "other")))
    assert (problem.doubt, problem.names) == (Doubt.EXCLUSIVE_EXTRAS, ("torch",))
    assert "extras cpu, cuda exclude each other" in problem.message


def test_an_extra_for_other_platforms() -> None:
    entry = {"name": "a", "markers": "sys_platform == 'win32' and extra == 'Fast.er'"}
    assert doubts(selection(entry, extras=("fast-er",))) == [(Doubt.EMPTY_EXTRA, ("a",))]
    assert doubts(selection(entry, extras=("fast-er",), platform=WINDOWS)) == []
    assert doubts(selection(entry)) == []


def test_an_extra_that_brings_what_is_there_anyway() -> None:
    other = {"name": "a", "version": "2.0", "markers": 'extra=="x" and os_name == "nt"'}
    assert doubts(selection({"name": "a"}, other, extras=("x",))) == []
    assert doubts(selection({"name": "a"}, extras=("x",))) == []


@pytest.mark.parametrize(
    ("source", "is_doubtful"),
    [
        (None, True),
        ({"type": "legacy", "url": "https://x.invalid", "reference": "x"}, True),
        ({"type": "url", "url": "https://x.invalid/a.zip"}, True),
        ({"type": "file", "url": "a.zip"}, True),
        ({"type": "directory", "url": "a"}, False),
        ({"type": "git", "url": "https://x.invalid", "resolved_reference": "abc"}, False),
    ],
)
def test_no_hashes(source: dict[str, str] | None, is_doubtful: bool) -> None:
    entry = {"name": "a", "files": [], **({"source": source} if source else {})}
    assert doubts(selection(entry)) == ([(Doubt.NO_HASHES, ("a",))] if is_doubtful else [])


TAGS = {"cp311-cp311-manylinux_2_17_x86_64": 0, "cp311-abi3-linux_x86_64": 1, "py3-none-any": 2}


@pytest.mark.parametrize(
    ("files", "fits"),
    [
        ([wheel("a")], True),
        ([wheel("a", tag="py2.py3-none-any")], True),
        ([wheel("a", tag="1-py3-none-any")], True),
        ([wheel("a", tag="cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64")], True),
        ([wheel("a", tag="cp37-abi3-linux_x86_64"), wheel("a", tag="cp311-abi3-linux_x86_64")], True),
        ([wheel("a", tag="cp312-cp312-manylinux_2_17_x86_64")], False),
        ([wheel("a", tag="cp311-cp311-win_amd64"), wheel("a", tag="py2-none-any")], False),
        ([wheel("a", tag="cp311-cp311-win_amd64"), sdist("a")], True),
        ([sdist("a", suffix=".tar.bz2")], True),
        ([sdist("a", suffix=".egg"), sdist("a", suffix=".exe")], False),
        ([LockedFile("odd.whl", wheel("a").hash)], False),
        ([], True),
    ],
)  # fmt: skip
def test_a_file_for_the_target(files: list[LockedFile], fits: bool) -> None:
    assert has_file_for(locked("a", files=files), TAGS) is fits


@pytest.mark.parametrize(
    "source",
    [
        UrlSource("https://x.invalid/a.whl", None),
        FileSource("a.whl", None),
        DirectorySource("a"),
        GitSource("https://x.invalid", None, None, None),
    ],
)
def test_only_what_an_index_offers_is_judged(source: Source) -> None:
    other = [wheel("a", tag="cp312-cp312-win_amd64")]
    assert has_file_for(locked("a", source=source, files=other), TAGS)


def test_no_file_for_the_target() -> None:
    entry = {"name": "a", "files": [{"file": "a-1.0-cp39-cp39-any.whl", "hash": "sha256:00"}]}
    assert doubts(selection(entry, tags=TAGS)) == [(Doubt.NO_FILE, ("a",))]
    assert doubts(selection(entry, tags=None)) == []


def many(number: int, markers: str) -> list[dict[str, str]]:
    return [{"name": f"p{at}-{len(markers)}", "markers": markers} for at in range(number)]


def test_a_lock_for_another_platform() -> None:
    packages = [*many(20, 'sys_platform == "darwin"'), {"name": "a"}]
    (problem,) = lock_problems(selection(*packages))
    assert problem.doubt is Doubt.FOREIGN_LOCK
    assert problem.message.startswith("only 1 of the 21 packages")
    assert "for macOS x86_64 it would be 21" in problem.message
    assert doubts(selection(*packages, platform=MACOS_ARM)) == []


@pytest.mark.parametrize(
    "packages",
    [
        [],
        many(9, 'sys_platform == "win32"'),
        [*many(20, 'extra == "x"'), {"name": "a"}],
        [*many(20, 'python_version < "3"'), {"name": "a"}],
        [*many(20, 'sys_platform == "darwin"'), *many(6, 'os_name == "posix"')],
    ],
)
def test_little_is_not_yet_suspicious(packages: list[dict[str, str]]) -> None:
    assert doubts(selection(*packages)) == []


@each_pair("2.1")
def test_of_real_locks_only_the_odd_ones_are_doubtful(pair: Pair) -> None:
    lock, project = Lockfile.from_dict(pair.lock), Project.from_dict(pair.pyproject)
    found: set[Doubt] = set()
    for options in (SelectionOptions(), SelectionOptions(all_groups=True, all_extras=True)):
        for platform in (LINUX_X86, LINUX_ARM, MACOS_ARM, WINDOWS):
            for python in ("3.10.20", "3.11.15", "3.13.9"):
                found |= {each.doubt for each in problems(lock, project, options, environment(python, platform))}  # fmt: skip
    assert found == DOUBTFUL.get(pair.name, set())


def problems(
    lock: Lockfile, project: Project, options: SelectionOptions, markers: Markers
) -> tuple[LockProblem, ...]:
    asked = wanted(options, project, lock)
    whole = Selection(lock, asked, markers, select(lock, asked, markers))
    return lock_problems(whole._replace(tags=None))

"""A lock is read as Poetry's `Locker` reads it, and refused where it refuses."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from poetry.core.packages.package import Package
from poetry.packages.locker import Locker
from support import corpus
from support.hard_project import hard
from support.poetry_in_process import picks_of_ours, picks_of_poetry

from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.model import LockedPackage, normalize_name
from hybrid_install.core.versions import same_version
from hybrid_install.errors import LockfileError

pytestmark = pytest.mark.conformance

Document = dict[str, Any]


@corpus.each_pair("2.1")
def test_every_package_of_a_real_lock(pair: corpus.Pair, tally: Counter[str]) -> None:
    _compare_packages(pair.folder, pair.lock, tally)


def test_every_package_of_the_hard_lock(tmp_path: Path, tally: Counter[str]) -> None:
    project = hard()
    _compare_packages(project.write(tmp_path), project.lock, tally)


@corpus.each_pair("1.0", "1.1", "2.0")
def test_an_older_lock_has_no_groups_and_markers(pair: corpus.Pair) -> None:
    lock = Lockfile.from_dict(pair.lock, first_line=pair.first_line)
    poetry = Locker(pair.folder / "poetry.lock", pair.pyproject)
    assert not lock.has_groups_and_markers
    assert not poetry.is_locked_groups_and_markers()
    assert lock.version_text == pair.lock_version
    assert lock.extras == {name.lower() for name in poetry.lock_data.get("extras", {})}


@corpus.each_pair("1.0", "1.1", "2.0")
def test_every_package_of_an_older_lock(pair: corpus.Pair, tally: Counter[str]) -> None:
    """Identity, files and all that does not come from groups and markers."""
    ours = Lockfile.from_dict(pair.lock).packages
    theirs = Locker(pair.folder / "poetry.lock", {}).locked_repository().packages
    for package, expected in zip(ours, theirs, strict=True):
        _compare_package(package, expected, pair.folder, tally)
        assert package.python_versions == expected.python_versions
        assert {str(normalize_name(name)) for name in package.dependencies} == {
            str(dependency.name) for dependency in expected.requires
        }
        assert {str(normalize_name(extra)) for extra in package.extras} == set(
            map(str, expected.extras)
        )


@pytest.mark.parametrize(
    "version",
    [
        "0.9",
        "1.0",
        "1",
        "1.1",
        "1.2",
        "2",
        "2.0",
        "2.1",
        "2.1.0",
        "2.2",
        "2.10",
        "3",
        "3.0",
        "30.1",
    ],
)
def test_lock_versions(version: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Which are readable, which are newer than known, and which have groups and markers."""
    document: Document = {"package": [], "metadata": {"lock-version": version}}
    poetry = _locker(document, tmp_path)
    try:
        lock = Lockfile.from_dict(document)
    except LockfileError as refusal:
        with pytest.raises(RuntimeError, match=refusal.message):
            _ = poetry.lock_data
        return
    with caplog.at_level(logging.WARNING):
        assert lock.has_groups_and_markers is poetry.is_locked_groups_and_markers()
    assert lock.is_newer_than_known is ("might not be compatible" in caplog.text)


@pytest.mark.parametrize("document", [{}, {"package": []}, {"metadata": {}, "package": []}])
def test_a_lock_without_metadata_or_version_is_refused_in_poetrys_words(
    document: Document, tmp_path: Path
) -> None:
    with pytest.raises(LockfileError) as ours:
        Lockfile.from_dict(document)
    with pytest.raises(RuntimeError) as theirs:
        _ = _locker(document, tmp_path).lock_data
    assert ours.value.message == str(theirs.value).splitlines()[0]


def _compare_packages(folder: Path, document: Document, tally: Counter[str]) -> None:
    """Every package with its groups, in the lock's order."""
    ours = Lockfile.from_dict(document).packages
    theirs = Locker(folder / "poetry.lock", {}).locked_packages()
    for package, (expected, info) in zip(ours, theirs.items(), strict=True):
        _compare_package(package, expected, folder, tally)
        assert set(map(str, package.groups)) == set(map(str, info.groups))


def _compare_package(
    package: LockedPackage, expected: Package, folder: Path, tally: Counter[str]
) -> None:
    """Identity, files, develop and optional."""
    tally.update(["locked packages"])
    [ours], [theirs] = picks_of_ours([package], folder), picks_of_poetry([expected])
    assert replace(ours, version=theirs.version) == theirs
    assert same_version(ours.version, theirs.version)
    assert package.develop is expected.develop
    assert package.optional is expected.optional
    assert _files(package) == [(file["file"], file["hash"]) for file in expected.files]
    tally.update(["locked packages equal"])


def _files(package: LockedPackage) -> list[tuple[str, str]]:
    return [(file.name, str(file.hash)) for file in package.files]


def _locker(document: Document, folder: Path) -> Locker:
    folder.joinpath("poetry.lock").write_text(tomlkit.dumps(document), "utf-8")
    return Locker(folder / "poetry.lock", {})

"""What `--require-hashes` and `--no-build` are about, source by source."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.fakes import install_operation, locked, sdist, wheel

from hybrid_install.core.demands import (
    Breach,
    built,
    chosen_by_poetry,
    pinned_otherwise,
    without_hash,
)
from hybrid_install.core.file_choice import BinaryPolicy
from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    Hash,
    LockedFile,
    LockedPackage,
    Source,
    UrlSource,
)
from hybrid_install.core.plan import Action, Operation, Plan

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GIT = GitSource("https://x.invalid/a.git", "main", COMMIT, None)
BRANCH = GitSource("https://x.invalid/a.git", "main", None, None)
FOLDER = DirectorySource("libs/a")
WHEEL_URL = UrlSource("https://x.invalid/a-1.0-py3-none-any.whl?token=1.tar.gz#sha256=00", None)
SDIST_URL = UrlSource("https://x.invalid/a-1.0.tar.gz#egg=a.whl", None)
WHEEL_PATH = FileSource("vendor/a-1.0-py3-none-any.whl", None)
SDIST_PATH = FileSource("vendor/a-1.0.zip", None)
WEAK = LockedFile(wheel("a").name, Hash("md5", "00"))
ANY = BinaryPolicy()


def operation(package: LockedPackage, action: Action = Action.INSTALL) -> Operation:
    return replace(install_operation(package), action=action)


def plan(*operations: Operation) -> Plan:
    return Plan(operations)


def of(source: Source | None, *files: LockedFile) -> Plan:
    return plan(operation(locked("a", source=source, files=files)))


def reasons(found: tuple[Breach, ...]) -> list[str]:
    return [each.because for each in found]


@pytest.mark.parametrize(
    ("source", "files", "expected"),
    [
        (None, [wheel("a")], []),
        (None, [], ["the lock holds no hash for it"]),
        (None, [WEAK], ["the lock holds but a md5 hash for it"]),
        (GIT, [], []),
        (BRANCH, [], ["the lock does not name its commit in full"]),
        (FOLDER, [], []),
        (WHEEL_URL, [wheel("a")], []),
        (WHEEL_URL, [], ["the lock holds no hash for it"]),
        (SDIST_PATH, [sdist("a")], []),
        (SDIST_PATH, [], ["the lock holds no hash for it"]),
    ],
)
def test_what_the_lock_pins_by_hash(
    source: Source | None, files: list[LockedFile], expected: list[str]
) -> None:
    assert reasons(without_hash(of(source, *files))) == expected


def test_where_no_file_fits_nothing_is_installed() -> None:
    foreign = replace(operation(locked("a"), Action.DEFER), files=())
    assert without_hash(plan(foreign)) == ()
    assert built(plan(foreign), ANY) == ()


@pytest.mark.parametrize("action", list(Action))
def test_which_operations_they_are_about(action: Action) -> None:
    """What is kept has no hash either, but is not built again."""
    unhashed = plan(operation(locked("a", files=()), action))
    assert bool(without_hash(unhashed)) is (action not in {Action.REMOVE, Action.PROVIDED})
    from_source = plan(operation(locked("a", files=[sdist("a")]), action))
    changing = {Action.INSTALL, Action.REINSTALL, Action.DEFER}
    assert bool(built(from_source, ANY)) is (action in changing)


@pytest.mark.parametrize("source", [None, GIT, FOLDER, WHEEL_URL])
def test_what_poetry_chooses_the_file_of(source: Source | None) -> None:
    left = replace(operation(locked("a", source=source), Action.DEFER), reason="because")
    assert reasons(chosen_by_poetry(plan(left))) == ([] if source else ["because"])
    assert chosen_by_poetry(of(source, wheel("a"))) == ()


@pytest.mark.parametrize(
    ("source", "expected"),
    [(GIT, ["git commit 0123456789ab"]), (FOLDER, ["folder libs/a"]), (BRANCH, []), (None, [])],
)
def test_what_holds_those_that_have_no_hash(source: Source | None, expected: list[str]) -> None:
    assert reasons(pinned_otherwise(of(source))) == expected


@pytest.mark.parametrize(
    ("source", "files", "expected"),
    [
        (None, [wheel("a"), sdist("a")], []),
        (None, [sdist("a")], ["the lock has no wheel of it that fits, but a-1.0.tar.gz"]),
        (None, [], []),
        (GIT, [], ["it is a git dependency"]),
        (FOLDER, [], ["it is a project on disk, libs/a"]),
        (WHEEL_URL, [], []),
        (SDIST_URL, [], ["the archive behind its url is no wheel"]),
        (WHEEL_PATH, [], []),
        (SDIST_PATH, [], ["vendor/a-1.0.zip is no wheel"]),
    ],
)
def test_what_would_be_built(
    source: Source | None, files: list[LockedFile], expected: list[str]
) -> None:
    assert reasons(built(of(source, *files), ANY)) == expected


@pytest.mark.parametrize("files", [[], [wheel("a")]])
def test_a_package_whose_wheels_are_forbidden(files: list[LockedFile]) -> None:
    """Without hashes Poetry would take the sdist of which the lock says nothing."""
    policy = BinaryPolicy(no_binary=frozenset({"a"}))
    assert reasons(built(of(None, *files), policy)) == ["installer.no-binary forbids its wheels"]


def test_a_breach_in_words() -> None:
    assert str(Breach("a", "1.0", "it is a git dependency")) == "a 1.0: it is a git dependency"

"""Groups and extras as asked for, and what a lock selects for them."""

from __future__ import annotations

from typing import Any

import pytest
from support.environments import LINUX_X86, MACOS_ARM, environment

from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.model import normalize_name
from hybrid_install.core.project import Project
from hybrid_install.core.selection import (
    SelectionOptions,
    Wanted,
    select,
    several_versions,
    wanted,
)
from hybrid_install.errors import InvalidDataError, SelectionError

PROJECT = Project.from_dict(
    {
        "project": {
            "name": "a",
            "dependencies": ["x"],
            "optional-dependencies": {"A_b": [], "c": []},
        },
        "dependency-groups": {"Dev_Tools": [], "docs": []},
        "tool": {"poetry": {"group": {"docs": {"optional": True}}}},
    }
)
NO_GROUPS = Project.from_dict({"project": {"name": "a"}})
LINUX = environment("3.11.15", LINUX_X86)
MACOS = environment("3.13.9", MACOS_ARM)


def lock_of(*packages: dict[str, Any], extras: tuple[str, ...] = ("A_b", "c")) -> Lockfile:
    entries = [{"version": "1.0", "groups": ["main"], **package} for package in packages]
    return Lockfile.from_dict(
        {
            "package": entries,
            "extras": {extra: [] for extra in extras},
            "metadata": {"lock-version": "2.1"},
        }
    )


def asked(*groups: str, extras: tuple[str, ...] = ()) -> Wanted:
    return Wanted(frozenset(map(normalize_name, groups)), frozenset(map(normalize_name, extras)))


@pytest.mark.parametrize(
    ("options", "groups"),
    [
        (SelectionOptions(), {"main", "dev-tools"}),
        (SelectionOptions(with_groups=("docs",)), {"main", "dev-tools", "docs"}),
        (SelectionOptions(with_groups=("DOCS, main",)), {"main", "dev-tools", "docs"}),
        (SelectionOptions(without_groups=("main", "dev.tools")), set()),
        (SelectionOptions(with_groups=("docs",), without_groups=("docs",)), {"main", "dev-tools"}),
        (SelectionOptions(only_groups=("docs",)), {"docs"}),
        (SelectionOptions(only_groups=("docs,main",), without_groups=("main",)), {"docs", "main"}),
        (SelectionOptions(all_groups=True), {"main", "dev-tools", "docs"}),
        (SelectionOptions(only_root=True), set()),
        (SelectionOptions(no_root=True), {"main", "dev-tools"}),
    ],
)
def test_active_groups(options: SelectionOptions, groups: set[str]) -> None:
    assert wanted(options, PROJECT, lock_of()).groups == groups


@pytest.mark.parametrize(
    ("options", "extras"),
    [
        (SelectionOptions(), set()),
        (SelectionOptions(extras=("a.B",)), {"a-b"}),
        (SelectionOptions(extras=("A_b  c",)), {"a-b", "c"}),
        (SelectionOptions(extras=("A_b", "c", "c")), {"a-b", "c"}),
        (SelectionOptions(extras=("",)), set()),
        (SelectionOptions(all_extras=True), {"a-b", "c"}),
    ],
)
def test_active_extras(options: SelectionOptions, extras: set[str]) -> None:
    assert wanted(options, PROJECT, lock_of()).extras == extras


_GROUPS = "the project's groups: dev-tools, docs, main"
_EXTRAS = "the project's extras: a-b, c"


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (SelectionOptions(with_groups=("nope",)), "Group(s) not found: nope (via --with)", _GROUPS),
        (SelectionOptions(without_groups=("nope",)), "Group(s) not found: nope (via --without)", _GROUPS),
        (SelectionOptions(only_groups=("main,nope",)), "Group(s) not found: nope (via --only)", _GROUPS),
        (
            SelectionOptions(("nope", "Nope"), ("nope,nope",), ("zzz", "nope")),
            "Group(s) not found: Nope (via --with), nope (via --only, --with, --without), zzz (via --only)",
            _GROUPS,
        ),
        (SelectionOptions(with_groups=("docs,",)), "Group(s) not found:  (via --with)", _GROUPS),
        (SelectionOptions(extras=("nope",)), "Extra [nope] is not specified.", _EXTRAS),
        (SelectionOptions(extras=("c zzz No_Pe",)), "Extra [no-pe] is not specified.", _EXTRAS),
        (SelectionOptions(extras=("a-b,c",)), "Extra [a-b,c] is not specified.", _EXTRAS),
        (
            SelectionOptions(extras=("c",), all_extras=True),
            "You cannot specify explicit `--extras` while installing using `--all-extras`.",
            "keep one of the two",
        ),
        (
            SelectionOptions(only_groups=("main",), only_root=True),
            (
                "The `--with`, `--without`, `--only` and `--all-groups` options cannot be used with"
                " the `--only-root` option."
            ),
            "--only-root installs no group at all",
        ),
        (
            SelectionOptions(only_root=True, no_root=True),
            "You cannot specify `--no-root` when using `--only-root`.",
            "keep one of the two",
        ),
        (
            SelectionOptions(without_groups=("nope",), all_groups=True),
            "You cannot specify `--with`, `--without`, or `--only` when using `--all-groups`.",
            "--all-groups already includes the optional ones",
        ),
    ],
)  # fmt: skip
def test_refusals(options: SelectionOptions, message: str, hint: str) -> None:
    with pytest.raises(SelectionError) as error:
        checked(options)
    assert (error.value.message, error.value.hint) == (message, hint)


def checked(options: SelectionOptions) -> Wanted:
    options.refuse_conflicts()
    return wanted(options, PROJECT, lock_of())


def test_hints_where_there_is_nothing_to_choose_from() -> None:
    lock = lock_of(extras=())
    with pytest.raises(SelectionError) as of_groups:
        wanted(SelectionOptions(with_groups=("x",)), NO_GROUPS, lock)
    with pytest.raises(SelectionError) as of_extras:
        wanted(SelectionOptions(extras=("x",)), NO_GROUPS, lock)
    assert of_groups.value.hint == "the project has no groups"
    assert of_extras.value.hint == "the project has no extras"


def test_all_extras_are_the_projects_but_the_lock_must_have_them() -> None:
    with pytest.raises(SelectionError, match=r"^Extra \[a-b\] is not specified\.$"):
        wanted(SelectionOptions(all_extras=True), PROJECT, lock_of(extras=("c",)))


@pytest.mark.parametrize(
    ("package", "groups", "extras", "is_selected"),
    [
        ({}, ["main"], [], True),
        ({}, ["docs"], [], False),
        ({}, [], [], False),
        ({"groups": []}, ["main"], [], False),
        ({"groups": ["main", "Dev_Tools"]}, ["dev-tools"], [], True),
        ({"markers": 'sys_platform == "linux"'}, ["main"], [], True),
        ({"markers": 'sys_platform == "darwin"'}, ["main"], [], False),
        ({"markers": "<empty>"}, ["main"], [], False),
        ({"markers": 'extra == "A_b"'}, ["main"], [], False),
        ({"markers": 'extra == "A_b"'}, ["main"], ["a-b"], True),
        # Of several active groups one is enough; a group that is not active does not count.
        (
            {"groups": ["main", "docs"], "markers": {"main": "<empty>", "docs": 'os_name == "posix"'}},
            ["main", "docs"], [], True,
        ),
        (
            {"groups": ["main", "docs"], "markers": {"main": "<empty>", "docs": 'os_name == "posix"'}},
            ["main"], [], False,
        ),
        # A group that the table lacks has no marker.
        ({"groups": ["main", "docs"], "markers": {"main": "<empty>"}}, ["docs"], [], True),
        # Nothing else matters.
        ({"optional": True}, ["main"], [], True),
        ({"python-versions": ">=4"}, ["main"], [], True),
        ({"dependencies": {"absent": "*"}}, ["main"], [], True),
    ],
)  # fmt: skip
def test_select(
    package: dict[str, Any], groups: list[str], extras: list[str], is_selected: bool
) -> None:
    selected = select(
        lock_of({"name": "x", **package}), asked(*groups, extras=tuple(extras)), LINUX
    )
    assert [found.name for found in selected] == (["x"] if is_selected else [])


def test_a_selection_is_sorted() -> None:
    lock = lock_of({"name": "b"}, {"name": "a", "version": "2"}, {"name": "A", "version": "1"})
    pins = [package.pin for package in select(lock, asked("main"), LINUX)]
    assert pins == ["a (1)", "a (2)", "b (1.0)"]


def test_each_target_gets_its_own_version() -> None:
    lock = lock_of(
        {"name": "x", "version": "1", "markers": 'python_version < "3.12"'},
        {"name": "x", "version": "2", "markers": 'python_version >= "3.12"'},
    )
    of_each = [select(lock, asked("main"), target) for target in (LINUX, MACOS)]
    assert [[package.version for package in selected] for selected in of_each] == [["1"], ["2"]]


def test_exclusive_extras_asked_for_together_select_neither() -> None:
    lock = lock_of(
        {"name": "x", "version": "1", "markers": 'extra == "a" and extra != "b"'},
        {"name": "x", "version": "2", "markers": 'extra == "b" and extra != "a"'},
    )
    assert select(lock, asked("main", extras=("a", "b")), LINUX) == ()
    assert [package.version for package in select(lock, asked("main", extras=("a",)), LINUX)] == [
        "1"
    ]


def test_an_unreadable_marker_is_an_error_that_names_the_package() -> None:
    lock = lock_of({"name": "a"}, {"name": "b", "markers": "os_name = 'nt'"})
    with pytest.raises(InvalidDataError) as error:
        select(lock, asked("main"), LINUX)
    assert str(error.value) == (
        "poetry.lock: package[1].markers: invalid marker \"os_name = 'nt'\" (PEP 508)"
    )


def test_several_versions() -> None:
    cpu = {"type": "legacy", "url": "https://cpu.invalid/simple", "reference": "cpu"}
    packages = lock_of(
        {"name": "b", "version": "2"},
        {"name": "a"},
        {"name": "B", "version": "1"},
        {"name": "c"},
        {"name": "c", "source": cpu},
    ).packages
    assert several_versions(packages) == {"b": ["2", "1"], "c": ["1.0", "1.0"]}
    assert several_versions(packages[1:3]) == {}

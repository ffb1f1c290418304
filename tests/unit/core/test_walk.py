"""The walk over the lock: what is reached, which version is taken, and what is left to Poetry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from support.environments import LINUX_X86, MACOS_ARM, environment

from hybrid_install.core.deferral import Ambiguity
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.model import MAIN_GROUP, NormalizedName, normalize_name
from hybrid_install.core.selection import Wanted
from hybrid_install.core.walk import walk

LINUX = environment("3.12.13", LINUX_X86)
MACOS = environment("3.10.20", MACOS_ARM)
NAMES = frozenset[NormalizedName]


def package(name: str, version: str = "1.0", **entries: Any) -> dict[str, Any]:
    return {"name": name, "version": version, "optional": False, "python-versions": "*", **entries}


def needing(name: str, version: str = "1.0", /, **dependencies: Any) -> dict[str, Any]:
    return package(name, version, dependencies=dependencies)


def project(*dependencies: str, **tables: Any) -> dict[str, Any]:
    head = {"name": "the-project", "version": "1.0", "dependencies": list(dependencies)}
    return {"project": {**head, **tables.pop("project", {})}, **tables}


def walked(
    pyproject: dict[str, Any],
    *packages: dict[str, Any],
    groups: tuple[str, ...] = ("main",),
    extras: tuple[str, ...] = (),
    on: Mapping[str, str] = LINUX,
) -> list[str] | str:
    """`name version` of what is selected, or why nothing is."""
    lock = Lockfile.from_dict({"package": list(packages), "metadata": {"lock-version": "2.0"}})
    wanted = Wanted(frozenset(map(normalize_name, groups)), frozenset(map(normalize_name, extras)))
    found = walk(lock, pyproject, "/the/project", wanted, on)
    if isinstance(found, Ambiguity):
        return found.because
    return [f"{each.name} {each.version}" for each in found]


def test_what_is_reached_is_selected() -> None:
    packages = needing("A", b=">=1"), needing("b", C_d="*"), package("c.d"), package("stranger")
    assert walked(project("a"), *packages) == ["a 1.0", "b 1.0", "c-d 1.0"]


def test_nothing_is_asked_for() -> None:
    assert walked(project("a"), package("a"), groups=()) == []


def test_circles_end() -> None:
    assert walked(project("a"), needing("a", b="*"), needing("b", a="*")) == ["a 1.0", "b 1.0"]


def test_a_dependency_on_the_project_is_none() -> None:
    assert walked(project("a"), needing("a", The_Project="*")) == ["a 1.0"]
    assert walked(project("a"), needing("a", the_project=">=2")) == (
        "a (1.0) depends on the project itself, the-project (>=2)"
    )


@pytest.mark.parametrize(
    ("entry", "on_linux", "on_macos"),
    [
        ({"version": "*", "markers": 'sys_platform == "linux"'}, True, False),
        ({"version": "*", "markers": 'python_version < "3.11"'}, False, True),
        ({"version": "*", "markers": 'python_full_version <= "3.11.0a6"'}, False, True),
        ({"version": "*", "markers": 'python_version in "3.11 3.12"'}, True, False),
        # As lock version 1.0 has it.
        ({"version": "*", "python": "<3.11"}, False, True),
        ({"version": "*", "platform": "darwin"}, False, True),
        ({"version": "*", "optional": True}, False, False),
        ([{"version": "*", "python": "<3"}, {"version": "1.0"}], True, True),
        ("*", True, True),
    ],
)
def test_dependencies_that_apply(entry: Any, on_linux: bool, on_macos: bool) -> None:
    packages = needing("a", b=entry), package("b")
    assert ("b 1.0" in walked(project("a"), *packages, on=LINUX)) is on_linux
    assert ("b 1.0" in walked(project("a"), *packages, on=MACOS)) is on_macos


@pytest.mark.parametrize(
    ("asked", "selected"),
    [
        ("a", []),
        ("a[x]", ["b"]),
        ("a[y]", ["c"]),
        ("a[every]", ["b", "c"]),
        ("a[unknown]", []),
    ],
)
def test_extras_of_a_package(asked: str, selected: list[str]) -> None:
    dependencies = {
        "b": {"version": "*", "optional": True},
        "c": {"version": "*", "optional": True, "markers": 'extra == "y"'},
    }
    extras = {"X": ["b (>=1)"], "y": ["c"], "every": ["a[x]", "A[Y]"]}
    packages = package("a", dependencies=dependencies, extras=extras), package("b"), package("c")
    assert walked(project(asked), *packages) == ["a 1.0", *(f"{name} 1.0" for name in selected)]


@pytest.mark.parametrize(
    ("extras", "selected"),
    [((), ["a 1.0"]), (("X",), ["a 1.0", "b 1.0", "c 1.0"]), (("y",), ["a 1.0"])],
)
def test_extras_of_the_project(extras: tuple[str, ...], selected: list[str]) -> None:
    """What extras list is part of the solution even where it is not installed."""
    pyproject = project("a", project={"optional-dependencies": {"x": ["b"], "y": ["a"]}})
    packages = package("a"), needing("b", c="*"), package("c")
    assert walked(pyproject, *packages, extras=extras) == selected


def test_what_extras_would_need_still_has_a_say() -> None:
    pyproject = project("a", project={"optional-dependencies": {"x": ["a<2"]}})
    assert walked(pyproject, package("a", "1.0"), package("a", "2.0")) == ["a 1.0"]


def test_groups() -> None:
    poetry = {"group": {"dev": {"dependencies": {"b": "*"}}, "docs": {"include-groups": ["dev"]}}}
    pyproject = project("a", **{"dependency-groups": {"lint": ["c"]}}, tool={"poetry": poetry})
    packages = package("a"), package("b"), package("c")
    assert walked(pyproject, *packages, groups=("docs",)) == ["b 1.0"]
    assert walked(pyproject, *packages, groups=("main", "lint")) == ["a 1.0", "c 1.0"]


def test_the_highest_version_that_everything_allows() -> None:
    versions = [package("b", version) for version in ("1.0", "1.10", "1.9", "2.0")]
    assert walked(project("b"), *versions) == ["b 2.0"]
    assert walked(project("b", "a"), needing("a", b="<2"), *versions) == ["a 1.0", "b 1.10"]
    assert walked(project("b!=2.0", "a"), needing("a", b="<1.10"), *versions) == ["a 1.0", "b 1.9"]


def test_a_version_that_python_does_not_allow_is_passed_over() -> None:
    newer = package("a", "2.0", **{"python-versions": ">=3.11"})
    assert walked(project("a"), package("a"), newer, on=LINUX) == ["a 2.0"]
    assert walked(project("a"), package("a"), newer, on=MACOS) == ["a 1.0"]


def test_a_version_that_contradicts_what_is_needed_is_passed_over() -> None:
    packages = needing("a", "2.0", c="<2"), needing("a", "1.0", c="*"), package("c", "2.0")
    assert walked(project("a", "c"), *packages) == ["a 1.0", "c 2.0"]


TORCH = (needing("torch", "2.0", lib="1.0"), needing("torch", "1.0", lib="*"))


def test_what_is_more_urgent_is_decided_first() -> None:
    """Poetry decides first what sets the most upper bounds."""
    libraries = package("lib", "1.0"), package("lib", "2.0")
    assert walked(project("torch", "lib"), *TORCH, *libraries) == ["lib 1.0", "torch 2.0"]


def test_what_depends_on_the_order_is_left_to_poetry() -> None:
    libraries = needing("lib", "1.0"), needing("lib", "2.0", a="<9"), package("a")
    because = walked(project("torch", "lib"), *TORCH, *libraries)
    assert because == "both lib (2.0) and 1.0 satisfy lib (*)"


CPU: dict[str, Any] = {
    "source": {"type": "legacy", "url": "https://cpu.invalid", "reference": "cpu"}
}
FROM_CPU: dict[str, Any] = {
    "source": [{"name": "cpu", "url": "https://cpu.invalid", "priority": "explicit"}]
}


def test_a_source_is_followed() -> None:
    packages = package("a", "1.0"), package("a", "1.0+cpu", **CPU)
    of_cpu = {"poetry": {"dependencies": {"a": {"version": "*", "source": "CPU"}}, **FROM_CPU}}
    of_pypi = {"poetry": {"dependencies": {"a": {"version": "*", "source": "pypi"}}}}
    name = {"project": {"name": "p", "version": "1"}}
    assert walked({**name, "tool": of_cpu}, *packages) == ["a 1.0+cpu"]
    assert walked({**name, "tool": of_pypi}, *packages) == ["a 1.0"]


def test_one_version_from_two_places_is_left_to_poetry() -> None:
    packages = package("a"), package("a", **CPU)
    assert walked(project("a"), *packages) == "a (1.0) is in the lock more than once"


URL = "https://files.invalid/a-1.0.zip"
GIT = "https://git.invalid/a.git"


@pytest.mark.parametrize(
    ("entry", "source", "fits"),
    [
        ({"url": URL}, {"type": "url", "url": URL}, True),
        ({"url": URL}, {"type": "url", "url": f"{URL}#x"}, False),
        ({"url": URL, "subdirectory": "s"}, {"type": "url", "url": URL, "subdirectory": "s"}, True),
        ({"url": URL, "subdirectory": "s"}, {"type": "url", "url": URL}, False),
        ({"git": GIT}, {"type": "git", "url": GIT, "reference": "HEAD"}, True),
        ({"git": GIT, "branch": "main"}, {"type": "git", "url": GIT, "reference": "main"}, True),
        ({"git": GIT, "tag": "1"}, {"type": "git", "url": GIT, "reference": "main"}, False),
        ({"path": "../x/a"}, {"type": "directory", "url": "libs/x/a"}, True),
        ({"path": "../x", "subdirectory": "a"}, {"type": "directory", "url": "libs/x/a"}, True),
        ({"path": "/the/project/libs/a"}, {"type": "directory", "url": "libs/a"}, True),
        ({"path": "../x/a"}, {"type": "directory", "url": "x/a"}, False),
        ({"path": "a.zip"}, {"type": "file", "url": "libs/own/a.zip"}, True),
        ({"file": "a.zip"}, {"type": "file", "url": "libs/own/a.zip"}, True),
        ({"path": "a.zip", "subdirectory": "s"}, {"type": "file", "url": "libs/own/a.zip"}, False),
        ("*", {"type": "url", "url": URL}, True),
    ],
)
def test_a_place_is_followed(entry: Any, source: dict[str, str], fits: bool) -> None:
    """A path is relative to the folder of the package that names it."""
    owner = package(
        "own", dependencies={"a": entry}, source={"type": "directory", "url": "libs/own"}
    )
    found = walked(project("own"), owner, package("a", source=source))
    assert (found == ["a 1.0", "own 1.0"]) is fits
    assert fits or "no locked package satisfies a (*)" in found


def test_what_poetry_would_fetch_to_pass_over_is_left_to_it() -> None:
    """The solver takes the higher version first, though Python does not allow it."""
    newer = package("a", "2.0", source={"type": "url", "url": URL}, **{"python-versions": "<3"})
    because = "a (2.0) may have to be fetched to be passed over"
    assert walked(project("a"), package("a"), newer) == because


@pytest.mark.parametrize(
    ("packages", "because"),
    [
        ((), "no locked package satisfies a (*)"),
        ((needing("a", b=">=2"), package("b")), "no locked package satisfies b (>=2)"),
        (
            (needing("a", b="<2", c="*"), needing("c", b=">=2"), package("b"), package("b", "2.0")),
            "no locked package satisfies all of b (<2), b (>=2)",
        ),
        (
            (needing("a", b=["<1", ">2"]), package("b")),
            "a (1.0) depends on b in several ways, which exclude each other",
        ),
        ((package("a", "1.0.x"),), "a (1.0.x) cannot be read"),
        ((package("a", **{"python-versions": "?"}),), "a (1.0) cannot be read"),
        ((needing("a", b="?"),), "the dependencies of a (1.0) cannot be read"),
        ((needing("a", b={"markers": "?"}),), "the dependencies of a (1.0) cannot be read"),
        ((needing("a", b={"url": "?"}),), "the dependencies of a (1.0) cannot be read"),
        ((needing("a", b={"path": 1}),), "the dependencies of a (1.0) cannot be read"),
    ],
)
def test_what_poetry_refuses_is_left_to_it(
    packages: tuple[dict[str, Any], ...], because: str
) -> None:
    found = walked(project("a"), *packages)
    assert isinstance(found, str)
    assert found.startswith(because)


def test_a_pyproject_that_poetry_refuses_is_left_to_it() -> None:
    found = walked(project("a ??"))
    assert isinstance(found, str)
    assert found.startswith("pyproject.toml cannot be read")


def test_the_answer_does_not_depend_on_the_order_of_the_lock() -> None:
    packages = [
        needing("a", c="<3"),
        needing("b", c=">=1"),
        *(package("c", f"{n}.0") for n in (1, 2, 3)),
    ]
    expected = ["a 1.0", "b 1.0", "c 2.0"]
    assert walked(project("a", "b"), *packages) == expected
    assert walked(project("b", "a"), *reversed(packages)) == expected


def test_main_is_a_group() -> None:
    assert walked(project("a"), package("a"), groups=(MAIN_GROUP,)) == ["a 1.0"]

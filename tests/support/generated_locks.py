"""Projects of every shape, locked by Poetry itself, in process: nothing exists on any index.

Where `hard_project.projects` writes any entry that a lock may hold, these locks hang together:
their groups and markers are what Poetry's solver has carried from the project through all paths.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tomlkit
from cleo.io.null_io import NullIO
from hypothesis import strategies as st
from poetry.inspection.info import PackageInfo
from poetry.packages.locker import Locker
from poetry.puzzle.exceptions import SolverProblemError
from poetry.puzzle.provider import IncompatibleConstraintsError
from poetry.puzzle.solver import Solver
from poetry.repositories.repository_pool import RepositoryPool
from support.poetry_in_process import read_project

Document = dict[str, Any]

# Each with the spellings that dependencies use for it.
_NAMES: dict[str, tuple[str, ...]] = {
    "Zope.Interface": ("zope-interface", "Zope.Interface", "zope_interface"),
    "ruamel_yaml.Clib": ("ruamel-yaml-clib", "ruamel.yaml.clib"),
    "A__b": ("a-b", "A.B"),
    "six": ("six", "SIX"),
    "x-1": ("x-1", "X_1"),
    "e": ("e",),
}
_VERSIONS = (
    ("1.0", "2.0"),
    ("1.5.post1", "2.0"),
    ("1.0", "1.5.post1", "2.1+local.1"),
    ("1.9", "1!0.1"),
)
_CONSTRAINTS = ("", "", "", ">=1", "<2", ">=2")
_MARKERS = (
    'python_version < "3.12"',
    'python_version >= "3.11"',
    'python_full_version < "3.11.4"',
    'sys_platform == "win32"',
    'sys_platform != "win32"',
    'sys_platform == "linux" and python_version < "3.13"',
    'platform_machine == "arm64" or sys_platform == "linux"',
    'implementation_name == "cpython"',
    'os_name == "nt" and platform_machine != "AMD64"',
    'platform_system in "Linux Darwin"',
)
# A package in two versions, each under its own marker; the last ones hold together somewhere.
_SPLITS = (
    ('python_version < "3.12"', 'python_version >= "3.12"'),
    ('sys_platform == "win32"', 'sys_platform != "win32"'),
    ('sys_platform == "linux"', 'sys_platform != "linux" and python_version >= "3.11"'),
    ('python_version >= "3.11"', 'python_version < "3.13" and sys_platform == "win32"'),
    ('sys_platform == "linux"', 'python_version < "3.12"'),
)
_FEATURE = "Fast_er"
_GROUPS = ("Dev_Tools", "docs", "Type.Check")
_EXTRAS = ("A_b", "c")


class UnlockableError(Exception):
    """Poetry finds no solution, as is the fate of some projects."""


@dataclass(frozen=True)
class GeneratedProject:
    """A pyproject.toml, and what its index offers."""

    pyproject: Document
    offered: tuple[PackageInfo, ...]

    def lock_in(self, folder: Path) -> Path:
        """Write pyproject.toml, and the poetry.lock that Poetry makes for it."""
        folder.joinpath("pyproject.toml").write_text(tomlkit.dumps(self.pyproject), "utf-8")
        poetry = read_project(folder)
        packages = [offered.to_package() for offered in self.offered]
        pool = RepositoryPool.from_packages(packages, poetry.config)
        solver = Solver(poetry.package, pool, [], [], NullIO())
        try:
            solved = solver.solve().get_solved_packages()
        except (SolverProblemError, IncompatibleConstraintsError) as failure:
            raise UnlockableError(str(failure)) from None
        Locker(folder / "poetry.lock", poetry.pyproject.data).set_lock_data(poetry.package, solved)
        return folder


@dataclass(frozen=True)
class _Words:
    """What the requirements of one project are made of.

    Few markers for each: what Poetry makes of many that are joined grows without measure.
    """

    names: list[str]
    markers: list[str]
    split: tuple[str, str]

    def without(self, name: str) -> _Words:
        return replace(self, names=[each for each in self.names if each != name])


@st.composite
def generated_projects(draw: st.DrawFn) -> GeneratedProject:
    """Packages that need each other in any way, circles too, and a project that needs some."""
    words = _Words(
        draw(st.lists(st.sampled_from(sorted(_NAMES)), unique=True, min_size=4)),
        draw(st.lists(st.sampled_from(_MARKERS), unique=True, min_size=1, max_size=2)),
        draw(st.sampled_from(_SPLITS)),
    )
    offered = [
        _offered(name, version, draw(_requirements(words.without(name), features=True)))
        for name in words.names
        for version in draw(st.sampled_from(_VERSIONS))
    ]
    return GeneratedProject(draw(_pyprojects(words)), tuple(offered))


def _offered(name: str, version: str, requires: Iterable[str]) -> PackageInfo:
    digest = f"sha256:{'0' * 64}"
    return PackageInfo(
        name=name,
        version=version,
        requires_dist=list(requires),
        files=[{"file": f"{name}-{version}.tar.gz", "hash": digest}],
    )


@st.composite
def _requirements(
    draw: st.DrawFn, words: _Words, least: int = 0, *, features: bool = False
) -> list[str]:
    """PEP 508 lines; with `features` some of them belong to the extra that others may ask for."""
    found: list[str] = []
    for name in draw(
        st.lists(st.sampled_from(words.names), unique=True, min_size=least, max_size=3)
    ):
        spelling = draw(st.sampled_from(_NAMES[name]))
        asked = f"{spelling}{draw(st.sampled_from(['', '', f'[{_FEATURE}]']))}"
        shape = draw(st.sampled_from(["plain", "plain", "marked", "marked", "split", "feature"]))
        constraint = draw(st.sampled_from(_CONSTRAINTS))
        if shape == "split":
            low, high = words.split
            found += [f"{asked} (<2) ; {low}", f"{asked} (>=1.5) ; {high}"]
        elif shape == "marked":
            found.append(f"{asked} {constraint} ; {draw(st.sampled_from(words.markers))}")
        elif shape == "feature" and features:
            found.append(f'{asked} {constraint} ; extra == "{_FEATURE}"')
        else:
            found.append(f"{asked} {constraint}")
    return found


@st.composite
def _pyprojects(draw: st.DrawFn, words: _Words) -> Document:
    extras = draw(st.lists(st.sampled_from(_EXTRAS), unique=True))
    groups = draw(st.lists(st.sampled_from(_GROUPS), unique=True))
    optional = {name: {"optional": True} for name in groups if draw(st.booleans())}
    poetry: Document = {"group": optional} if optional else {}
    if len(extras) > 1 and draw(st.booleans()):
        exclusive = words.names[0]
        words = words.without(exclusive)
        poetry["dependencies"] = {exclusive: _exclusive(*extras)}
        of_extras = {extra: [exclusive] for extra in extras}
    else:
        of_extras = {extra: draw(_requirements(words, least=1)) for extra in extras}
    return {
        "project": {
            "name": "Generated.Project",
            "version": "1.0",
            "requires-python": ">=3.10",
            "dependencies": draw(_requirements(words, least=2)),
            "optional-dependencies": of_extras,
        },
        "dependency-groups": {
            name: draw(_group(words, groups[:index])) for index, name in enumerate(groups)
        },
        "tool": {"poetry": poetry},
    }


def _exclusive(one: str, other: str) -> list[Document]:
    """A version for each of two extras; both asked for at once have neither."""
    return [
        {"version": "<2", "optional": True, "markers": f"extra == '{one}' and extra != '{other}'"},
        {"version": ">=2", "optional": True, "markers": f"extra == '{other}' and extra != '{one}'"},
    ]


@st.composite
def _group(draw: st.DrawFn, words: _Words, earlier: list[str]) -> list[str | Document]:
    included = draw(st.lists(st.sampled_from(earlier), max_size=1)) if earlier else []
    return [*({"include-group": name} for name in included), *draw(_requirements(words, least=1))]

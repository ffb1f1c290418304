"""Projects and locks whose packages depend on each other, written without any resolution.

Most of them make sense, some do not: versions that exclude each other, circles, extras that name
themselves. Poetry says what is to be made of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from hypothesis import strategies as st
from support.poetry_in_process import content_hash

Document = dict[str, Any]

NAMES = ("a", "b", "c", "d", "e", "f")
EXTRAS = ("x", "y")
ROOT_EXTRAS = ("one", "two")
_CONSTRAINTS = ("*", "*", "*", ">=1.0", "<2.0", ">=2.0", "<3.0", "^1.0", "2.0", ">=1.0,<3.0")
_PYTHONS = ("*", "*", "*", "*", ">=3.8", "<3.11", ">=3.11", ">=3.9,<3.13")
_MARKERS = (
    'python_version < "3.11"',
    'python_version >= "3.11"',
    'sys_platform == "linux"',
    'sys_platform != "linux"',
    'python_full_version < "3.11.0a7"',
    'python_version >= "3.9" and platform_machine == "x86_64"',
)
_SOURCES: tuple[Document, ...] = (
    {"type": "legacy", "url": "https://m.invalid/simple", "reference": "mirror"},
    {"type": "url", "url": "https://files.invalid/it.whl"},
)


@dataclass(frozen=True)
class LockGraph:
    """A pyproject.toml and its poetry.lock as documents."""

    pyproject: Document
    packages: tuple[Document, ...]
    lock_version: str

    @property
    def lock(self) -> Document:
        return {
            "package": list(self.packages),
            "extras": {extra: [] for extra in ROOT_EXTRAS},
            "metadata": {
                "lock-version": self.lock_version,
                "python-versions": "*",
                "content-hash": content_hash(self.pyproject),
            },
        }

    def write(self, folder: Path) -> Path:
        folder.joinpath("pyproject.toml").write_text(tomlkit.dumps(self.pyproject), "utf-8")
        folder.joinpath("poetry.lock").write_text(tomlkit.dumps(self.lock), "utf-8")
        return folder


@st.composite
def lock_graphs(draw: st.DrawFn) -> LockGraph:
    """Mostly one version of a name, sometimes two or three."""
    packages = []
    for name in NAMES[: draw(st.integers(2, len(NAMES)))]:
        number = draw(st.sampled_from([1, 1, 1, 2, 2, 3]))
        versions = draw(
            st.lists(st.sampled_from(("1.0", "1.5", "2.0", "3.0", "2.0+cpu", "3.0b1")),
                     min_size=number, max_size=number, unique=True)
        )  # fmt: skip
        packages += [draw(_package(name, version)) for version in sorted(versions)]
    version = draw(st.sampled_from(("1.1", "2.0", "2.1")))
    return LockGraph(draw(_pyproject()), tuple(packages), version)


@st.composite
def _package(draw: st.DrawFn, name: str, version: str) -> Document:
    needed = draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True))
    dependencies = {each: draw(_entries()) for each in needed if each != name}
    package: Document = {
        "name": name,
        "version": version,
        "description": "",
        "optional": False,
        "python-versions": draw(st.sampled_from(_PYTHONS)),
        "groups": ["main"],
        "files": [{"file": f"{name}-{version}.tar.gz", "hash": f"sha256:{'0' * 64}"}],
        "dependencies": dependencies,
        "extras": _extras(name, dependencies, draw(st.booleans())),
    }
    if draw(st.integers(0, 9)) == 0:
        package["source"] = draw(st.sampled_from(_SOURCES))
    return package


def _extras(name: str, dependencies: Mapping[str, Any], circular: bool) -> Document:
    """`x` and `y` list what is optional; sometimes they name each other."""
    optional = [
        needed
        for needed, entry in dependencies.items()
        if any(isinstance(each, dict) and each.get("optional") for each in _listed(entry))
    ]
    extras = {"x": [f"{each} (>=1.0)" for each in optional], "y": optional[:1]}
    if circular:
        extras["y"] = [*extras["y"], f"{name}[x]"]
        extras["x"] = [*extras["x"], f"{name}[y]"]
    return extras


def _listed(entry: object) -> list[object]:
    return entry if isinstance(entry, list) else [entry]


@st.composite
def _entries(draw: st.DrawFn) -> Any:
    entries = draw(st.lists(_entry(), min_size=1, max_size=2 if draw(st.booleans()) else 1))
    return entries if len(entries) > 1 else entries[0]


@st.composite
def _entry(draw: st.DrawFn) -> Any:
    constraint = draw(st.sampled_from(_CONSTRAINTS))
    kind = draw(st.sampled_from(["plain", "plain", "marker", "extra", "optional", "features"]))
    entry: Document = {"version": constraint}
    if kind == "plain":
        return constraint
    if kind == "features":
        entry["extras"] = sorted(draw(st.sets(st.sampled_from(EXTRAS), min_size=1)))
    if kind in {"extra", "optional"}:
        entry["optional"] = True
    markers = [f'extra == "{draw(st.sampled_from(EXTRAS))}"'] if kind == "extra" else []
    if kind == "marker" or draw(st.integers(0, 3)) == 0:
        markers.insert(0, draw(st.sampled_from(_MARKERS)))
    if markers:
        entry["markers"] = " and ".join(markers)
    return entry


@st.composite
def _pyproject(draw: st.DrawFn) -> Document:
    """Dependencies in [project] or in [tool.poetry]; a group that is optional, one that is not."""
    poetry = draw(_in_poetry()) if draw(st.booleans()) else None
    groups = {
        "dev": {"dependencies": draw(_root_entries())},
        "docs": {"optional": True, "dependencies": draw(_root_entries())},
    }
    if draw(st.booleans()):
        groups["docs"]["include-groups"] = ["dev"]
    project: Document = {"name": "project", "version": "1.0"}
    if poetry is None:
        project |= draw(_in_project())
    sources = [{"name": "mirror", "url": "https://m.invalid/simple", "priority": "explicit"}]
    tables = {**(poetry or {}), "group": groups, "source": sources}
    return {"project": project, "tool": {"poetry": tables}}


@st.composite
def _root_entries(draw: st.DrawFn) -> Document:
    names = draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))
    return {name: draw(_root_entry()) for name in names}


@st.composite
def _root_entry(draw: st.DrawFn, **more: Any) -> Document:
    entry: Document = {"version": draw(st.sampled_from(_CONSTRAINTS)), **more}
    if draw(st.integers(0, 3)) == 0:
        entry["extras"] = [draw(st.sampled_from(EXTRAS))]
    if draw(st.integers(0, 3)) == 0:
        entry["markers"] = draw(st.sampled_from(_MARKERS))
    if draw(st.integers(0, 9)) == 0:
        entry["source"] = "mirror"
    return entry


@st.composite
def _in_poetry(draw: st.DrawFn) -> Document:
    required = draw(_root_entries())
    optional = draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True))
    dependencies = {name: draw(_root_entry(optional=True)) for name in optional} | required
    extras = {extra: draw(st.lists(st.sampled_from(NAMES), max_size=2)) for extra in ROOT_EXTRAS}
    return {"dependencies": dependencies, "extras": extras}


@st.composite
def _in_project(draw: st.DrawFn) -> Document:
    lists = st.lists(_requirement(), max_size=2)
    extras = {extra: draw(lists) for extra in ROOT_EXTRAS}
    return {"dependencies": draw(lists), "optional-dependencies": extras}


@st.composite
def _requirement(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(NAMES))
    extras = draw(st.sampled_from(["", "", "", "[x]", "[y]", "[x,y]"]))
    constraint = draw(st.sampled_from(["", "", ">=1.0", "<2.0", ">=2.0", "==2.0", ">=1.0,<3.0"]))
    marker = draw(st.sampled_from([*_MARKERS, *[""] * len(_MARKERS)]))
    return f"{name}{extras}{constraint}" + (f" ; {marker}" if marker else "")

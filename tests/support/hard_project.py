"""Projects that gather what makes a lock hard to read, written without any resolution.

`hard()` is one such project, chosen case by case; `projects()` generates others. A lock is written
in Poetry's format, its content-hash by Poetry's own code; nothing in it exists on any index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from hypothesis import strategies as st
from support import marker_strategies
from support.poetry_in_process import content_hash, is_readable_marker

from hybrid_install.core.model import normalize_name

Document = dict[str, Any]

_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_CPU = {"type": "legacy", "url": "https://cpu.invalid/simple", "reference": "Torch-CPU"}
_MIRROR = {"type": "legacy", "url": "https://mirror.invalid/simple", "reference": "mirror"}


@dataclass(frozen=True)
class HardProject:
    """A pyproject.toml and its poetry.lock as documents."""

    pyproject: Document
    packages: tuple[Document, ...]

    @property
    def lock(self) -> Document:
        return {
            "package": list(self.packages),
            "extras": {name: [] for name in _extras(self.pyproject)},
            "metadata": {
                "lock-version": "2.1",
                "python-versions": "*",
                "content-hash": content_hash(self.pyproject),
            },
        }

    def write(self, folder: Path) -> Path:
        """Put both files into `folder`, with something in the place of each path dependency."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.joinpath("pyproject.toml").write_text(tomlkit.dumps(self.pyproject), "utf-8")
        folder.joinpath("poetry.lock").write_text(tomlkit.dumps(self.lock), "utf-8")
        for source in (package.get("source", {}) for package in self.packages):
            if source.get("type") == "directory":
                folder.joinpath(source["url"]).mkdir(parents=True, exist_ok=True)
                folder.joinpath(source["url"], "setup.py").touch()
            elif source.get("type") == "file":
                folder.joinpath(source["url"]).parent.mkdir(parents=True, exist_ok=True)
                folder.joinpath(source["url"]).touch()
        return folder


def _extras(pyproject: Document) -> list[str]:
    in_project = pyproject.get("project", {}).get("optional-dependencies", {})
    return list(in_project or pyproject.get("tool", {}).get("poetry", {}).get("extras", {}))


def package(
    name: str,
    version: str = "1.0",
    *,
    groups: tuple[str, ...] = ("main",),
    markers: str | Mapping[str, str] | None = None,
    **entries: Any,
) -> Document:
    """One `[[package]]`; `entries` are its further keys."""
    locked: Document = {
        "name": name,
        "version": version,
        "description": "",
        "optional": False,
        "python-versions": ">=3.8",
        "groups": list(groups),
        "files": [{"file": f"{name}-{version}.tar.gz", "hash": f"sha256:{'0' * 64}"}],
    }
    if markers is not None:
        locked["markers"] = markers if isinstance(markers, str) else dict(markers)
    return {**locked, **entries}


def hard() -> HardProject:
    """Every oddity that real locks were seen with, side by side."""
    return HardProject(_PYPROJECT, _PACKAGES)


def with_legacy_tables() -> HardProject:
    """The same lock for a project that says everything in [tool.poetry], in the oldest words."""
    return HardProject(_LEGACY_PYPROJECT, _PACKAGES)


_PYPROJECT: Document = {
    "project": {
        "name": "Hard.Project",
        "version": "1.0",
        "requires-python": ">=3.8",
        "dependencies": ["Foo_Bar", "zope.interface>=6", "six"],
        "optional-dependencies": {
            "A_b": ["six==1.16.0"],
            "c": ["six==1.17.0"],
            "gpu.all": ["torch"],
            "Empty": [],
        },
    },
    "dependency-groups": {
        "Test_Tools": ["pytest", {"include-group": "typing"}],
        "typing": ["mypy"],
        "Docs.Site": ["sphinx"],
        "nothing": [],
    },
    "tool": {
        "poetry": {
            "dependencies": {"python": ">=3.9,<3.15"},
            "group": {
                # Enriches the group of the other table: the same name, letter for letter.
                "Docs.Site": {"optional": True},
                "lint_all": {
                    "optional": True,
                    "include-groups": ["typing"],
                    "dependencies": {"ruff": "*"},
                },
                "deploy": {"dependencies": {"colorama": "*", "pytest": "<9"}},
            },
            "source": [
                {"name": "Torch-CPU", "url": "https://cpu.invalid/simple/", "priority": "explicit"},
                {
                    "name": "mirror",
                    "url": "https://mirror.invalid/simple",
                    "priority": "supplemental",
                },
            ],
        },
    },
}

_LEGACY_PYPROJECT: Document = {
    "tool": {
        "poetry": {
            "name": "hard_project",
            "version": "1.0",
            "description": "",
            "authors": [],
            "dependencies": {
                "python": "^3.9",
                "six": [
                    {"version": "1.16.0", "optional": True},
                    {"version": "1.17.0", "optional": True},
                ],
                "torch": {"version": "*", "optional": True},
            },
            "dev-dependencies": {"pytest": "*"},
            "extras": {"A_b": ["six"], "c": ["six"], "gpu.all": ["torch", "unknown"], "Empty": []},
            "group": {
                "main": {"optional": True, "dependencies": {"Foo_Bar": "*"}},
                "Test_Tools": {"dependencies": {"pytest": "*"}},
                "typing": {"optional": True, "dependencies": {"mypy": "*"}},
                "Docs.Site": {"optional": True, "dependencies": {"sphinx": "*"}},
                "lint_all": {"optional": True, "dependencies": {"ruff": "*"}},
                "deploy": {"dependencies": {"colorama": "*"}},
                "nothing": {"dependencies": {}},
            },
        },
    },
}

_PACKAGES: tuple[Document, ...] = (
    # Names and groups that need normalising; the table of markers is keyed by the raw group.
    package("Foo_Bar", groups=("main", "Test_Tools"), markers={"Test_Tools": 'os_name == "nt"'}),
    package("zope.interface", "6.0"),
    package("ruamel.yaml.clib", groups=("Docs.Site",), markers='platform_machine != "arm64"'),
    # Exclusive extras: one each, and neither where both are asked for.
    package("six", "1.16.0", optional=True, markers='extra != "c" and extra == "a-b"'),
    package("six", "1.17.0", optional=True, markers='extra != "a-b" and extra == "c"'),
    # One version per Python, up to the patch release and the candidate.
    package("numpy", "1.24", markers='python_version < "3.10"'),
    package("numpy", "1.26", markers='python_version >= "3.10" and python_full_version < "3.12"'),
    package("numpy", "2.1", markers='python_full_version >= "3.12.0" and python_version < "3.14"'),
    package("numpy", "2.3", markers='python_version not in "3.8, 3.9, 3.10, 3.11, 3.12, 3.13"'),
    package("backport", markers='python_full_version <= "3.11.0a6"'),
    package(
        "tomllib", "2.0", markers='python_version < "3.11" or python_full_version < "3.11.0a7"'
    ),
    package("candidate", markers='python_full_version < "3.11"'),
    # A name in several groups: any where the table lacks the group, never where it says so.
    package(
        "pytest",
        "8.4",
        groups=("main", "Test_Tools", "deploy"),
        markers={"main": 'extra == "c"', "deploy": 'python_version < "3.11"'},
    ),
    package("pluggy", groups=("Test_Tools", "deploy"), markers={"deploy": "<empty>"}),
    package(
        "mypy",
        groups=("Test_Tools", "typing", "lint_all"),
        markers={
            "Test_Tools": 'sys_platform == "linux"',
            "typing": 'sys_platform == "darwin"',
            "lint_all": 'implementation_name == "cpython"',
        },
    ),
    package("sphinx", groups=("Docs.Site",), markers="*"),
    package("ruff", groups=("lint_all",), markers=""),
    package("colorama", groups=("deploy", "Test_Tools"), markers='sys_platform == "win32"'),
    package("never", markers="<empty>"),
    package("nowhere", groups=()),
    package("elsewhere", groups=("not_of_this_project",)),
    package("optional-yet-wanted", optional=True),
    # One version from several sources, each for its platform.
    package("torch", "2.3.0", markers='sys_platform == "win32" and extra == "gpu-all"'),
    package(
        "torch",
        "2.3.0+cpu",
        markers='sys_platform == "linux" and extra == "gpu-all"',
        source=_CPU,
    ),
    package(
        "torch",
        "2.3.0",
        markers='sys_platform == "darwin" and extra == "GPU_all"',
        source={"type": "url", "url": "https://files.invalid/torch-2.3.0-cp312-none-any.whl"},
    ),
    package("torch-mirrored", markers='platform_release >= "6"', source=_MIRROR),
    # Where uv and Poetry disagree on a marker.
    package("kernel", markers='platform_release >= "5" and platform_release < "6.8"'),
    package("listed", markers='sys_platform in "linux darwin"'),
    package("spelt-of-old", markers="sys.platform == 'linux2' or os.name == 'posix'"),
    package("debian", markers="'Debian' in platform_version"),
    package("not-tegra", markers='"tegra" not in platform_release'),
    package(
        "all-extras", optional=True, markers='extra == "a-b" or extra == "c" and extra != "empty"'
    ),
    # Every other kind of source.
    package(
        "from-git",
        files=[],
        develop=False,
        source={
            "type": "git",
            "url": "https://git.invalid/from-git.git",
            "reference": "main",
            "resolved_reference": _COMMIT,
            "subdirectory": "python/src",
        },
    ),
    package(
        "from-folder",
        files=[],
        develop=True,
        groups=("main", "deploy"),
        source={"type": "directory", "url": "libs/from-folder"},
    ),
    package("from-file", source={"type": "file", "url": "wheels/from_file-1.0-py3-none-any.whl"}),
)


_GROUPS = ("main", "Dev_Tools", "docs", "Type.Check")


@st.composite
def projects(draw: st.DrawFn) -> HardProject:
    """A project of some groups and extras, and a lock with any markers per package and group."""
    names = draw(st.lists(st.sampled_from(_GROUPS[1:]), unique=True))
    extras = draw(st.lists(st.sampled_from(("a", "b", "A_b", "c.d")), unique_by=normalize_name))
    number = draw(st.integers(1, 6))
    # Several packages of one name and version would be one and the same to Poetry.
    packages = [
        draw(_locked(f"package_{index % 3}", f"{index}.0", names)) for index in range(number)
    ]
    return HardProject(_pyproject(names, extras, draw(st.booleans())), tuple(packages))


@st.composite
def _locked(draw: st.DrawFn, name: str, version: str, names: list[str]) -> Document:
    groups = draw(st.lists(st.sampled_from(["main", *names, "gone"]), unique=True))
    readable = marker_strategies.leaves().filter(is_readable_marker)
    marker = st.one_of(marker_strategies.markers(readable), st.sampled_from(["<empty>", "*"]))
    per_group = st.dictionaries(st.sampled_from(groups), marker) if groups else st.none()
    markers = draw(st.one_of(st.none(), marker, per_group))
    return package(
        name, version, groups=tuple(groups), markers=markers, optional=draw(st.booleans())
    )


def _pyproject(names: list[str], extras: list[str], in_project: bool) -> Document:
    """The groups as PEP 735's or Poetry's own; each second one is optional."""
    options = {name: {"optional": True} for name in names[::2]}
    project = {"name": "generated", "version": "1.0", "requires-python": ">=3.8"}
    if in_project:
        return {
            "project": {**project, "optional-dependencies": {extra: ["x"] for extra in extras}},
            "dependency-groups": {name: ["x"] for name in names},
            "tool": {"poetry": {"group": options}},
        }
    groups = {name: {**options.get(name, {}), "dependencies": {"x": "*"}} for name in names}
    poetry = {"dependencies": {"x": "*"}, "extras": {extra: ["x"] for extra in extras}}
    return {"project": project, "tool": {"poetry": {**poetry, "group": groups}}}

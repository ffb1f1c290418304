"""Imports point one way, and each foreign library has its door."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import hybrid_install

PACKAGE = "hybrid_install"
SOURCES = Path(hybrid_install.__file__).parent

# A room is a folder or a module next to it; all that a room may import of ours.
ROOMS: Mapping[str, frozenset[str]] = {
    "errors": frozenset(),
    "core": frozenset({"errors"}),
    "report": frozenset({"core", "errors"}),
    "regular": frozenset(),
    "interruptions": frozenset(),
    "whole": frozenset({"interruptions"}),
    "files": frozenset({"core", "errors", "regular"}),
    "poetry_config": frozenset({"core", "errors", "files"}),
    "settings": frozenset({"core", "errors", "files"}),
    "tools": frozenset({"core", "errors", "interruptions", "regular", "whole"}),
    "environment": frozenset(
        {
            "core",
            "errors",
            "files",
            "interruptions",
            "poetry_config",
            "regular",
            "tools.process",
            "unchanged",
            "whole",
        }
    ),
    "commands": frozenset(
        {
            "core",
            "environment",
            "errors",
            "files",
            "poetry_config",
            "regular",
            "report",
            "settings",
            "tools",
            "unchanged",
            "whole",
            "",
        }
    ),
    "cli": frozenset({"commands", "core", "early", "environment", "errors", "report", "tools", ""}),
    "unchanged": frozenset(),
    "early": frozenset({"unchanged"}),
    "__main__": frozenset({"cli", "early", "unchanged"}),
    "": frozenset(),
}

# Who may import what others may not.
DOORS: Mapping[str, frozenset[str]] = {
    "sh": frozenset({"tools.sh_alone"}),
    "typer": frozenset({"cli", "report"}),
    "findpython": frozenset({"environment"}),
    "poetry": frozenset(
        {
            "core.build_constraints",
            "core.dependencies",
            "core.git_urls",
            "core.markers",
            "core.versions",
            # Poetry's own interpreter runs it.
            "tools.poetry_ahead",
            "tools.poetry_core",
        }
    ),
    "subprocess": frozenset({"tools.process"}),
    "urllib3": frozenset({"tools.fetch"}),
}

# Who opens files otherwise than by `regular`, and why that may be.
READERS: Mapping[str, str] = {
    "regular": "it is the door",
    "unchanged": "imports nothing, and looks first",
    "early": "imports nothing that takes time, and looks first",
    "commands.image_files": "a file of our own package",
    "commands.install_map": "what a user names may be a pipe",
    "tools.fetch": "a file of our own that is written to",
    "tools.process": "the null device",
    "cli": "the null device",
}
_READING = re.compile(r"\.read_(?:text|bytes)\(|\bos\.open\(|\bopen\((?!.*(?:opener|fileobj)=)")
# A folder, and a file that is made; neither waits.
_WAITS_FOR_NOBODY = frozenset({"environment.turn", "environment.creation"})

# What has no place among values.
IMPURE = frozenset(
    [
        "asyncio",
        "http",
        "io",
        "multiprocessing",
        "os",
        "platform",
        "sh",
        "shutil",
        "signal",
        "socket",
        "subprocess",
        "sys",
        "sysconfig",
        "tempfile",
        "threading",
        "time",
        "tomlkit",
        "typer",
        "urllib.request",
        "uv",
        "virtualenv",
        "platformdirs",
        "findpython",
    ]
)


@dataclass(frozen=True)
class Import:
    """`module` imports `target`, both without our package's name where they are ours."""

    module: str
    target: str
    is_ours: bool
    line: int

    @property
    def is_within_one_room(self) -> bool:
        return _room(self.module) == _room(self.target)


def imports_of(sources: Path) -> list[Import]:
    """Every import below `sources`, inside functions and under TYPE_CHECKING too."""
    modules = {_module(path, sources): path for path in sorted(sources.rglob("*.py"))}
    return [found for name, path in modules.items() for found in _imports(name, path, set(modules))]


def _module(path: Path, sources: Path) -> str:
    return (
        ".".join(path.relative_to(sources).with_suffix("").parts)
        .removesuffix("__init__")
        .rstrip(".")
    )


def _imports(module: str, path: Path, modules: set[str]) -> Iterator[Import]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            yield _import(module, name, node.lineno, modules)


def _import(module: str, name: str, line: int, modules: set[str]) -> Import:
    """`from a.b import c` is about the module a.b.c where there is one, else about a.b."""
    if name != PACKAGE and not name.startswith(f"{PACKAGE}."):
        return Import(module, name, is_ours=False, line=line)
    target = name.removeprefix(PACKAGE).removeprefix(".")
    if target not in modules:
        target = target.rpartition(".")[0]
    return Import(module, target, is_ours=True, line=line)


def _room(module: str) -> str:
    return module.partition(".")[0]


def against_the_way(imports: list[Import]) -> list[Import]:
    """Imports from a room that the importing room may not know."""
    return [
        found
        for found in imports
        if found.is_ours
        and not found.is_within_one_room
        and not {_room(found.target), found.target} & ROOMS[_room(found.module)]
    ]


def past_the_door(imports: list[Import]) -> list[Import]:
    """Imports of a foreign library outside its door."""
    return [
        found
        for found in imports
        if not found.is_ours
        and (doors := DOORS.get(_room(found.target)))
        and not {_room(found.module), found.module} & doors
    ]


def impure(imports: list[Import]) -> list[Import]:
    """Imports of core that reach out of it."""
    return [
        found
        for found in imports
        if _room(found.module) == "core"
        and not found.is_ours
        and {_room(found.target), ".".join(found.target.split(".")[:2])} & IMPURE
    ]


def cycle(imports: list[Import]) -> list[str]:
    """A cycle of modules, or nothing."""
    graph: dict[str, set[str]] = {}
    for found in imports:
        if found.is_ours:
            graph.setdefault(found.module, set()).add(found.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found_cycle: list[str] = error.args[1]
        return found_cycle
    return []


IMPORTS = imports_of(SOURCES)


def test_every_room_is_known() -> None:
    names = {_room(_module(path, SOURCES)) for path in SOURCES.rglob("*.py")}
    assert names <= set(ROOMS)
    assert len(IMPORTS) > len(names)


def test_imports_point_one_way() -> None:
    assert against_the_way(IMPORTS) == []


def test_foreign_libraries_are_imported_at_their_doors_only() -> None:
    assert past_the_door(IMPORTS) == []


def test_processes_have_one_door() -> None:
    opened = {each.module for each in IMPORTS if each.target.startswith("tools.sh_alone")}
    assert opened == {"tools.process"}


def test_core_reaches_for_nothing_outside() -> None:
    assert impure(IMPORTS) == []


def test_files_are_read_through_one_door() -> None:
    modules = {_module(path, SOURCES): path.read_text("utf-8") for path in SOURCES.rglob("*.py")}
    found = {name for name, text in modules.items() if _READING.search(text)}
    assert found - _WAITS_FOR_NOBODY == set(READERS)


def test_no_cycles() -> None:
    assert cycle(IMPORTS) == []


@pytest.mark.parametrize(
    ("sources", "against", "past", "unclean", "circular"),
    [
        ({"core/a.py": "from hybrid_install.tools.uv import Uv"}, 1, 0, 0, False),
        ({"core/a.py": "def f():\n    from hybrid_install import report"}, 1, 0, 0, False),
        ({"errors.py": "import hybrid_install.core.a"}, 1, 0, 0, False),
        ({"report.py": "from hybrid_install.tools.uv import Uv"}, 1, 0, 0, False),
        ({"environment/a.py": "from hybrid_install.tools.uv import Uv"}, 1, 0, 0, False),
        ({"environment/a.py": "from hybrid_install.tools.process import Runner"}, 0, 0, 0, False),
        ({"core/a.py": "import os.path"}, 0, 0, 1, False),
        ({"core/a.py": "from urllib import request"}, 0, 0, 1, False),
        ({"core/a.py": "from urllib.parse import urlsplit"}, 0, 0, 0, False),
        ({"core/plan.py": "if TYPE_CHECKING:\n    from poetry.core import x"}, 0, 1, 0, False),
        ({"core/markers.py": "from poetry.core import x"}, 0, 0, 0, False),
        ({"tools/uv.py": "import sh"}, 0, 1, 0, False),
        ({"commands/a.py": "import typer"}, 0, 1, 0, False),
        (
            {
                "core/a.py": "from hybrid_install.core.b import b",
                "core/b.py": "from hybrid_install.core import a",
            },
            0, 0, 0, True,
        ),
    ],
)  # fmt: skip
def test_what_these_tests_would_notice(
    sources: dict[str, str],
    against: int,
    past: int,
    unclean: int,
    circular: bool,
    tmp_path: Path,
) -> None:
    for name in ("tools/uv.py", "tools/process.py", "report.py", "core/a.py", "__init__.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("", "utf-8")
    for name, text in sources.items():
        tmp_path.joinpath(name).parent.mkdir(exist_ok=True)
        tmp_path.joinpath(name).write_text(text, "utf-8")

    found = imports_of(tmp_path)

    assert len(against_the_way(found)) == against
    assert len(past_the_door(found)) == past
    assert len(impure(found)) == unclean
    assert bool(cycle(found)) is circular

"""What poetry-core has made of a project is made once, and anew where anything differs."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from hybrid_install.core.binding import binding_inputs
from hybrid_install.core.editable import Binding
from hybrid_install.environment.binding_memory import memory_of
from hybrid_install.errors import ProjectError
from hybrid_install.tools import poetry_core

PYPROJECT = """
[project]
name = "acme"
version = "1.0"
readme = "README.md"

[project.scripts]
acme = "acme:main"

[tool.poetry.scripts]
copied = { reference = "bin/copied", type = "file" }
missing = { reference = "bin/missing", type = "file" }
"""


class Maker:
    """poetry-core, and how often it was asked."""

    def __init__(self, project: Path) -> None:
        self.project, self.asked = project, 0

    def __call__(self) -> Binding:
        self.asked += 1
        return poetry_core.binding(self.project)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "sources" / "acme").mkdir(parents=True)
    (folder / "src").symlink_to("sources")
    (folder / "src" / "acme" / "__init__.py").touch()
    (folder / "bin").mkdir()
    (folder / "bin" / "copied").write_text("#!/bin/sh\n")
    (folder / "README.md").write_text("# acme: ü\n")
    (folder / "LICENSE").write_text("do as you please\n")
    (folder / "pyproject.toml").write_text(PYPROJECT)
    return folder


def made(project: Path, make: Callable[[], Binding], maker: str = "poetry-core 2") -> Binding:
    reads = binding_inputs(tomllib.loads((project / "pyproject.toml").read_text()))
    environ = {"HYBRID_INSTALL_CACHE_DIR": str(project.parent / "cache")}
    memory = memory_of(reads, project, maker, environ)
    assert memory
    return memory.made(make)


def test_it_is_made_once(project: Path) -> None:
    make = Maker(project)
    first, second = made(project, make), made(project, make)

    assert make.asked == 1
    assert first == second == poetry_core.binding(project)
    assert first.launchers
    assert first.copies
    assert first.omitted
    assert {each.path for each in first.metadata} >= {"METADATA", "licenses/LICENSE"}


def retarget(project: Path) -> None:
    (project / "sources").rename(project / "others")
    (project / "src").unlink()
    (project / "src").symlink_to("others")


CHANGES: dict[str, Callable[[Path], object]] = {
    "its version": lambda project: (project / "pyproject.toml").write_text(
        PYPROJECT.replace("1.0", "1.1")
    ),
    "its readme": lambda project: (project / "README.md").write_text("# another\n"),
    "its license": lambda project: (project / "LICENSE").write_text("nothing is allowed\n"),
    "permissions of its license": lambda project: (project / "LICENSE").chmod(0o600),
    "one more license": lambda project: (project / "NOTICE").touch(),
    "a command's file": lambda project: (project / "bin" / "missing").touch(),
    "a command that is a folder": lambda project: (project / "bin" / "missing").mkdir(),
    "where a link leads": retarget,
    "a module beside the package": lambda project: (project / "acme.py").touch(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_is_seen(project: Path, change: str) -> None:
    make = Maker(project)
    before = made(project, make)
    CHANGES[change](project)
    try:
        expected = poetry_core.binding(project)
    except ProjectError:
        expected = None
    try:
        found = made(project, make)
    except ProjectError:
        found = None

    assert make.asked == 2
    assert found == expected
    assert found != before or change == "where a link leads" or "command" in change


def test_a_package_without_modules_is_refused_again(project: Path) -> None:
    make = Maker(project)
    made(project, make)
    (project / "src" / "acme" / "__init__.py").unlink()

    for _ in range(2):
        with pytest.raises(ProjectError):
            made(project, make)
    assert make.asked == 3


def test_umask_and_poetry_core(project: Path) -> None:
    make = Maker(project)
    made(project, make)
    made(project, make, "poetry-core 3")
    mask = os.umask(0o027)
    try:
        found = made(project, make)
    finally:
        os.umask(mask)

    assert make.asked == 3
    assert {each.mode for each in found.metadata if each.path == "METADATA"} == {0o640}


def test_what_was_changed_meanwhile_is_not_kept(project: Path) -> None:
    make = Maker(project)

    def meanwhile() -> Binding:
        (project / "README.md").write_text("# another\n")
        return make()

    made(project, meanwhile)
    made(project, make)
    assert make.asked == 2


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"name": "acme"', "\0"])
def test_what_is_damaged_is_made_anew(project: Path, content: str) -> None:
    make = Maker(project)
    expected = made(project, make)
    (kept,) = (project.parent / "cache" / "bindings").iterdir()
    kept.write_text(content)

    assert made(project, make) == expected
    assert make.asked == 2
    assert made(project, make) == expected
    assert make.asked == 2


def test_nothing_is_kept_where_nothing_can_be_told(tmp_path: Path) -> None:
    stubs = {
        "project": {"name": "acme"},
        "tool": {"poetry": {"packages": [{"include": "a-stubs"}]}},
    }
    script = {"project": {"name": "acme"}, "tool": {"poetry": {"build": "build.py"}}}
    memory = partial(memory_of, project_dir=tmp_path, maker="", environ={"HOME": str(tmp_path)})

    assert memory(binding_inputs(stubs)) is None
    assert memory(binding_inputs(script)) is None

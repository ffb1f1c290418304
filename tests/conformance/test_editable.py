"""The fast finish against `EditableBuilder`: the same files, to the byte, in the same place."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cleo.io.null_io import NullIO
from poetry.masonry.builders.editable import EditableBuilder
from poetry.utils.env import VirtualEnv
from support.bound import Files, bound, remove
from support.compare import site_packages
from support.distributions import dist_info, egg_info
from support.poetry_in_process import read_project
from support.projects import write_files
from support.shapes import SHAPES

from hybrid_install.environment.editable import bind
from hybrid_install.environment.probe import probe
from hybrid_install.errors import ProjectError
from hybrid_install.tools import poetry_core
from hybrid_install.tools.process import ShRunner

pytestmark = pytest.mark.conformance

Bind = Callable[[Path, Path], None]


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """An environment without anything in it."""
    folder = tmp_path / "the environment"
    base = Path(getattr(sys, "_base_executable", sys.executable))
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(base)
    (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\n")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (folder / "lib" / version / "site-packages").mkdir(parents=True)
    return folder


def by_poetry(project: Path, venv: Path) -> None:
    EditableBuilder(read_project(project), VirtualEnv(venv), NullIO()).build()


def by_us(project: Path, venv: Path) -> None:
    python = venv / "bin" / "python"
    interpreter = probe(python, ShRunner(quiet=True), os.environ)
    bind(poetry_core.binding(project), project, interpreter, python)


def made(folder: Path, files: Mapping[str, str]) -> Path:
    write_files(folder, files)
    return folder.resolve()


def files_by(binds: Bind, project: Path, venv: Path) -> Files:
    binds(project, venv)
    return bound(venv)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_files_that_poetry_leaves(shape: str, tmp_path: Path, venv: Path) -> None:
    project = made(tmp_path / "projekt ü", SHAPES[shape])
    theirs = files_by(by_poetry, project, venv)
    remove(venv)
    assert files_by(by_us, project, venv) == theirs


def test_a_license_that_may_be_run(tmp_path: Path, venv: Path) -> None:
    """Poetry copies the mode of license files and of commands."""
    project = made(tmp_path / "acme", SHAPES["licenses by themselves"])
    (project / "LICENSES" / "MIT.txt").chmod(0o755)
    theirs = files_by(by_poetry, project, venv)
    remove(venv)
    assert files_by(by_us, project, venv) == theirs


def all_files(venv: Path) -> set[str]:
    return {str(path.relative_to(venv)) for path in venv.rglob("*")}


def leave_a_wheel(site: Path, venv: Path) -> None:
    record = "acme/__init__.py,,\n../../../bin/old,,\nacme-0.9.dist-info/RECORD,,\n"
    dist_info(site, "acme", "0.9", {"RECORD": record})
    write_files(site, {"acme/__init__.py": ""})
    (venv / "bin" / "old").touch()


def leave_two(site: Path, venv: Path) -> None:
    dist_info(site, "acme", "0.8", {"RECORD": ""})
    dist_info(site, "Acme", "0.9", {"RECORD": "gone.py,,\n"})
    (site / "acme.pth").write_text("/elsewhere\n")
    (site / "acme_app.pth").touch()


def leave_a_half(site: Path, venv: Path) -> None:
    (site / "acme-1.0.dist-info").mkdir()


def leave_an_egg(site: Path, venv: Path) -> None:
    egg = egg_info(site, "acme")
    (egg / "SOURCES.txt").write_text("setup.py\nacme.py\n")
    (site / "acme.py").touch()


def leave_others(site: Path, venv: Path) -> None:
    dist_info(site, "acme-more", "0.9", {"RECORD": "acme_more.py,,\n"})
    (site / "acme_more.py").touch()
    (site / "acme-more.pth").touch()


@pytest.mark.parametrize(
    "leave", [leave_a_wheel, leave_two, leave_a_half, leave_an_egg, leave_others]
)
def test_what_was_there_before(
    leave: Callable[[Path, Path], None], tmp_path: Path, venv: Path
) -> None:
    """Removed and left as by Poetry."""
    project = made(tmp_path / "acme", SHAPES["commands"])
    (site,) = site_packages(venv)
    leave(site, venv)
    by_poetry(project, venv)
    theirs = all_files(venv)
    remove(venv)
    leave(site, venv)
    by_us(project, venv)
    assert all_files(venv) == theirs


def test_each_takes_the_other_s_place(tmp_path: Path, venv: Path) -> None:
    project = made(tmp_path / "acme", SHAPES["legacy metadata"])
    theirs = files_by(by_poetry, project, venv)
    before = all_files(venv)
    assert files_by(by_us, project, venv) == theirs
    assert files_by(by_poetry, project, venv) == theirs
    assert all_files(venv) == before


def test_an_environment_that_was_moved(tmp_path: Path, venv: Path) -> None:
    """Its RECORD names files of the other one, which stay: Poetry would remove them."""
    project = made(tmp_path / "acme", SHAPES["commands"])
    by_us(project, venv)
    record = next(path for path in map(Path, bound(venv)) if path.name == "RECORD")
    other = tmp_path / "other"
    write_files(other, {"bin/acme": "precious"})
    record.write_text(record.read_text("utf-8") + f"{other}/bin/acme,,\n", "utf-8")
    by_us(project, venv)
    assert (other / "bin" / "acme").read_text() == "precious"


def test_nothing_is_written_through_a_link(tmp_path: Path, venv: Path) -> None:
    """What uv has linked from its cache must not change there."""
    project = made(tmp_path / "acme", SHAPES["commands"])
    precious = tmp_path / "precious"
    precious.write_text("precious")
    os.link(precious, venv / "bin" / "acme")
    (venv / "bin" / "acme-file").symlink_to(precious)
    by_us(project, venv)
    assert precious.read_text() == "precious"
    assert "a file" in (venv / "bin" / "acme-file").read_text("utf-8")


BROKEN: Mapping[str, tuple[str, str]] = {
    "no readme": ('requires-python = ">=3.9"', 'readme = "README.md"'),
    "a package that is not there": (
        "[build-system]",
        '[tool.poetry]\npackages=[{include="b"}]\n[build-system]',
    ),
    "no function": ("[build-system]", '[project.scripts]\nacme = "acme"\n[build-system]'),
    "two colons": ("[build-system]", '[project.gui-scripts]\nacme = "acme:a:b"\n[build-system]'),
    "no version": ('version = "1.0"', ""),
    "a license that is none": ('version = "1.0"', 'version="1"\nlicense-files = ["../x"]'),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_projects_that_neither_can_bind(kind: str, tmp_path: Path, venv: Path) -> None:
    old, new = BROKEN[kind]
    text = SHAPES["flat"]["pyproject.toml"].replace(old, new)
    project = made(tmp_path / "acme", {**SHAPES["flat"], "pyproject.toml": text})
    with pytest.raises(ProjectError) as ours:
        by_us(project, venv)
    with pytest.raises(Exception) as theirs:
        by_poetry(project, venv)
    words = str(theirs.value).splitlines()[-1].strip()
    assert words in f"{ours.value.message}\n{ours.value.hint}"

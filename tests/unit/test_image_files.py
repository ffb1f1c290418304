"""`init --docker` writes beside pyproject.toml, and over nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from hybrid_install.commands.image_files import ImageFiles, image_files
from hybrid_install.errors import LockfileError, UsageError
from hybrid_install.files import read_toml
from hybrid_install.report import Report

PYPROJECT = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.12,<3.13"\n'
LOCK = '[metadata]\nlock-version = "2.1"\n'
BESIDE = """\
[[package]]
name = "lib"
version = "1.0"
groups = ["main"]
files = []
[package.source]
type = "directory"
url = "../lib"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, "utf-8")
    (tmp_path / "poetry.lock").write_text(LOCK, "utf-8")
    return tmp_path


def made(folder: Path, *, force: bool = False) -> ImageFiles:
    return image_files(read_toml(folder / "pyproject.toml"), force=force)


def test_both_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(folder).write(Report())
    assert "ARG BASE=python:3.12-slim" in (folder / "Dockerfile").read_text("utf-8")
    assert "\n.venv\n" in (folder / ".dockerignore").read_text("utf-8")
    said = capsys.readouterr().err
    assert f"{folder / 'Dockerfile'} is written" in said
    assert "put the program to start into CMD" in said


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore"])
def test_what_is_there_is_kept(folder: Path, name: str) -> None:
    (folder / name).write_text("mine", "utf-8")
    with pytest.raises(UsageError, match=f"{name} would be overwritten"):
        made(folder)
    made(folder, force=True).write(Report())
    assert (folder / name).read_text("utf-8") != "mine"


def test_a_context_above_has_an_ignore_file_of_the_dockerfile(folder: Path) -> None:
    (folder / "poetry.lock").write_text(BESIDE + LOCK, "utf-8")
    texts = made(folder).texts
    assert set(texts) == {folder / "Dockerfile", folder / "Dockerfile.dockerignore"}
    assert "\n**/.venv\n" in texts[folder / "Dockerfile.dockerignore"]


def test_without_a_lock_there_is_nothing_to_fit_to(folder: Path) -> None:
    (folder / "poetry.lock").unlink()
    with pytest.raises(LockfileError):
        made(folder)

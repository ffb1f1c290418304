"""What `cache-key` reads of a project besides its packages. The whole command in this process."""

from __future__ import annotations

import sys
from pathlib import Path

from support.lock_texts import LockedText, ProjectText
from typer.testing import CliRunner

from hybrid_install import cli


def key(folder: Path, *arguments: str) -> str:
    options = ["--venv", str(folder / "venv"), "--python", sys.executable, "-C", str(folder)]
    result = CliRunner().invoke(cli.app, ["cache-key", *arguments, *options])
    assert result.exit_code == 0, result.output
    return result.stdout


def project(folder: Path, appended: str = "") -> None:
    ProjectText((LockedText("torch", "2.9.0"), LockedText("attrs", "25.1"))).write(folder)
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(appended)


def test_build_constraints_of_what_is_selected_count(tmp_path: Path) -> None:
    """They are no part of the lock, but of what is built."""
    table = '\n[tool.poetry.build-constraints.{}]\nsetuptools = "<{}"\n'
    project(tmp_path)
    before, heavy = key(tmp_path), key(tmp_path, "--tier", "heavy")
    project(tmp_path, table.format("unused", 70))
    assert key(tmp_path) == before
    project(tmp_path, table.format("attrs", 70))
    constrained = key(tmp_path)
    assert constrained != before
    assert key(tmp_path, "--tier", "heavy") == heavy
    project(tmp_path, table.format("attrs", 71))
    assert key(tmp_path) not in (before, constrained)


def test_a_relocatable_environment_is_another_one(tmp_path: Path) -> None:
    """One that is there is never made relocatable."""
    project(tmp_path)
    keys = {key(tmp_path), key(tmp_path, "--no-editable"), key(tmp_path, "--relocatable")}
    assert len(keys) == 3

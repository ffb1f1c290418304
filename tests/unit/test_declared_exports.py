"""`export --all`: rows that share a folder neither take from each other nor write over each other.

The whole command in this process.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.pylock import is_valid_pylock_path
from support.lock_texts import LockedText, ProjectText
from typer.testing import CliRunner

from hybrid_install import cli
from hybrid_install.core.emitters.pylock_toml import is_pylock_name

PROJECT = ProjectText(
    (LockedText("torch", "2.9.0", source="wheels"), LockedText("attrs", "25.1")),
    {"wheels": "https://wheels.example.com/simple"},
)
HEAVY = {"file": "reqs", "per-source": True, "tier": "heavy"}
LIGHT = {"file": "reqs", "per-source": True, "tier": "light"}
WHOLE = {"file": "reqs/requirements-all.txt"}


def export(folder: Path, *arguments: str, exit_code: int = 0) -> str:
    options = ["--venv", str(folder / "venv"), "--python", sys.executable, "-C", str(folder)]
    result = CliRunner().invoke(cli.app, ["export", "--all", *arguments, *options])
    assert result.exit_code == exit_code, result.output
    return result.output


def declare(folder: Path, *rows: dict[str, Any], packages: tuple[LockedText, ...] = ()) -> None:
    project = replace(PROJECT, packages=packages or PROJECT.packages)
    replace(project, own={"exports": list(rows)}).write(folder)


@pytest.mark.parametrize("rows", [(HEAVY, LIGHT), (WHOLE, HEAVY), (HEAVY, WHOLE, LIGHT)])
def test_rows_may_share_a_folder(tmp_path: Path, rows: tuple[dict[str, Any], ...]) -> None:
    declare(tmp_path, *rows)
    export(tmp_path)
    files = sorted(path.name for path in (tmp_path / "reqs").iterdir())
    for _ in range(2):
        export(tmp_path, "--check")
        assert "up to date" in export(tmp_path)
    assert sorted(path.name for path in (tmp_path / "reqs").iterdir()) == files


def test_what_no_row_writes_any_more_goes(tmp_path: Path) -> None:
    declare(tmp_path, HEAVY, LIGHT)
    export(tmp_path)
    declare(tmp_path, HEAVY, LIGHT, packages=(LockedText("torch", "2.9.0", source="wheels"),))
    assert "requirements-pypi.txt" in export(tmp_path, "--check", exit_code=1)
    export(tmp_path)
    assert [path.name for path in (tmp_path / "reqs").iterdir()] == ["requirements-wheels.txt"]


@pytest.mark.parametrize(
    "rows",
    [
        ({"file": "r.txt", "tier": "heavy"}, {"file": "./r.txt"}),
        ({"file": "r.txt"}, {"file": "reqs/../r.txt"}),
        ({"file": "reqs", "per-source": True}, {"file": "reqs/requirements-pypi.txt"}),
    ],
)
def test_one_file_is_written_by_one_row(tmp_path: Path, rows: tuple[dict[str, Any], ...]) -> None:
    declare(tmp_path, *rows)
    for arguments in ((), ("--check",)):
        refused = export(tmp_path, *arguments, exit_code=1)
        assert "two exports that pyproject.toml declares write" in refused
    assert not list(tmp_path.glob("**/*.txt"))


@pytest.mark.parametrize("name", ["lock.toml", "pylock.a.b.toml", "pylock..toml", "pylock.txt"])
def test_a_pylock_that_no_installer_reads_is_not_written(tmp_path: Path, name: str) -> None:
    declare(tmp_path, {"file": f"deploy/{name}", "format": "pylock"})
    assert "no installer reads a pylock.toml of that name" in export(tmp_path, exit_code=2)
    assert not (tmp_path / "deploy").exists()


@given(st.from_regex(r"(py)?lock(\.[a-z.]{0,4}){0,3}\.(toml|txt)", fullmatch=True))
def test_the_name_of_a_pylock(name: str) -> None:
    assert is_pylock_name(name) == is_valid_pylock_path(Path(name))

"""scripts/test-matrix.sh: what it was not able to run is not passed over in silence."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "test-matrix.sh"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script on a machine that has none of its Pythons."""
    text = SCRIPT.read_text("utf-8")
    for minor in ("3.11", "3.12", "3.13"):
        text = text.replace(f" {minor}  ", " 3.99  ")
    copy = tmp_path / "scripts" / "test-matrix.sh"
    (copy.parent / "lib").mkdir(parents=True)
    copy.write_text(text, "utf-8")
    (copy.parent / "lib" / "tool.sh").write_text("pick_python() { :; }\nensure_tool() { :; }\n")
    return copy


def run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_rows(script: Path) -> None:
    rows = run(script, "--rows").stdout.splitlines()
    assert [row.split()[0] for row in rows][:2] == ["uv-oldest", "newest"]


@pytest.mark.parametrize("name", ["nonsense", "uv", "--allow", "", "uv-oldest newest"])
def test_a_row_that_there_is_none_of(script: Path, name: str) -> None:
    done = run(script, "newest", name)
    assert done.returncode == 2
    assert f"there is no row {name}" in done.stderr
    assert not done.stdout


def test_a_missing_interpreter_is_a_failure(script: Path) -> None:
    done = run(script, "newest", "poetry-1.8")
    assert done.returncode == 1
    table = done.stdout.rpartition("\n\n")[2].splitlines()
    assert [line.split() for line in table] == [
        [name, "missing", "0s", "no", "Python", "3.99"] for name in ("newest", "poetry-1.8")
    ]


def test_unless_that_is_allowed(script: Path) -> None:
    done = run(script, "--allow-missing", "newest")
    assert done.returncode == 0
    assert "newest: no Python 3.99 was found; PYTHONS=FOLDER says where one is" in done.stdout
    assert done.stdout.splitlines()[-1].split()[:2] == ["newest", "missing"]

"""Who makes an environment, and what is left of one that was not made."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from hybrid_install.environment.creation import creation, finished
from hybrid_install.environment.locate import MARKER, is_unfinished
from hybrid_install.errors import TargetError


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return tmp_path / "venv"


def make(prefix: Path) -> None:
    """As `uv venv` does."""
    (prefix / "bin").mkdir(exist_ok=True)
    (prefix / "bin" / "python").touch()
    (prefix / "pyvenv.cfg").touch()


def test_it_is_marked_until_it_is_made(prefix: Path) -> None:
    with creation(prefix, clear=False) as is_ours:
        assert is_ours
        assert is_unfinished(prefix)
        make(prefix)
        assert is_unfinished(prefix)
    assert sorted(path.name for path in prefix.iterdir()) == ["bin", "pyvenv.cfg"]
    assert not is_unfinished(prefix)


@pytest.mark.parametrize("was_there", [True, False])
def test_what_fails_leaves_nothing(prefix: Path, *, was_there: bool) -> None:
    if was_there:
        prefix.mkdir()
    with suppress(KeyboardInterrupt), creation(prefix, clear=False):
        make(prefix)
        raise KeyboardInterrupt
    assert prefix.exists() == was_there
    assert not was_there or list(prefix.iterdir()) == []


@pytest.mark.parametrize("clear", [True, False])
def test_what_a_killed_run_has_left_is_cleared(prefix: Path, *, clear: bool) -> None:
    prefix.mkdir()
    (prefix / MARKER).touch()
    make(prefix)
    (prefix / "left").symlink_to(prefix.parent)
    assert is_unfinished(prefix)
    with creation(prefix, clear=clear) as is_ours:
        assert is_ours
        assert [path.name for path in prefix.iterdir()] == [MARKER]
    assert prefix.parent.exists()


def test_one_that_somebody_made_meanwhile_is_theirs(prefix: Path) -> None:
    prefix.mkdir()
    make(prefix)
    with creation(prefix, clear=False) as is_ours:
        assert not is_ours
    assert not (prefix / MARKER).exists()
    assert (prefix / "bin" / "python").exists()


def test_whoever_comes_second_waits(prefix: Path) -> None:
    answers: list[bool] = []

    def second() -> None:
        with creation(prefix, clear=False) as is_ours:
            answers.append(is_ours)

    with creation(prefix, clear=False):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        make(prefix)
    thread.join(10)
    assert answers == [False]
    assert sorted(path.name for path in prefix.iterdir()) == ["bin", "pyvenv.cfg"]


def test_whoever_comes_second_makes_it_where_the_first_one_fails(prefix: Path) -> None:
    answers: list[bool] = []

    def second() -> None:
        with creation(prefix, clear=False) as is_ours:
            make(prefix)
            answers.append(is_ours)

    with suppress(KeyboardInterrupt), creation(prefix, clear=False):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        raise KeyboardInterrupt
    thread.join(10)
    assert answers == [True]
    assert (prefix / "pyvenv.cfg").exists()


def test_one_that_was_used_since_is_finished(prefix: Path) -> None:
    prefix.mkdir()
    (prefix / MARKER).touch()
    make(prefix)
    site = prefix / "lib" / "python3.11" / "site-packages"
    (site / "pip-26.0.dist-info").mkdir(parents=True)
    assert is_unfinished(prefix)
    (site / "a-1.0.dist-info").mkdir()
    assert not is_unfinished(prefix)
    finished(prefix)
    assert not (prefix / MARKER).exists()
    (prefix / MARKER).touch()
    (prefix / "bin" / "python").unlink()
    assert is_unfinished(prefix)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(TargetError), creation(tmp_path / "venv", clear=False):
        pass


def test_a_place_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(TargetError, match="cannot be made"),
        creation(tmp_path / "file" / "venv", clear=False),
    ):
        pass

"""One run at a time in an environment."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hybrid_install.environment.turn import turn
from hybrid_install.errors import TargetError


def nobody() -> None:
    pytest.fail("nobody is there to wait for")


@contextmanager
def another_at_work(prefix: Path) -> Iterator[None]:
    """The lock of another run."""
    folder = os.open(prefix, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(folder)


def test_alone(tmp_path: Path) -> None:
    for _ in range(2):
        with turn(tmp_path, 0, nobody) as others_were_first:
            assert not others_were_first
    assert not list(tmp_path.iterdir())


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run takes place, and it can be said that nobody was waited for."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    said: list[str] = []
    monkeypatch.setattr(fcntl, "flock", refuse)
    with turn(tmp_path, 0, nobody, lambda: said.append("no locks")) as others_were_first:
        assert not others_were_first
    with turn(tmp_path, 0, nobody):
        pass
    assert said == ["no locks"]


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    said: list[str] = []
    other = another_at_work(tmp_path)
    other.__enter__()

    def end_the_other() -> None:
        said.append("waiting")
        threading.Timer(0.3, other.__exit__, (None, None, None)).start()

    with turn(tmp_path, 60, end_the_other) as others_were_first:
        assert others_were_first
    assert said == ["waiting"]


def test_not_for_ever(tmp_path: Path) -> None:
    waits: list[None] = []
    with (
        another_at_work(tmp_path),
        pytest.raises(TargetError, match="still at work"),
        turn(tmp_path, 0.2, lambda: waits.append(None)),
    ):
        pytest.fail("it was not our turn")
    assert len(waits) == 1


def test_an_environment_that_was_replaced_meanwhile(tmp_path: Path) -> None:
    """The lock is on the folder that is there in the end, not on the one that is gone."""
    prefix = tmp_path / "venv"
    prefix.mkdir()
    other = another_at_work(prefix)
    other.__enter__()

    def replace() -> None:
        shutil.rmtree(prefix)
        prefix.mkdir()
        other.__exit__(None, None, None)

    with turn(prefix, 60, replace) as others_were_first:
        assert others_were_first
        with pytest.raises(TargetError), turn(prefix, 0, lambda: None):
            pytest.fail("the one that is there is locked")

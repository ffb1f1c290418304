"""What no input may bring about: a bug, a hang, control characters on a terminal, a stray file."""

from __future__ import annotations

import io
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from hypothesis.errors import HypothesisException
from support.figures import FIGURES, Figure

from hybrid_install.errors import HybridInstallError
from hybrid_install.report import Report

_SECONDS = 30

_CONTROL = re.compile(r"[^\n\t\x20-\x7e\x80-\U0010ffff]|[\x7f-\x9f]|[\u202a-\u202e\u2066-\u2069]")


class HangError(BaseException):
    """Too long; nothing that is tested catches it."""


@contextmanager
def no_hang(seconds: float = _SECONDS) -> Iterator[None]:
    """Whatever happens inside ends in time."""
    assert threading.current_thread() is threading.main_thread()

    def ring(_signum: int, _frame: FrameType | None) -> None:
        raise HangError(f"not within {seconds} s")

    FIGURES[Figure.INPUTS] += 1
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except (HybridInstallError, OSError, HypothesisException):  # words, or no input at all
        raise
    except BaseException:
        FIGURES[Figure.TRACEBACKS] += 1
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass(frozen=True)
class Outcome:
    """How it ended: with an error for people, or well."""

    error: HybridInstallError | None
    shown: str

    @property
    def is_good(self) -> bool:
        return self.error is None


def outcome(command: Callable[[Report], object]) -> Outcome:
    """Run what a command does: it succeeds or is refused in words; all else fails the test."""
    out, err, error = io.StringIO(), io.StringIO(), None
    with no_hang(), redirect_stdout(out), redirect_stderr(err):
        report = Report(verbosity=3, ansi=False)
        try:
            command(report)
        except HybridInstallError as found:
            error = found
            report.fail(found.message, found.hint)
        except OSError as found:  # `cli._run` has words for it
            report.fail(f"{found.filename}: {found.strerror or found}", None)
    assert error is None or error.message
    FIGURES[Figure.REFUSED] += error is not None
    shown = out.getvalue() + err.getvalue()
    assert_harmless(shown)
    return Outcome(error, shown)


def assert_harmless(shown: str) -> None:
    """Nothing in it has a terminal do anything, and all of it can be written in UTF-8."""
    found = _CONTROL.search(shown)
    assert not found, (
        f"{found.group()!r} in {shown[max(0, found.start() - 80) : found.end() + 20]!r}"
    )
    shown.encode(sys.getdefaultencoding())


@contextmanager
def nothing_changes(*folders: Path) -> Iterator[None]:
    """Every file below these folders is afterwards what it was."""
    before = {folder: _state(folder) for folder in folders}
    yield
    for folder, state in before.items():
        assert _state(folder) == state, f"something was done in {folder}"


def _state(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }

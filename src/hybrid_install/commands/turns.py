"""One run at a time in an environment, as the commands that change one see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hybrid_install.commands.prepare import Preparation
from hybrid_install.environment.creation import Patience
from hybrid_install.environment.turn import turn
from hybrid_install.report import Report


@contextmanager
def in_turn(preparation: Preparation, report: Report) -> Iterator[Preparation]:
    """The run, alone in its environment; looked at anew where another one was at work there.

    An environment that is still to be made has nobody in it, and who makes it has a marker there.
    """
    target = preparation.target
    if not target.exists:
        yield preparation
        return

    wait, say = patience_of(preparation, report)
    share, warn = preparation.runner.sharing, warning_of_no_locks(target.path, report)
    with turn(target.path, wait, say, warn, share=share) as others_were_first:
        yield preparation.anew() if others_were_first else preparation


def warning_of_no_locks(folder: Path, report: Report) -> Callable[[], None]:
    """What is said where nobody can be kept waiting."""
    return lambda: report.warn(
        f"the file system of {folder} has no locks (flock): keep other runs away until this one"
        " ends"
    )


def patience_of(preparation: Preparation, report: Report) -> Patience:
    """How long others are waited for, and what the user hears of that."""
    path = preparation.target.path
    words = f"another run is at work in {path}: waiting for its end"
    return Patience(preparation.request.wait, lambda: report.say("environment", words))

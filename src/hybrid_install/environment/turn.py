"""One run at a time in an environment."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from hybrid_install.errors import TargetError

Share = Callable[[int], AbstractContextManager[object]]
"""Has our children hold an open file too (`Runner.sharing`)."""

LOOK_AGAIN = 0.1
"""Seconds."""


@contextmanager
def turn(
    prefix: Path,
    seconds: float,
    on_wait: Callable[[], None],
    on_no_locks: Callable[[], None] = lambda: None,
    *,
    share: Share = nullcontext,
) -> Iterator[bool]:
    """Have the environment at `prefix` alone; yields whether another run had it before.

    The lock is on the folder itself: no file is left, and it is gone with whoever held it, however
    that ended. Children that `share` it hold it too: a run that is killed leaves it to them until
    the last one ends. `TargetError` where it is not ours after `seconds`. Where the file system has
    no locks nobody can be waited for, which `on_no_locks` may say.
    """
    folder, has_waited = _open(prefix), False
    ends = time.monotonic() + seconds
    try:
        while not _is_ours(folder, prefix, on_no_locks):
            if not has_waited:
                on_wait()
            elif time.monotonic() > ends:
                raise still_at_work(prefix, seconds)
            has_waited = True
            time.sleep(LOOK_AGAIN)
            folder = _anew(folder, prefix)
        with share(folder):
            yield has_waited
    finally:
        give_up(folder)


def still_at_work(place: Path, seconds: float) -> TargetError:
    """What is to be said when patience has ended."""
    return TargetError(
        f"another run is still at work in {place} after {seconds:g} s",
        hint="wait for it or end it (`fuser` or `lsof` with that folder says who it is);"
        " `--wait SECONDS` says how long to be patient",
    )


def give_up(descriptor: int) -> None:
    """Release a lock, and close its file.

    Closed alone it would stay locked as long as a service lives that a child has left behind.
    """
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def _open(prefix: Path) -> int:
    return os.open(prefix, os.O_RDONLY | os.O_DIRECTORY)


def _is_ours(folder: int, prefix: Path, on_no_locks: Callable[[], None]) -> bool:
    """Locked, and still the folder that is there."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        on_no_locks()
        return True
    return _is_at(folder, prefix)


def _is_at(folder: int, prefix: Path) -> bool:
    with suppress(OSError):
        return os.path.samestat(os.fstat(folder), prefix.stat())
    return False


def _anew(folder: int, prefix: Path) -> int:
    """The folder that is there now; whoever had the lock may have replaced it."""
    if _is_at(folder, prefix):
        return folder
    try:
        found = _open(prefix)
    except FileNotFoundError:  # just now, while another one is put in its place
        return folder
    os.close(folder)
    return found

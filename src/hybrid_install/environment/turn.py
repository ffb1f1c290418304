"""One run at a time in an environment."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hybrid_install.errors import TargetError

_LOOK_AGAIN = 0.1
"""Seconds."""


@contextmanager
def turn(
    prefix: Path,
    seconds: float,
    on_wait: Callable[[], None],
    on_no_locks: Callable[[], None] = lambda: None,
) -> Iterator[bool]:
    """Have the environment at `prefix` alone; yields whether another run had it before.

    The lock is on the folder itself: no file is left, and it is gone with whoever held it, however
    that ended. `TargetError` where it is not ours after `seconds`. Where the file system has no
    locks nobody can be waited for, which `on_no_locks` may say.
    """
    folder, has_waited = _open(prefix), False
    ends = time.monotonic() + seconds
    try:
        while not _is_ours(folder, prefix, on_no_locks):
            if not has_waited:
                on_wait()
            elif time.monotonic() > ends:
                raise TargetError(
                    f"another run is still at work in {prefix} after {seconds:g} s",
                    hint="wait for it or end it; `--wait SECONDS` says how long to be patient",
                )
            has_waited = True
            time.sleep(_LOOK_AGAIN)
            folder = _anew(folder, prefix)
        yield has_waited
    finally:
        os.close(folder)


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
    found = _open(prefix)
    os.close(folder)
    return found

"""An environment is made whole or not at all: a marker in it says that it is not finished.

Its scripts hold its path, so that it cannot be made elsewhere and moved. The marker comes first
and goes last; a run that is killed leaves it, and the next one makes the environment anew. Its
lock says whether whoever put it there still lives, or a child of theirs.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

from hybrid_install.environment.locate import MARKER, is_sane
from hybrid_install.environment.turn import LOOK_AGAIN, Share, give_up, still_at_work
from hybrid_install.errors import TargetError


class Patience(NamedTuple):
    """How long another run that makes the same environment is waited for, and what is said then."""

    seconds: float = 600
    on_wait: Callable[[], None] = lambda: None


@contextmanager
def creation(
    prefix: Path, *, clear: bool, share: Share = nullcontext, patience: Patience | None = None
) -> Iterator[bool]:
    """Make the environment within; False where another run has made it meanwhile.

    `TargetError` where that takes longer than the `patience`. With `clear` what is there is removed
    first. If the block raises, nothing is left of it.
    Children that `share` the marker's lock are at work in it as we are.
    """
    is_new = not prefix.exists()
    try:
        marker, is_first = _mark(prefix, patience or Patience())
    except OSError as error:
        raise TargetError(
            f"the environment {prefix} cannot be made: {error.strerror}",
            hint="name another folder with --venv",
        ) from None
    if marker is None:
        yield False
        return
    try:
        if clear or not is_first:
            _clear(prefix)
        with share(marker):
            yield True
        (prefix / MARKER).unlink()
    except BaseException:
        _clear(prefix)
        with suppress(OSError):
            (prefix / MARKER).unlink()
            if is_new:
                prefix.rmdir()
        raise
    finally:
        give_up(marker)


def remove(prefix: Path) -> None:
    """Take away an environment; a run that is killed at it leaves one that is not finished."""
    with suppress(OSError):
        (prefix / MARKER).touch()
        _clear(prefix)
        (prefix / MARKER).unlink()
        prefix.rmdir()


def finished(prefix: Path) -> None:
    """Withdraw the marker of an environment that somebody else has finished."""
    with suppress(OSError):
        (prefix / MARKER).unlink()


def _mark(prefix: Path, patience: Patience) -> tuple[int | None, bool]:
    """The marker, locked, and whether it is ours from the first; None if all has been done."""
    while True:
        prefix.mkdir(parents=True, exist_ok=True)
        marker, is_first = _open(prefix / MARKER)
        if marker is None:
            continue
        if is_first and is_sane(prefix):
            os.close(marker)
            finished(prefix)
            return None, False
        try:
            _lock(marker, prefix, patience)
        except BaseException:
            os.close(marker)
            raise
        if _is_at(marker, prefix / MARKER):
            return marker, is_first
        os.close(marker)
        if is_sane(prefix):
            return None, False


def _lock(marker: int, prefix: Path, patience: Patience) -> None:
    ends, has_waited = time.monotonic() + patience.seconds, False
    while True:
        try:
            return fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not has_waited:
                patience.on_wait()
            elif time.monotonic() > ends:
                raise still_at_work(prefix, patience.seconds) from None
        except OSError:  # a file system without locks
            return None
        has_waited = True
        time.sleep(LOOK_AGAIN)


def _open(path: Path) -> tuple[int | None, bool]:
    """The marker and whether it is new; None where it has gone as we looked."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644), True
    except FileExistsError:
        with suppress(FileNotFoundError):
            return os.open(path, os.O_RDWR), False
    return None, False


def _is_at(descriptor: int, path: Path) -> bool:
    """Whoever had the lock may have removed the file that we have opened."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _clear(prefix: Path) -> None:
    """Remove all but the marker, which must be the last to go."""
    for path in prefix.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != MARKER:
            with suppress(OSError):
                path.unlink()

"""An environment that is made beside its place and put there whole.

Its scripts hold its path, so the folder beside has a name of the same length, and before it takes
the place every file in it is told where it will be. Old and new are exchanged in one step where the
system and the file system have that (Linux's `renameat2(2)`, macOS's `renamex_np(2)`); elsewhere
there is a moment without either, and a run that is killed in it leaves the old one to the next one.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.environment.creation import remove
from hybrid_install.environment.locate import MARKER
from hybrid_install.environment.relocation import record
from hybrid_install.interruptions import held_back
from hybrid_install.regular import read_bytes
from hybrid_install.whole import write_whole

_AT_FDCWD = -100
_EXCHANGE = 2  # RENAME_EXCHANGE, and macOS's RENAME_SWAP

_OF_THE_NAME = 8
"""Bytes that tell a folder's name from others that begin as it does, as far as it has as many."""

# In a library, what may hold the environment's path: all else comes as it is from a wheel.
_WRITTEN_HERE = {".pth", ".pyc", ".egg-link"}


def beside(place: Path) -> Path:
    """The folder in which an environment for `place` is made: a name of the same length, its own.

    What follows the `~` is of the whole name: those of one project differ at their ends
    (`…-py3.11`, `…-py3.12`), and may be made at the same time.
    """
    name, kept = place.name, place.name[:-1]
    size = len(os.fsencode(name))
    while len(kept) > 1 and size - len(os.fsencode(kept)) < _OF_THE_NAME:
        kept = kept[:-1]
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()
    told = f"{'_' if name == '~' else '~'}{digest}"
    return place.with_name(kept + told[: size - len(os.fsencode(kept))])


def _put_aside(made: Path) -> Path:
    """Where the old environment is for the moment in which neither is at the place."""
    return made.with_name(f"{made.name}.old")


@contextmanager
def room_beside(place: Path) -> Iterator[Path]:
    """`beside(place)`, for an environment to be made in; nothing is left there in the end.

    What a killed run has left goes first, but for an environment that has nothing in its place: it
    goes back there. Whatever else is there stays, as somebody's, and none is made in it.
    """
    clear_beside(place)
    try:
        yield beside(place)
    finally:
        discard(beside(place))


def clear_beside(place: Path) -> None:
    """Have nothing there that a killed run has left."""
    made = beside(place)
    old = _put_aside(made)
    if _is_environment(old) and not os.path.lexists(place):
        with suppress(OSError):
            old.rename(place)
    discard(old)
    discard(made)


def discard(made: Path) -> None:
    """Remove an environment that is there; whatever else it is stays."""
    if _is_environment(made):
        remove(made)


def _is_environment(folder: Path) -> bool:
    is_one = any((folder / each).is_file() for each in ("pyvenv.cfg", MARKER))
    return is_one and not folder.is_symlink()


def tell_place(interpreter: Interpreter, place: Path) -> None:
    """Have all that names the environment's own folder name `place`, which is as long."""
    prefix = interpreter.prefix
    here, there = os.fsencode(prefix), os.fsencode(place)
    assert len(here) == len(there), "what is compiled holds lengths"  # noqa: S101
    written: dict[Path, bytes] = {}
    records = []
    for path in _files(prefix, interpreter.site_packages):
        if path.is_symlink():
            _lead(path, here, there)
        elif here in (content := read_bytes(path)) and path.name == "RECORD":
            records.append(path)
        elif here in content:
            written[path] = content.replace(here, there)
            write_whole(path, written[path], path.stat().st_mode)
    for folder in interpreter.site_packages if written else ():
        for each in folder.glob("*.dist-info/RECORD"):
            record(each, written)
    # Only now: until here they name the files by where they are.
    for path in records:
        write_whole(path, read_bytes(path).replace(here, there), path.stat().st_mode)


def _files(prefix: Path, libraries: tuple[Path, ...]) -> Iterator[Path]:
    for folder, names, files in os.walk(prefix):
        path = Path(folder)
        is_library = any(path.is_relative_to(each) for each in libraries)
        is_metadata = path.name.endswith((".dist-info", ".egg-info"))
        links = (path / name for name in names if (path / name).is_symlink())
        chosen = (
            path / name
            for name in files
            if not is_library or is_metadata or Path(name).suffix in _WRITTEN_HERE
        )
        yield from (*links, *chosen)


def _lead(link: Path, here: bytes, there: bytes) -> None:
    target = os.fsencode(link.readlink())
    if target.startswith(here):
        link.unlink()
        link.symlink_to(os.fsdecode(there + target.removeprefix(here)))


def take_place(new: Path, place: Path) -> None:
    """`new` is at `place`; what was there is removed. An `OSError` leaves the old one there."""
    if not os.path.lexists(place):
        new.rename(place)
        return
    if not _exchanged(new, place):
        old = _put_aside(new)
        discard(old)
        with held_back():
            place.rename(old)
            try:
                new.rename(place)
            except OSError:
                old.rename(place)
                raise
        new = old
    remove(new)


def _exchanged(one: Path, other: Path) -> bool:
    with suppress(AttributeError, OSError):
        system, paths = ctypes.CDLL(None), (os.fsencode(one), os.fsencode(other))
        if sys.platform == "darwin":
            return bool(system.renamex_np(*paths, _EXCHANGE) == 0)
        return bool(system.renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _EXCHANGE) == 0)
    return False

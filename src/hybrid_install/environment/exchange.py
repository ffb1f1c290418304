"""An environment that is made beside its place and put there whole.

Its scripts hold its path, so the folder beside has a name of the same length, and before it takes
the place every file in it is told where it will be. Old and new are exchanged in one step
(`renameat2(2)`) where the system has that; elsewhere there is a moment without either.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.environment.creation import remove
from hybrid_install.environment.locate import MARKER
from hybrid_install.environment.relocation import record, write_anew
from hybrid_install.regular import read_bytes

_AT_FDCWD, _EXCHANGE = -100, 2

# In a library, what may hold the environment's path: all else comes as it is from a wheel.
_WRITTEN_HERE = {".pth", ".pyc", ".egg-link"}


def beside(place: Path) -> Path:
    """The folder in which an environment for `place` is made: a name of the same length."""
    last = "~" if not place.name.endswith("~") else "_"
    return place.with_name(place.name[:-1] + last)


@contextmanager
def room_beside(place: Path) -> Iterator[Path]:
    """`beside(place)`, for an environment to be made in; nothing is left there in the end.

    An environment that a killed run has left there goes first. Whatever else is there stays: it is
    somebody's, and no environment is made in it.
    """
    made = beside(place)
    discard(made)
    try:
        yield made
    finally:
        discard(made)


def discard(made: Path) -> None:
    """Remove an environment that a killed run has left there; whatever else it is stays."""
    is_environment = any((made / each).is_file() for each in ("pyvenv.cfg", MARKER))
    if is_environment and not made.is_symlink():
        remove(made)


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
            write_anew(path, written[path], path.stat().st_mode)
    for folder in interpreter.site_packages if written else ():
        for each in folder.glob("*.dist-info/RECORD"):
            record(each, written)
    # Only now: until here they name the files by where they are.
    for path in records:
        write_anew(path, read_bytes(path).replace(here, there), path.stat().st_mode)


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
        old = new.with_name(f"{new.name}.old")
        discard(old)
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
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
        paths = os.fsencode(one), os.fsencode(other)
        return bool(renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _EXCHANGE) == 0)
    return False

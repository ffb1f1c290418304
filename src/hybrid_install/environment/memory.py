"""What an interpreter has said of itself, as long as nothing has changed that it could depend on.

A start of one takes as long as a whole plan.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.environment.cache import cache_dir
from hybrid_install.errors import TargetError
from hybrid_install.unchanged import ENTRY, text_of_stamp, words_if_unchanged

_KEPT = 64
"""Files of one kind in the cache; the oldest ones go."""

TICK = 20_000_000
"""Nanoseconds in which a file system may give two changes one time."""

_VARIABLES = ("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES")


class Memory(NamedTuple):
    """Where the answer of one interpreter is, None where there is no place for it."""

    python: Path
    path: Path | None

    @classmethod
    def of(cls, python: Path, environ: Mapping[str, str]) -> Memory:
        """The memory of `python` on this machine, its kernel and its C library included."""
        try:
            folder = cache_dir(environ) / "interpreters"
        except TargetError:
            return cls(python, None)
        variables = (f"{name}={environ.get(name, '')}" for name in _VARIABLES)
        facts = "\0".join((str(python.absolute()), *os.uname(), _c_library(), *variables))
        digest = hashlib.sha256(facts.encode("utf-8", "surrogateescape")).hexdigest()
        return cls(python, folder / digest)

    def recall(self) -> str | None:
        """What was kept, None where there is nothing or something has changed."""
        return words_if_unchanged(None if self.path is None else str(self.path))

    def keep(self, answer: str, found: Interpreter, asked: int) -> None:
        """Keep the answer that makes `found`, which was asked for at `asked` (`time.time_ns`).

        Not one of several lines, nor one that anything has changed under.
        """
        witnesses = [(ENTRY, str(path)) for path in _depends_on(self.python, found)]
        text = text_of_stamp(answer, witnesses)
        if self.path is not None and text is not None and newest(witnesses) < asked - TICK:
            write(self.path, text)


def _c_library() -> str:
    with suppress(AttributeError, ValueError, OSError):
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    return ""


def _depends_on(python: Path, found: Interpreter) -> Iterator[Path]:
    """The interpreter itself, its configuration, and all that adds to its path."""
    yield python
    yield python.parent.parent / "pyvenv.cfg"
    yield found.base_prefix / "pyvenv.cfg"
    folders = (*found.site_packages, *found.fallbacks, *found.sys_path)
    for folder in dict.fromkeys(folders):
        yield folder
        for name in ("sitecustomize.py", "usercustomize.py"):
            yield folder / name
        with suppress(OSError):
            yield from sorted(folder.glob("*.pth"))


def newest(witnesses: Iterable[tuple[str, str]]) -> int:
    """When any entry among the witnesses was changed last, in nanoseconds."""
    found = 0
    for kind, subject in witnesses:
        if kind == ENTRY:
            with suppress(OSError):
                found = max(found, Path(subject).stat().st_ctime_ns)
    return found


def write(path: Path, text: str) -> None:
    """Put `text` into the cache, whole or not at all; a cache that cannot be written to is none."""
    from hybrid_install.whole import write_whole

    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode("utf-8", "surrogateescape"), 0o600)
        kept = sorted(path.parent.iterdir(), key=lambda each: each.stat().st_mtime_ns)
        for old in kept[:-_KEPT]:
            old.unlink(missing_ok=True)

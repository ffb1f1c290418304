"""`sh`, without what it imports for coroutines and for its own version number.

That is `asyncio`, with `ssl` and sockets, and `importlib.metadata`, with the parser of mails: three
quarters of what importing it takes, and no run of ours is a coroutine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any, NoReturn


@cache
def sh_alone() -> Any:
    """The module. Where the whole of `asyncio` is there already, it gets that."""
    with (
        _in_the_place_of("asyncio", _no_coroutines()),
        _in_the_place_of("importlib.metadata", _no_metadata()),
    ):
        import sh
    return sh


@contextmanager
def _in_the_place_of(name: str, stand_in: ModuleType) -> Iterator[None]:
    """Whoever imports `name` meanwhile gets the stand-in, unless the real one is loaded."""
    if name in sys.modules:
        yield
        return
    parent, _, attribute = name.rpartition(".")
    owner = sys.modules.get(parent)
    sys.modules[name] = stand_in
    if owner:
        setattr(owner, attribute, stand_in)
    try:
        yield
    finally:
        del sys.modules[name]
        if owner:
            delattr(owner, attribute)


def _no_coroutines() -> ModuleType:
    """`asyncio` as far as `sh` asks it outside of coroutines: whether any is running."""

    def get_running_loop() -> NoReturn:
        raise RuntimeError("no running event loop")

    stand_in = ModuleType("asyncio")
    stand_in.__dict__.update(get_running_loop=get_running_loop, Queue=None)
    return stand_in


def _no_metadata() -> ModuleType:
    def version(_: str) -> str:
        return "unknown"

    stand_in = ModuleType("importlib.metadata")
    stand_in.__dict__.update(version=version, PackageNotFoundError=LookupError)
    return stand_in

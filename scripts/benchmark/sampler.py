"""Runs hybrid-install and tells what its time went to. A program: see `players.Player.profile`.

`sampler.py FILE ARGUMENT…` looks every other millisecond at what the main thread is at, and writes
the seconds by name into FILE as JSON. What comes before it, the interpreter's start, is not in it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

_PERIOD = 0.002
_START = "what else the command line takes"


def _main() -> None:
    file, *words = sys.argv[1:]
    sys.argv = ["hybrid-install", *words]
    spent: dict[str, float] = defaultdict(float)
    done = threading.Event()
    watched = threading.main_thread().ident or 0
    sampler = threading.Thread(target=_sample, args=(watched, spent, done))
    sampler.start()
    try:
        from hybrid_install.__main__ import main

        main()
    finally:
        done.set()
        sampler.join()
        Path(file).write_text(json.dumps(spent), "utf-8")


def _sample(watched: int, spent: dict[str, float], done: threading.Event) -> None:
    before = time.perf_counter()
    while not done.wait(_PERIOD):
        frame = sys._current_frames().get(watched)  # noqa: SLF001 - there is no other way in
        now = time.perf_counter()
        if frame is not None:
            spent[_named(frame)] += now - before
        before = now


def _named(frame: FrameType) -> str:
    """What it is at: waiting for a process, importing, or in one of our rooms."""
    rooms = []
    for each in _outwards(frame):
        name = str(each.f_globals.get("__name__", ""))
        if name == "importlib._bootstrap":
            return "imports"
        if name == "hybrid_install.tools.process" and "command" in each.f_locals:
            return _process(each.f_locals["command"].argv)
        if name.startswith("hybrid_install."):
            rooms.append(name.split(".")[1])
    return f"our {rooms[0]}" if rooms and rooms[0] != "cli" else _START


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _process(argv: tuple[str, ...]) -> str:
    """`uv pip install`, `python`."""
    name = argv[0].rpartition("/")[2]
    commands = ("venv", "pip", "compile", "install", "uninstall", "sync", "--version")
    words = [word for word in argv[1:5] if word in commands] if name == "uv" else []
    return " ".join(["a start of", name.rstrip("0123456789."), *words])


if __name__ == "__main__":
    _main()

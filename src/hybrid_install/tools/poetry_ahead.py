"""Poetry, started before it is needed: run by Poetry's own interpreter, never imported.

Most of the time of `poetry install` goes into its imports, its parsers and what they make of the
lock, which depend on nothing that is decided by then. They are done while uv works; then an order
is waited for, and what follows is the launcher itself, as if it had just been started with those
arguments, variables and folder. No order, since the run has ended before, means that nothing is
done.

Arguments: the launcher, the project's folder, and the socket's descriptor from which the order is
read to its end. Files that come with it (the lock of the environment) are held open as long as this
process lives, which on Linux is no longer than whoever has started it.
"""

# Poetry's interpreter may be older than ours.
from __future__ import annotations

import importlib
import json
import logging
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1

MODULES = (
    "poetry.console.application",
    "poetry.console.commands.install",
    "poetry.factory",
    "poetry.installation.installer",
    "poetry.installation.chooser",
    "poetry.masonry.builders.editable",
    "poetry.packages.locker",
    "poetry.plugins.plugin_manager",
    "poetry.puzzle.transaction",
    "poetry.repositories.installed_repository",
    "poetry.repositories.lockfile_repository",
    "poetry.repositories.pypi_repository",
    "poetry.utils.env",
    "poetry.console.logging.io_handler",
    "poetry.core.json",
    "poetry.core.masonry.metadata",
    "poetry.core.masonry.utils.module",
    "poetry.core.spdx.helpers",
    "poetry.core.version.helpers",
    "poetry.json",
    "poetry.repositories.legacy_repository",
)
"""None that changes how others work: keyring's importlib_metadata would read all metadata."""


def warm_up(project_dir: str, is_ordered: Callable[[], bool]) -> None:
    """Import, and have made what Poetry's modules keep, until there is an order.

    Whatever fails here fails again where Poetry does it, and is Poetry's to say.
    """
    logging.disable(logging.CRITICAL)
    for task in _tasks(project_dir):
        if is_ordered():
            break
        with suppress(Exception):
            task()
    logging.disable(logging.NOTSET)


def _tasks(project_dir: str) -> Iterator[Callable[[], object]]:
    """The surest first: the last one reads what Poetry reads anew."""
    yield from (partial(importlib.import_module, name) for name in MODULES)
    yield from (_make_parsers, _make_validators, partial(_parse_lock, project_dir))


def _make_parsers() -> None:
    from poetry.core.packages.dependency import Dependency

    Dependency.create_from_pep_508('warm-up (>=1,<2) ; os_name == "none"')


def _make_validators() -> None:
    """They are code that is written from the schemas, once in a process."""
    from poetry.core.json import validate_object
    from poetry.json import validate_object as validate_object_of_poetry

    validate_object({}, "project-schema")
    validate_object({}, "poetry-schema")
    validate_object_of_poetry({})


def _parse_lock(project_dir: str) -> None:
    """Requirements, constraints and markers are remembered by their words.

    In the project's folder, as what is taken for a path is relative to it.
    """
    from poetry.packages.locker import Locker

    os.chdir(project_dir)
    content: dict[str, Any] = {"tool": {"poetry": {}}}
    Locker(Path(project_dir, "poetry.lock"), content).locked_repository()


def _is_readable(descriptor: int) -> bool:
    polling = select.poll()  # `select` has no descriptors from 1024 on
    polling.register(descriptor, select.POLLIN)
    return bool(polling.poll(0))


def heard(descriptor: int) -> str:
    """The order, a line; empty where there is none, or half of one: whoever gives it was killed."""
    with socket.socket(fileno=descriptor) as line:
        parts = []
        if hasattr(socket, "recv_fds"):  # not in Python 3.8
            parts.append(socket.recv_fds(line, 1 << 16, 16)[0])
        parts += iter(lambda: line.recv(1 << 16), b"")
    order, end, _ = b"".join(parts).partition(b"\n")
    return order.decode() if end else ""


def end_with_parent() -> None:
    """Have the system (Linux) see to it. Where it is too late for that, there will be no order.

    It watches the thread that has started us: the main one.
    """
    with suppress(ImportError, AttributeError, OSError):
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))


def main() -> None:
    """Wait for the order, and become the launcher."""
    # Interrupted before there is anything to say, it ends without a word.
    is_interruptible = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    if is_interruptible:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Whoever has started it blocks that until here: Python's own words would be a traceback.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # As whatever else we start: when a terminal hangs up, it is asked to end by us.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if sys.platform == "linux":
        end_with_parent()
    launcher, project_dir, descriptor = sys.argv[1], sys.argv[2], int(sys.argv[3])
    sys.path[0] = str(Path(launcher).parent)
    warm_up(project_dir, partial(_is_readable, descriptor))
    text = heard(descriptor)
    if not text:
        return
    order = json.loads(text)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.argv = [launcher, *order["argv"]]
    if is_interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    runpy.run_path(launcher, run_name="__main__")


if __name__ == "__main__":
    main()

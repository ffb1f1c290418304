"""Poetry, started before this run has read anything, where the last run's stamp lets foresee it.

Poetry then imports (`tools/poetry_ahead.py`) while we do, on another processor. Nothing of it is
kept unless the run comes to start that very process (`tools.process`), and nothing that is started
is taken from the stamp: Poetry is found as `tools.poetry` finds it, where that is quickly told.

As in `unchanged`, only the standard library's quickest modules are imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from hybrid_install.unchanged import AHEAD, CREDENTIALS, ENTRY, command, holds, lines_of_stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tools", "poetry_ahead.py")


class Begun:
    """A process that waits for its order; `argv` is without the descriptor that it reads.

    `writing` is where the order goes. Whoever takes it over says so by `is_taken`, and sees to its
    end.
    """

    def __init__(self, argv: tuple[str, ...], environ: Mapping[str, str]) -> None:
        """Start it: at a terminal in our process group, else in one of its own."""
        import _socket
        import signal

        line, its_end = _socket.socketpair()
        self.writing, reading = line.detach(), its_end.detach()
        os.set_inheritable(reading, True)
        self.argv, self.environ, self.is_taken = argv, dict(environ), False
        whole = [*argv, str(reading)]
        streams = [(os.POSIX_SPAWN_DUP2, 2, 1)]
        # It unblocks SIGINT where it has a handler: before that Python would say a traceback.
        blocked = {*signal.pthread_sigmask(signal.SIG_BLOCK, ()), signal.SIGINT}
        options: dict[str, Any] = {"file_actions": streams, "setsigmask": blocked, **_group()}
        try:
            self.pid = os.posix_spawn(argv[0], whole, self.environ, **options)
        except BaseException:
            os.close(self.writing)
            raise
        finally:
            os.close(reading)

    def end(self) -> None:
        """Unless somebody has taken it over."""
        if self.is_taken:
            return
        self.is_taken = True
        try:
            os.close(self.writing)
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
        except OSError:
            pass


_all: list[Begun] = []


def begun() -> Begun | None:
    """What was begun in this process, if anything."""
    return _all[0] if _all else None


def begin(stamp: str | None, environ: Mapping[str, str]) -> None:
    """Start Poetry if the stamp of these words says that it will be needed, and where it is."""
    if any(name.startswith(CREDENTIALS) for name in environ):
        return  # its words would have to come through us, and nobody listens yet
    folder = project_that_needs_poetry(stamp)
    argv = None if folder is None else argv_for(folder, environ)
    if argv is None or not (_is_open(0) and _is_open(2)):
        return  # whatever was opened next would take their place
    try:
        process = Begun(argv, environ)
    except OSError:
        return
    _all.append(process)
    import atexit

    atexit.register(process.end)


def project_that_needs_poetry(stamp: str | None) -> str | None:
    """The project's folder, where the last run foresaw Poetry and what it depends on has changed.

    That is that there is no environment any more, or another pyproject.toml.
    """
    witnesses = lines_of_stamp(stamp)
    subjects = [line.partition("\t")[2] for line in witnesses if line.startswith(f"{AHEAD} ")]
    if len(subjects) != 1 or subjects[0].count("\t") != 1:
        return None
    environment, folder = subjects[0].split("\t")
    if not os.path.exists(os.path.join(environment, "pyvenv.cfg")):
        return folder
    file = os.path.join(folder, "pyproject.toml")
    ours = (line for line in witnesses if line.startswith(f"{ENTRY} "))
    is_same = all(holds(line) for line in ours if line.endswith(f"\t{file}"))
    return None if is_same else folder


def argv_for(folder: str, environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """What `tools.poetry.Poetry.start` would start; None where that takes more to find out."""
    launcher = environ.get("HYBRID_INSTALL_POETRY")
    if not launcher:
        own = os.path.join(os.path.dirname(sys.executable), "poetry")
        launcher = own if os.path.isfile(own) else command("poetry", environ.get("PATH", ""))
    python = launcher and _interpreter_of(launcher)
    return (python, _PROGRAM, launcher, folder) if launcher and python else None


def _interpreter_of(launcher: str) -> str | None:
    """The Python that a launcher's first line names, if that is all that it says."""
    if not os.path.isfile(launcher):  # a pipe would be waited for
        return None
    try:
        with open(launcher, "rb") as file:
            line = file.read(1024).split(b"\n")[0].decode()
    except (OSError, ValueError):
        return None
    python = line.removeprefix("#!")
    is_plain = python != line and os.path.isabs(python) and " " not in python
    is_python = is_plain and "/bin/python" in python
    return python if is_python and os.access(python, os.X_OK) else None


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _group() -> dict[str, Any]:
    return {} if os.isatty(0) else {"setpgroup": 0}

"""A command at a terminal of its own, as a shell starts it: in the foreground, and in a group."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from support.cli import without_traceback
from support.index import until
from support.sandbox import Result

# The shell outlives the command: were the command itself the leader of the session, its end would
# hang up on whoever it has left behind, and nobody would be seen there.
_SHELL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
answer = int(sys.argv[1])
child = os.fork()
if not child:
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.close(answer)
    os.execvp(sys.argv[2], sys.argv[2:])
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
os.write(answer, str(code).encode())
while True:
    signal.pause()
"""


@dataclass(frozen=True)
class AtTerminal:
    """A command under way, whose three streams are the terminal; `ours` is the keyboard's end."""

    argv: Sequence[str]
    shell: subprocess.Popen[bytes]
    ours: int
    answer: int
    said: list[bytes] = field(default_factory=list)

    @classmethod
    def start(cls, argv: Sequence[str], environ: Mapping[str, str], cwd: Path, mark: str) -> Self:
        """Come back when it is in the foreground; `mark` is TEST_MARK to it, and not to the shell."""
        ours, its = pty.openpty()
        answer, asked = os.pipe()
        shell = subprocess.Popen(
            [sys.executable, "-c", _SHELL, str(asked), "env", f"TEST_MARK={mark}", *argv],
            env={**environ, "TERM": "dumb", "NO_COLOR": "1"},
            cwd=cwd,
            stdin=its,
            stdout=its,
            stderr=its,
            pass_fds=(asked,),
            start_new_session=True,
        )
        os.close(its)
        os.close(asked)
        started = cls(argv, shell, ours, answer)
        threading.Thread(target=started._listen, daemon=True).start()
        until(lambda: started._foreground not in {0, shell.pid}, 20, "it is in the foreground")
        return started

    @property
    def _foreground(self) -> int:
        with suppress(OSError):
            return os.tcgetpgrp(self.ours)
        return 0

    def _listen(self) -> None:
        with suppress(OSError):
            while heard := os.read(self.ours, 65536):
                self.said.append(heard)

    def has_ended(self) -> bool:
        """Whether it is over."""
        return bool(select.select([self.answer], [], [], 0)[0])

    def send(self, signum: int) -> bool:
        """To all that is in the foreground; SIGINT is a key. False where nothing is."""
        if signum == signal.SIGINT:
            return os.write(self.ours, b"\x03") == 1
        with suppress(ProcessLookupError):
            os.killpg(self._foreground, signum)
            return True
        return False

    def result(self, seconds: float = 60) -> Result:
        """How it ended; all that it said is in `stderr`."""
        until(self.has_ended, seconds, f"it ends, and has said {self._text}")
        code = int(os.read(self.answer, 16) or b"-1")
        time.sleep(0.1)  # its last words are still being read
        return without_traceback(Result(self.argv, code, "", self._text))

    @property
    def _text(self) -> str:
        text = b"".join(self.said).decode("utf-8", "replace")
        return text.replace("\r\n", "\n").replace("^C", "")  # the key's echo

    def close(self) -> None:
        """Hang up; the shell goes."""
        self.shell.kill()
        self.shell.wait()
        for each in (self.ours, self.answer):
            os.close(each)

"""hybrid-install as its users start it: a process of its own."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from support.sandbox import Result, Sandbox, run

_TRACEBACK = "Traceback (most recent call last)"
# Of a tool's Python that is interrupted while it ends; it goes down to the line without a margin.
_LAST_WORDS = re.compile(r"^Exception ignored in.*\n(?:Traceback.*\n(?: .*\n)+)?", re.MULTILINE)


@dataclass(frozen=True)
class HybridInstall:
    """The command in a sandbox. `python` is the interpreter that runs it."""

    sandbox: Sandbox
    python: Path = Path(sys.executable)

    def __call__(self, *arguments: str | Path, cwd: Path, **variables: str) -> Result:
        """Run it to the end; it never shows a traceback."""
        result = run(self.argv(arguments), self.environ(variables), cwd, check=False)
        assert _TRACEBACK not in result.output, str(result)
        assert result.exit_code != 3, f"a bug was caught: {result}"
        return result

    def succeeding(self, *arguments: str | Path, cwd: Path, **variables: str) -> Result:
        """Run it; anything but success is a failure of the test."""
        result = self(*arguments, cwd=cwd, **variables)
        assert result.exit_code == 0, str(result)
        return result

    def refusing(self, *arguments: str | Path, cwd: Path, **variables: str) -> Result:
        """Run it; it must end with exit code 1 and an error for people."""
        result = self(*arguments, cwd=cwd, **variables)
        assert result.exit_code == 1, str(result)
        assert re.search(r"^error: .", result.stderr, re.MULTILINE), str(result)
        return result

    def start(self, *arguments: str | Path, cwd: Path, **variables: str) -> Running:
        """Start it in a process group of its own and come back at once."""
        process = subprocess.Popen(
            self.argv(arguments),
            env=self.environ(variables),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return Running(process)

    def argv(self, arguments: tuple[str | Path, ...]) -> list[str]:
        """The command line."""
        return [str(self.python), "-m", "hybrid_install", *map(str, arguments)]

    def environ(self, variables: Mapping[str, str]) -> dict[str, str]:
        """The sandbox's environment, with the source tree where that is what is tested."""
        whole = {**self.sandbox.environ, **variables}
        tree = _where_it_is_imported_from()
        if own := whole.get("PYTHONPATH"):
            tree = {name: f"{path}{os.pathsep}{own}" for name, path in tree.items()}
        return {**whole, **tree}


@dataclass(frozen=True)
class Running:
    """A run under way."""

    process: subprocess.Popen[str]

    def has_ended(self) -> bool:
        """Whether it is over."""
        return self.process.poll() is not None

    def interrupt(self, signum: int) -> None:
        """A signal to the command alone, not to its children."""
        os.kill(self.process.pid, signum)

    def result(self, seconds: float = 60) -> Result:
        """How it ended."""
        try:
            stdout, stderr = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        argv = (
            [str(word) for word in self.process.args] if isinstance(self.process.args, list) else []
        )
        return without_traceback(Result(argv, self.process.returncode, stdout, stderr))


def without_traceback(result: Result) -> Result:
    """The same; what an interrupted tool's Python says as it ends is no traceback of ours."""
    assert _TRACEBACK not in _LAST_WORDS.sub("", result.output), str(result)
    return result


@dataclass
class CommandLines:
    """The command lines of all processes that carry a mark in their environment."""

    mark: str
    seen: set[str] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)

    @classmethod
    @contextmanager
    def watched(cls, mark: str) -> Iterator[Self]:
        """Look as often as possible during the block."""
        watching = cls(mark)
        thread = threading.Thread(target=watching._watch, daemon=True)
        thread.start()
        try:
            yield watching
        finally:
            watching._stop.set()
            thread.join()

    def _watch(self) -> None:
        while not self._stop.is_set():
            self.seen.update(command for _, command in processes(self.mark))
            time.sleep(0.005)


def processes(mark: str) -> list[tuple[int, str]]:
    """Number and command line of every process with `mark` in its environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                found.append((int(folder.name), command))
        except OSError:  # it has ended, or is another user's
            continue
    return found


def _where_it_is_imported_from() -> dict[str, str]:
    found = importlib.util.find_spec("hybrid_install")
    assert found is not None, "hybrid_install is neither installed nor on PYTHONPATH"
    assert found.origin is not None
    source = Path(found.origin).parent.parent
    return {"PYTHONPATH": str(source)} if source.name == "src" else {}

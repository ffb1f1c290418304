"""One run, measured from outside."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launcher.py")

# The last line of a run of ours: `done in 6.6 s (read 0.5, indexes 0.0, download 5.9)`.
_DONE = re.compile(r"^done in [\d.]+ s \((?P<phases>[^)]*)\)$", re.MULTILINE)

Step = Sequence[str]


class BenchError(Exception):
    """What ends the benchmark; the message is all that is to be said."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run took: seconds, and the bytes that its largest process had in memory."""

    wall: float
    cpu: float
    memory: int
    steps: tuple[float, ...] = ()
    phases: Mapping[str, float] = field(default_factory=dict)


def measure(steps: Sequence[Step], environ: Mapping[str, str], folder: Path, log: Path) -> Usage:
    """Run the steps; one that fails ends the benchmark with what it said."""
    log.unlink(missing_ok=True)
    order = {"steps": [[str(word) for word in step] for step in steps], "log": str(log)}
    # -I and -S: what stands in the environment is the steps', not the launcher's.
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(_LAUNCHER)],
        input=json.dumps(order),
        env=dict(environ),
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    said = log.read_text("utf-8", "replace") if log.is_file() else ""
    if told["code"]:
        raise BenchError(f"{' '.join(told['argv'])}: exit code {told['code']}\n{said[-4000:]}")
    walls = tuple(told["wall"])
    return Usage(sum(walls), told["cpu"], told["peak_kib"] * 1024, walls, phases(said))


def phases(said: str) -> dict[str, float]:
    """The seconds of each phase, where the run is one of ours."""
    found = _DONE.search(said)
    if not found or not found["phases"]:
        return {}
    pairs = (phase.rsplit(" ", 1) for phase in found["phases"].split(", "))
    return {name: float(seconds) for name, seconds in pairs}


@dataclass(frozen=True, slots=True)
class Files:
    """The files below a folder: of each inode its size, and when it was last written."""

    sizes: Mapping[tuple[int, int], tuple[int, int]]

    @classmethod
    def below(cls, folder: Path) -> Files:
        """Look at all of them; a file with several names is one."""
        found: dict[tuple[int, int], tuple[int, int]] = {}
        waiting = [str(folder)]
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        status = entry.stat(follow_symlinks=False)
                        key = status.st_dev, status.st_ino
                        found[key] = status.st_size, status.st_mtime_ns
        return cls(found)

    def written_since(self, before: Files) -> int:
        """The bytes of the files that are new or were written to; not of those that went again."""
        return sum(
            size
            for key, (size, time) in self.sizes.items()
            if before.sizes.get(key) != (size, time)
        )

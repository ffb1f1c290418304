"""The scene of a fault: a project in some state, a run in it, and what must hold ever after."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from support.claims import false_claims
from support.cli import HybridInstall, Running, processes
from support.compare import differences, snapshot
from support.index import Index, Source, until
from support.lab import Lab
from support.projects import Project, Spec
from support.sandbox import Result
from support.terminal import AtTerminal
from support.wheels import Release, Repacked, Sdist, Wheel

from hybrid_install.environment.exchange import beside

BIG = Wheel(
    Release("bravo", "1.2", console_scripts={"bravo": "bravo:main"}),
    data={"scripts/bravo-tool": "#!python\nprint('tool')\n", "data/share/bravo.txt": "b"},
    padding=400_000,
)
OLD = Wheel(Release("Charlie.Tools", "1.0", modules={"charlie_tools/old.py": ""}))
WHEELS = (
    Wheel(Release("alpha", requires=("bravo>=1",), extras={"fast": ("golf",)})),
    BIG,
    OLD,
    Wheel(Release("Charlie.Tools", "2.0"), data={"data/share/charlie.txt": "c"}),
    Wheel(Release("delta", "0.3")),
    Wheel(Release("golf", "7.0")),
)
POETRYS = Repacked(Release("india", "9.0"), suffix=".tar.bz2")
BUILT = Sdist(Release("hotel", "8.0"))

NEW, WARM, COMPLETE, CHANGED = "new", "warm", "complete", "changed"
STATES = (NEW, WARM, COMPLETE, CHANGED)


@dataclass(frozen=True)
class Market:
    """The packages that all scenes of a session share, and with them locks and references."""

    index: Index
    source: Source
    more: tuple[str, ...] = ()

    @classmethod
    def open(cls, index: Index) -> Market:
        """On an index where nothing of it is yet."""
        return cls(index, index.source("market").offer(*WHEELS, BUILT, POETRYS))

    def with_poetrys(self) -> Market:
        """The same, with a package that Poetry fetches: uv refuses the format of its file."""
        return replace(self, more=(POETRYS.name,))

    @property
    def spec(self) -> Spec:
        """What is installed: wheels, one with data and scripts, an sdist, the project itself."""
        return self._spec("alpha[fast]", "charlie-tools>=2", "hotel", *self.more)

    @property
    def earlier(self) -> Spec:
        """What the project was before: one less, one other, one older."""
        return self._spec("charlie-tools<2", "delta", "golf")

    def _spec(self, *dependencies: str) -> Spec:
        return Spec({"market": self.index.url(self.source)}, dependencies)


_GUARD = (
    'for place in "$1" "$2"; do mount --bind "$place" "$place"; '
    'mount -o remount,bind,ro "$place"; done && shift 2 && exec "$@"'
)


@cache
def guard() -> tuple[str, ...]:
    """Words before a command that make the interpreters of the machine read-only to it.

    A fault may lead a run astray, and it must not find anything there that it could remove. The
    mounts are the command's own (`unshare`); whoever may not mount is bound by permissions.
    """
    words = ("unshare", "--mount", "sh", "-ec", _GUARD, "sh", sys.base_prefix, sys.prefix)
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return ()
    tried = subprocess.run([*words, "true"], check=False, capture_output=True)
    return words if tried.returncode == 0 else ()


class GuardedInstall(HybridInstall):
    """The command, behind `guard`; the process is the same one."""

    def argv(self, arguments: tuple[str | Path, ...]) -> list[str]:
        return [*guard(), *super().argv(arguments)]


@dataclass(frozen=True)
class Scene:
    """`mark` is in the environment of every process of the run; `stack` ends with the test."""

    lab: Lab
    market: Market
    project: Project
    mark: str
    stack: ExitStack = field(default_factory=ExitStack)
    is_atomic: bool = False

    @classmethod
    def set_up(
        cls, lab: Lab, market: Market, state: str, stack: ExitStack, *, is_atomic: bool = False
    ) -> Scene:
        """No environment (and uv's cache cold or warm), a complete one, or an earlier one."""
        # Where uv would clone, nothing could be edited through a link to its cache.
        lab = replace(lab, sandbox=lab.sandbox.having(UV_LINK_MODE="hardlink"))
        folder = lab.folder / market.spec.name
        if state == CHANGED:
            lab.install(lab.project(market.earlier))
            _forget_all_but_environment(folder)
        project, mark = lab.project(market.spec), f"fault-{lab.folder}"
        scene = cls(lab, market, project, mark, stack, is_atomic)
        if state in {WARM, COMPLETE}:
            lab.install(scene.project, "--sync")
        if state == WARM:
            shutil.rmtree(scene.project.venv)
        return scene

    def forget(self) -> None:
        """Have the next scene set up as if this one had not been."""
        shutil.rmtree(self.project.folder)
        shutil.rmtree(self.lab.sandbox.folder("uv-cache"))

    def start(self, *options: str | Path, **variables: str) -> Running:
        """The run, under way. What is the machine's it can only read."""
        command = GuardedInstall(self.lab.sandbox)
        return command.start(
            *self._way, *options, cwd=self.project.folder, TEST_MARK=self.mark, **variables
        )

    def start_at_terminal(self) -> AtTerminal:
        """As `start`, in the foreground of a terminal: what it starts shares its group."""
        command = GuardedInstall(self.lab.sandbox)
        environ, folder = command.environ({}), self.project.folder
        started = AtTerminal.start(command.argv(self._way), environ, folder, self.mark)
        self.stack.callback(started.close)
        return started

    @property
    def _way(self) -> tuple[str, ...]:
        return ("--sync", "--atomic") if self.is_atomic else ("--sync",)

    def run(self, *options: str | Path, **variables: str) -> Result:
        """The run, to its end."""
        return self.start(*options, **variables).result(120)

    @property
    def beside(self) -> Path:
        """Where an environment is made that takes the place of the other when it is whole."""
        return beside(self.project.venv)

    def as_it_stands(self) -> dict[str, tuple[int, int]]:
        """Each file of the environment, so that no other can be taken for it."""
        found = (path for path in sorted(self.project.venv.rglob("*")) if not path.is_dir())
        return {
            str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns)
            for path in found
            if "__pycache__" not in path.parts
        }

    def tree(self) -> dict[str, str]:
        """Everything in the project but its environment, and the one that is made beside it.

        With modes, and with folders that are empty.
        """
        folder, venv = self.project.folder, self.project.venv
        inside = [path for path in sorted(folder.iterdir()) if path not in {venv, self.beside}]
        files = [path for each in inside for path in (each, *sorted(each.rglob("*")))]
        return {
            str(path.relative_to(folder)): f"{path.lstat().st_mode:o} {_what_is_in(path)}"
            for path in files
            if "__pycache__" not in path.parts
        }

    def wrong(self, venv: Path | None = None, goal: Project | None = None) -> list[str]:
        """How the environment differs from the one that Poetry makes, of the scene's project or of `goal`."""
        theirs = self.lab.oracle.install(goal or self.project, command="sync")
        try:
            ours = snapshot(venv or self.project.venv, self.project.folder)
        except (AssertionError, OSError, ValueError) as error:
            return [f"it cannot be read: {error}"]
        return differences(ours, theirs)

    def is_called_right(self) -> bool:
        """What `verify --deep` says."""
        verified = self.lab.hybrid_install("verify", "--deep", cwd=self.project.folder)
        assert verified.exit_code in {0, 1}, str(verified)
        return verified.exit_code == 0

    def false_claims(self, *, of_files: bool = True) -> list[str]:
        """What the environment's receipt says that is not so."""
        return false_claims(self.project.venv, of_files=of_files)

    def assert_nobody_is_left(self, seconds: float = 20) -> None:
        """No process of the run lives, whoever its parent is by now."""
        until(lambda: not processes(self.mark), seconds, f"none is left of {processes(self.mark)}")

    def files(self, pattern: str) -> list[Path]:
        """Files of the environment's library."""
        return sorted(self.project.venv.glob(f"lib/python*/site-packages/{pattern}"))

    @property
    def site(self) -> Path:
        """The environment's library, which must be there."""
        (found,) = self.project.venv.glob("lib/python*/site-packages")
        return found


def _what_is_in(path: Path) -> str:
    if path.is_symlink():
        return str(path.readlink())
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _forget_all_but_environment(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name != ".venv":
            shutil.rmtree(path) if path.is_dir() else path.unlink()

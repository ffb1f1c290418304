"""Poetry: where it is, and the `poetry install` that ends a run."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hybrid_install.core.model import normalize_name
from hybrid_install.core.supported import Misfit, Supported, release_of
from hybrid_install.errors import ToolError
from hybrid_install.regular import opener, read_text
from hybrid_install.tools.process import Command, CommandNotFoundError, Runner, Waiting

if TYPE_CHECKING:
    from hybrid_install.tools.poetry_run import PoetryRun
    from hybrid_install.tools.uv import Uv

SUPPORTED = Supported((1, 8), (3,))
"""Poetry versions that the tests run with: the oldest ones finish what locks up to 2.0 select."""

VARIABLE = "HYBRID_INSTALL_POETRY"

# Poetry 2.0 brought `poetry sync` and reads [project]; before 2.3 a lock is solved again unless
# told not to.
_SYNC_SINCE = (2, 0)
_FOLLOWS_THE_LOCK_SINCE = (2, 3)
_READS_PROJECT_SINCE = (2, 0)
_PROVIDED_BY_DEFAULT = "poetry>=2.3,<3"

# In `Poetry (version 2.5.1)`, which whatever is called poetry may answer.
_VERSION = re.compile(r"(?<![0-9.])[0-9]{1,9}(?:\.[0-9]{1,9})+[0-9A-Za-z.+-]{0,99}")

MIRROR_PLUGIN = normalize_name("poetry-plugin-pypi-mirror")

_REPAIR_VERSION = f"install a Poetry{SUPPORTED}, or name one with {VARIABLE}"
_REPAIR = f"install Poetry (pipx install poetry), or name one with {VARIABLE}"


@dataclass(frozen=True)
class Poetry:
    """A Poetry that has been found. `version` is None where it could not be read."""

    argv: tuple[str, ...]
    origin: str
    runner: Runner
    environ: Mapping[str, str] = field(repr=False)
    version: str | None = None

    @property
    def release(self) -> tuple[int, ...]:
        """`(2, 5, 1)`; empty where the version is unknown."""
        return release_of(self.version or "")

    def misfit(self) -> Misfit | None:
        """What is to be said of its version where the tests have never seen it, if it is known."""
        version = self.version
        if version is None or SUPPORTED.covers(version):
            return None
        return Misfit("Poetry", version, SUPPORTED, _REPAIR_VERSION)

    @property
    def reads_project_table(self) -> bool:
        """Whether it knows PEP 621's [project]."""
        return not self.release or self.release >= _READS_PROJECT_SINCE

    @property
    def interpreter(self) -> Path | None:
        """The Python that runs it, None where its launcher does not say."""
        return _interpreter_of(Path(self.argv[0]))

    @property
    def prefix(self) -> Path | None:
        """Where it is installed, None where its launcher does not say."""
        return self.interpreter.parent.parent if self.interpreter else None

    def build_wheel(self, run: PoetryRun, output: Path) -> None:
        """`poetry build`, so that dynamic versions, build scripts and plugins have their say.

        A build backend that is not Poetry's is asked by it too (`BuildHandler._isolated_build`).
        """
        argv = (*self.argv, "build", "--format=wheel", f"--output={output}", *run.manners())
        env = run.environment(self.environ)
        self.runner.stream(Command(argv=argv, env=env, cwd=run.project_dir))

    @property
    def re_resolves_by_default(self) -> bool:
        """Whether `installer.re-resolve` is on where nobody sets it."""
        return bool(self.release) and self.release[:2] < _FOLLOWS_THE_LOCK_SINCE

    def has_plugin(self, name: str) -> bool:
        """Whether a plugin is installed beside it; no where that cannot be seen."""
        python = self.interpreter
        folder = f"lib/python3*/site-packages/{name.replace('-', '_')}-*.dist-info"
        return python is not None and any(python.parent.parent.glob(folder))

    @property
    def libraries(self) -> tuple[Path, ...] | None:
        """Where its packages and plugins are; None where that is not all to be seen.

        Outside an environment of its own it may also import from the user's folder.
        """
        prefix = self.prefix
        if prefix is None:
            return None
        if not (prefix / "pyvenv.cfg").is_file() and user_site(self.environ).is_dir():
            return None
        given = (each for each in self.environ.get("PYTHONPATH", "").split(os.pathsep) if each)
        return (*prefix.glob("lib/python3*/site-packages"), *map(Path, given))

    def plugins(self) -> tuple[str, ...] | None:
        """The plugins installed beside it, by name; None where not all of them can be seen."""
        if self.libraries is None:
            return None
        found = (
            path
            for library in self.libraries
            for path in library.glob("*.dist-info/entry_points.txt")
        )
        return tuple(path.parent.name.partition("-")[0] for path in found if _is_of_plugin(path))

    def start(self, project_dir: Path) -> Waiting | None:
        """Have it do already what it needs for any run of that project (`poetry_ahead`).

        None where it is not started by a launcher that names its interpreter, or not so.
        """
        python = self.interpreter
        if python is None or len(self.argv) > 1 or _has_options(Path(self.argv[0])):
            return None
        program = Path(__file__).with_name("poetry_ahead.py")
        argv = (str(python), str(program), *self.argv, str(project_dir))
        with suppress(CommandNotFoundError):
            return self.runner.start_waiting(Command(argv=argv, env=self.environ))
        return None

    def install(self, run: PoetryRun, waiting: Waiting | None = None) -> None:
        """`poetry install`, watched by the user; `waiting` is what `start` has begun."""
        argv = run.argv(syncs=run.sync and self.release >= _SYNC_SINCE)
        env = run.environment(self.environ)
        if waiting:
            order = {"argv": argv, "env": env, "cwd": str(run.project_dir)}
            with suppress(CommandNotFoundError):
                waiting.order(f"{json.dumps(order)}\n")
                return
        self.runner.stream(Command(argv=(*self.argv, *argv), env=env, cwd=run.project_dir))


def find(environ: Mapping[str, str], runner: Runner, *, may_start: bool = True) -> Poetry | None:
    """`HYBRID_INSTALL_POETRY`, else our own environment's scripts folder, else PATH.

    None where there is no Poetry; `ToolError` where the named one does not exist. A version that
    cannot be read beside the launcher is asked for, if Poetry may be started.
    """
    if named := environ.get(VARIABLE):
        if not Path(named).is_file():
            raise ToolError(f"there is no Poetry at {named} ({VARIABLE})", hint=_REPAIR)
        return _at(Path(named), VARIABLE, runner, environ, may_start)
    own = Path(sysconfig.get_path("scripts")) / "poetry"
    if own.is_file():
        return _at(own, "beside hybrid-install", runner, environ, may_start)
    if on_path := shutil.which("poetry", path=environ.get("PATH")):
        found = _at(Path(on_path), "PATH", runner, environ, may_start)
        # A shim (pyenv's, asdf's) may stand for nothing.
        return found if found.version or not may_start else None
    return None


def _at(
    path: Path, origin: str, runner: Runner, environ: Mapping[str, str], may_start: bool
) -> Poetry:
    version = _version_beside(path)
    if version is None and may_start:
        version = _version_asked(path, runner, environ)
    return Poetry((str(path),), origin, runner, environ, version)


def provided(uv: Uv, locked_by: str | None, runner: Runner) -> Poetry:
    """A Poetry from uv, by default in the version that wrote the lock."""
    requirement = f"poetry=={locked_by}" if locked_by else _PROVIDED_BY_DEFAULT
    try:
        python = uv.provide_poetry(requirement, Path(sys.executable))
    except ToolError as error:
        raise ToolError(
            f"there is no Poetry on this machine, and uv could not provide it: {error}",
            hint=_REPAIR,
        ) from None
    argv = (str(python), "-I", "-m", "poetry")
    version = _version_in(python.parent.parent) or locked_by
    return Poetry(argv, f"uv ({requirement})", runner, uv.environ, version)


def _version_beside(script: Path) -> str | None:
    """The version of the distribution that a launcher belongs to: a start of Poetry is 0.8 s."""
    python = _interpreter_of(script)
    return _version_in(python.parent.parent) if python else None


def _interpreter_of(script: Path) -> Path | None:
    """The Python in a launcher's first line, None where it is something else, such as a shim."""
    try:
        with open(script, "rb", opener=opener) as launcher:
            head = launcher.read(1024).decode("utf-8", "replace")
    except OSError:
        return None
    match = re.match(r"#!(?:/bin/sh\n'''exec' )?\"?(/[^\"\n]*?/bin/python[\w.]*)", head)
    return Path(match.group(1)) if match else None


def _has_options(script: Path) -> bool:
    """Whether a launcher's first line tells Python more than what to run: `-sP`, for example."""
    try:
        with open(script, "rb", opener=opener) as launcher:
            line = launcher.read(1024).partition(b"\n")[0].decode("utf-8", "replace")
    except OSError:
        return True
    return re.search(r"/python[\w.]*\"?[ \t]+-", line) is not None


def user_site(environ: Mapping[str, str]) -> Path:
    """Where every Python outside an environment also looks for packages."""
    named = environ.get("PYTHONUSERBASE")
    base = Path(named) if named else Path(environ.get("HOME", "/"), ".local")
    return base / "lib"


def _is_of_plugin(entry_points: Path) -> bool:
    """`PluginManager.get_plugin_entry_points`: both of its groups."""
    try:
        text = read_text(entry_points, "replace")
    except OSError:
        return True
    return "[poetry.plugin]" in text or "[poetry.application.plugin]" in text


def _version_in(prefix: Path) -> str | None:
    found = prefix.glob("lib/python3*/site-packages/poetry-[0-9]*.dist-info")
    names = [path.name.removeprefix("poetry-").removesuffix(".dist-info") for path in found]
    return names[0] if len(names) == 1 else None


def _version_asked(script: Path, runner: Runner, environ: Mapping[str, str]) -> str | None:
    try:
        answer = runner.capture(
            Command(argv=(str(script), "--version", "--no-ansi"), env=dict(environ))
        )
    except ToolError:
        return None
    match = _VERSION.search(answer)
    return match.group() if match else None

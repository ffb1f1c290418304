"""Commands in this very process, on a project of files and an environment without processes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from support.fakes import FakeWaiting
from support.mutations import toml
from support.projects import write_files
from support.witness import Outcome, outcome

from hybrid_install.commands.cache_key import cache_key
from hybrid_install.commands.check import check
from hybrid_install.commands.doctor import doctor
from hybrid_install.commands.download import Elsewhere, download
from hybrid_install.commands.export import Order, export
from hybrid_install.commands.init import init
from hybrid_install.commands.install import install
from hybrid_install.commands.install_map import install_map
from hybrid_install.commands.plan import plan
from hybrid_install.commands.request import Request
from hybrid_install.commands.verify import verify
from hybrid_install.core.emitters.format import Format
from hybrid_install.core.freshness import content_hash
from hybrid_install.core.selection import SelectionOptions
from hybrid_install.environment.probe import _PROBE
from hybrid_install.errors import InvalidDataError
from hybrid_install.report import Report
from hybrid_install.tools.process import Command, CommandNotFoundError, Runner


@dataclass
class Answering:
    """A `Runner` that starts nothing: interpreters answer, whatever else is not there."""

    answer: Callable[[Path], str]

    def capture(self, command: Command) -> str:
        if command.argv[-1] == _PROBE:
            return self.answer(Path(command.argv[0]))
        raise CommandNotFoundError(f"{command.argv[0]} cannot be started: there is nothing here")

    def begin(self, command: Command) -> Callable[[], str]:
        words = self.capture(command)
        return lambda: words

    def converse(self, command: Command) -> str:
        return self.capture(command)

    def stream(self, command: Command) -> None:
        self.capture(command)

    def mask(self) -> None:
        pass

    def sharing(self, _: int) -> AbstractContextManager[None]:
        return nullcontext()

    def start_waiting(self, command: Command) -> FakeWaiting:
        raise CommandNotFoundError(command.argv[0])


@cache
def _own_answer() -> Mapping[str, Any]:
    said = io.StringIO()
    with redirect_stdout(said):
        exec(_PROBE, {})  # noqa: S102
    document: dict[str, Any] = json.loads(said.getvalue())
    return document


@dataclass
class Machine:
    """A folder for each thing that a run reads; `surroundings` is where nothing may change."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    said: Callable[[Path], str] | None = None

    @classmethod
    def make(cls, root: Path) -> Machine:
        """A project folder, an environment, and the folders of Poetry's settings and caches."""
        machine = cls(root)
        for name in ("project", "config", "cache", "data", "bin", "surroundings"):
            (root / name).mkdir()
        machine.make_environment()
        write_files(root / "surroundings", {"kept.txt": "kept"})
        write_files(root / "project", {"echo/setup.py": "", "foxtrot-1.0-py3-none-any.whl": b""})
        python = root / "bin" / "python"
        python.touch(mode=0o755)
        machine.environ = {
            "HOME": str(root / "data"),
            "PATH": str(root / "bin"),
            "POETRY_CONFIG_DIR": str(root / "config"),
            "POETRY_HOME": str(root / "data"),
            "POETRY_CACHE_DIR": str(root / "cache"),
            "HYBRID_INSTALL_CACHE_DIR": str(root / "cache" / "ours"),
        }
        return machine

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def venv(self) -> Path:
        return self.project / ".venv"

    @property
    def site(self) -> Path:
        return self.venv / "lib" / "python" / "site-packages"

    def make_environment(self) -> None:
        """The files that make a folder an environment; its interpreter is an empty file."""
        self.site.mkdir(parents=True)
        write_files(self.venv, {"pyvenv.cfg": "home = /usr/bin\n", "bin/python": ""})
        (self.venv / "bin" / "python").chmod(0o755)

    @property
    def runner(self) -> Runner:
        return Answering(self.said or self.honest_answer)

    def honest_answer(self, python: Path) -> str:
        """What the interpreter of this process says, with the environment's places."""
        prefix = python.parent.parent
        site = str(prefix / "lib" / "python" / "site-packages")
        places = {"purelib": site, "platlib": site, "scripts": f"{prefix}/bin", "data": str(prefix)}
        document = {
            **_own_answer(),
            "prefix": str(prefix),
            "executable": str(python),
            "sys_path": [site],
            "paths": places,
            "fallbacks": [site],
        }
        return json.dumps(document)

    def write(self, pyproject: Mapping[str, Any], lock: Mapping[str, Any]) -> None:
        """The two files, the lock as fresh as it can be called."""
        stated = lock.get("metadata")
        if isinstance(stated, dict):
            try:
                fresh = {**stated, "content-hash": content_hash(pyproject)}
            except (InvalidDataError, ValueError, RecursionError):
                fresh = stated
            lock = {**lock, "metadata": fresh}
        self.put("pyproject.toml", toml(dict(pyproject)))
        self.put("poetry.lock", toml(dict(lock)))

    def put(self, name: str, content: bytes) -> None:
        (self.project / name).write_bytes(content)

    def run(self, command: str, **options: Any) -> Outcome:
        """Run one of `COMMANDS`."""
        base = Request(directory=self.project, verbosity=3, ansi=False, environ=self.environ)
        request = replace(base, **options)
        return outcome(lambda report: COMMANDS[command](request, report, self.runner))

    def install_map(self, file: Path) -> Outcome:
        """`install --from FILE --dry-run` into the environment."""
        request = Request(directory=self.root, venv=self.venv, environ=self.environ)
        return outcome(
            lambda report: install_map(request, report, self.runner, file=file, dry_run=True)
        )


EVERYTHING = SelectionOptions(all_groups=True, all_extras=True)

_Running = Callable[[Request, Report, Runner], None]


def _exporting(form: Format, *, universal: bool) -> _Running:
    return lambda request, report, runner: export(
        request, report, runner, Order(form, universal=universal)
    )


def _diagnosing(*, as_json: bool) -> _Running:
    """Of the sources nothing but what is read: no server is asked."""

    def run(request: Request, report: Report, runner: Runner) -> None:
        offline = replace(request, environ={**request.environ, "UV_OFFLINE": "1"})
        doctor(offline, report, runner, as_json=as_json, timeout=0.1)

    return run


def _downloading(request: Request, report: Report, runner: Runner) -> None:
    folder, elsewhere = request.directory.parent / "wheels", Elsewhere(None, None)
    download(request, report, runner, output=folder, elsewhere=elsewhere)


def _initializing(request: Request, report: Report, runner: Runner) -> None:
    init(request, report, runner, sizes=False, over="50MB", docker=False, force=False)


COMMANDS: Mapping[str, _Running] = {
    "plan": lambda *run: plan(*run, as_json=False),
    "plan --json": lambda *run: plan(*run, as_json=True),
    "export": _exporting(Format.REQUIREMENTS, universal=False),
    "export --universal": _exporting(Format.REQUIREMENTS, universal=True),
    "export --format constraints": _exporting(Format.CONSTRAINTS, universal=False),
    "export --format json": _exporting(Format.JSON, universal=True),
    "verify": lambda *run: verify(*run, deep=True, as_json=False),
    "verify --json": lambda *run: verify(*run, deep=False, as_json=True),
    "check": lambda request, report, _: check(request, report, files=[]),
    "cache-key": cache_key,
    "doctor": _diagnosing(as_json=False),
    "doctor --json": _diagnosing(as_json=True),
    "download": _downloading,
    "init": _initializing,
    "install --dry-run": lambda *run: install(*run, dry_run=True),
}

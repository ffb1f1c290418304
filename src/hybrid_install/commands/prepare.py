"""What every command does first: read, refuse, locate, select, compare. Nothing is changed."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from hybrid_install import poetry_config
from hybrid_install.commands.request import Request
from hybrid_install.core.deferral import Handover
from hybrid_install.core.distribution import Installed
from hybrid_install.core.freshness import is_fresh
from hybrid_install.core.lock_problems import LockProblem, Selection, lock_problems
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.model import LockedPackage
from hybrid_install.core.plan import Plan, Policy, make_plan
from hybrid_install.core.project import Project
from hybrid_install.core.selection import Wanted, select, wanted
from hybrid_install.environment.installed import installed
from hybrid_install.environment.locate import Locator, TargetEnvironment
from hybrid_install.environment.probe import probe
from hybrid_install.errors import (
    InvalidDataError,
    LockfileError,
    SelectionError,
    ToolError,
)
from hybrid_install.files import find_pyproject, read_lock, read_project, read_toml
from hybrid_install.poetry_config import PoetryConfig
from hybrid_install.report import Report
from hybrid_install.tools import poetry as poetry_tool
from hybrid_install.tools.poetry import Poetry
from hybrid_install.tools.process import Runner

STALE = (
    "pyproject.toml changed significantly since poetry.lock was last generated."
    " Run `poetry lock` to fix the lock file."
)


@dataclass(frozen=True)
class Inputs:
    """What a run reads, refused already where Poetry would refuse it."""

    project_dir: Path
    project: Project
    lock: Lockfile
    config: PoetryConfig
    wanted: Wanted


def read_inputs(request: Request) -> Inputs:
    """Read and check pyproject.toml, poetry.lock and Poetry's configuration.

    Raises `ProjectError`, `LockfileError` or `SelectionError`, each in Poetry's words.
    """
    request.selection.refuse_conflicts()
    if request.sync and request.selection.only_root:
        raise SelectionError(
            "`--sync` with `--only-root` would remove every dependency.",
            hint="leave one of the two out",
        )
    pyproject = read_toml(find_pyproject(request.directory))
    project, folder = read_project(pyproject), pyproject.path.parent
    lock = read_lock(folder)
    if not is_fresh(lock, pyproject.document):
        raise LockfileError(STALE, hint="`poetry lock`, then commit poetry.lock")
    config = poetry_config.load(folder, request.environ)
    return Inputs(folder, project, lock, config, wanted(request.selection, project, lock))


@dataclass(frozen=True)
class Preparation:
    """A run that could begin: the inputs, the environment, what is in it, and the plan.

    Without `starts_tools` neither uv nor Poetry is started to find any of it out.
    """

    request: Request
    inputs: Inputs
    locator: Locator
    target: TargetEnvironment
    runner: Runner
    starts_tools: bool

    @cached_property
    def poetry(self) -> Poetry | None:
        """The machine's own Poetry, if it has one."""
        try:
            return poetry_tool.find(self.request.environ, self.runner, may_start=self.starts_tools)
        except ToolError:
            if self.starts_tools:
                raise
            return None

    @cached_property
    def selected(self) -> tuple[LockedPackage, ...]:
        """The locked packages for this target."""
        return select(self.inputs.lock, self.inputs.wanted, self.target.interpreter.markers)

    @cached_property
    def lock_problems(self) -> tuple[LockProblem, ...]:
        """What is doubtful about the lock for this target."""
        inputs, interpreter = self.inputs, self.target.interpreter
        return lock_problems(
            Selection(
                inputs.lock, inputs.wanted, interpreter.markers, self.selected, interpreter.tags
            )
        )

    def installed(self) -> Installed:
        """A fresh look at the environment."""
        return installed(self.target.interpreter) if self.target.exists else {}

    @cached_property
    def plan(self) -> Plan:
        """The plan, or the reason why there is none of ours."""
        handover = self._handover()
        if handover is not None:
            return Plan((), handover)
        policy = Policy(
            self.inputs.config.build_policy(self.inputs.project.build_constraints),
            sync=self.request.sync,
            no_directory=self.request.no_directory,
        )
        return make_plan(self.selected, self.installed(), self.inputs.project, policy)

    def _handover(self) -> Handover | None:
        config, target = self.inputs.config, self.target
        if not self.inputs.lock.has_groups_and_markers:
            return Handover.OLD_LOCK
        if self._re_resolves():
            return Handover.RE_RESOLVE
        if not target.is_virtual:
            return Handover.NO_VIRTUALENV
        if target.exists:
            system = target.interpreter.includes_system
            return Handover.SYSTEM_SITE_PACKAGES if system else None
        if config.flag("virtualenvs", "options", "system-site-packages"):
            return Handover.SYSTEM_SITE_PACKAGES
        return Handover.VIRTUALENV_OPTIONS if config.has_foreign_virtualenv_options else None

    def _re_resolves(self) -> bool:
        """`installer.re-resolve`, whose default depends on the Poetry that finishes the run."""
        setting = self.inputs.config.flag("installer", "re-resolve")
        if setting is not None:
            return setting
        return self.poetry is not None and self.poetry.re_resolves_by_default

    def after_creation(self) -> Preparation:
        """The same run once its environment exists."""
        interpreter = probe(self.target.python, self.runner, self.request.environ)
        target = replace(self.target, interpreter=interpreter, exists=True, is_broken=False)
        return replace(self, target=target)


def prepare(request: Request, runner: Runner, *, starts_tools: bool = False) -> Preparation:
    """Read, refuse and locate; the rest is computed when asked for."""
    inputs = read_inputs(request)
    locator = Locator(
        project=inputs.project,
        project_dir=inputs.project_dir,
        config=inputs.config,
        environ=request.environ,
        runner=runner,
        venv=request.venv,
        python=request.python,
        poetry_python=_poetry_python(request, runner),
    )
    try:
        target = locator.locate()
    except InvalidDataError as error:
        raise error.in_file(error.file or str(inputs.project_dir / "pyproject.toml")) from None
    return Preparation(request, inputs, locator, target, runner, starts_tools)


def _poetry_python(request: Request, runner: Runner) -> Path:
    """The interpreter that runs Poetry; a Poetry that uv provides is run by ours."""
    try:
        found = poetry_tool.find(request.environ, runner, may_start=False)
    except ToolError:
        found = None
    return (found and found.interpreter) or Path(sys.executable)


def warn_of_the_lock(preparation: Preparation, report: Report) -> None:
    """What should be known before anything moves; an error under `--strict`."""
    if preparation.inputs.lock.is_newer_than_known:
        report.warn(
            "The lock file might not be compatible with the current version of Poetry."
            " Upgrade Poetry to ensure the lock file is read properly or, alternatively,"
            " regenerate the lock file with the `poetry lock` command."
        )
    problems = preparation.lock_problems
    if problems and preparation.request.strict:
        raise SelectionError(
            "\n".join(problem.message for problem in problems), hint=problems[0].hint
        )
    for problem in problems:
        report.warn(problem.message)
        report.detail(problem.hint)

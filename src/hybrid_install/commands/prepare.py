"""What every command does first: read, refuse, locate, select, compare. Nothing is changed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from hybrid_install import poetry_config
from hybrid_install.commands.request import Request
from hybrid_install.core.deferral import Handover
from hybrid_install.core.distribution import Distribution, Installed, by_name
from hybrid_install.core.freshness import is_fresh
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.model import LockedPackage
from hybrid_install.core.plan import Plan, Policy, make_plan
from hybrid_install.core.project import Project
from hybrid_install.core.selection import Wanted, select, several_versions, wanted
from hybrid_install.environment.installed import distributions
from hybrid_install.environment.locate import Locator, TargetEnvironment
from hybrid_install.environment.probe import probe
from hybrid_install.errors import (
    InvalidDataError,
    LockfileError,
    ProjectError,
    SelectionError,
    TargetError,
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

    def installed(self) -> Installed:
        """A fresh look at the environment."""
        return by_name(self.distributions())

    def distributions(self) -> tuple[Distribution, ...]:
        """All distributions, those that another of their name hides included."""
        return distributions(self.target.interpreter) if self.target.exists else ()

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
            is_virtual=self.target.is_virtual,
        )
        return make_plan(self.selected, self.installed(), self.inputs.project, policy)

    def _handover(self) -> Handover | None:
        if not self.inputs.lock.has_groups_and_markers:
            return Handover.OLD_LOCK
        if self._re_resolves():
            return Handover.RE_RESOLVE
        if self.target.handover:
            return self.target.handover
        return Handover.VIRTUALENV_OPTIONS if self.is_made_by_poetry else None

    @property
    def is_made_by_poetry(self) -> bool:
        """Whether Poetry also makes the environment."""
        return not self.target.exists and self.inputs.config.has_foreign_virtualenv_options

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
        self.locator.refuse_wrong_python(target)
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
        poetry_python=lambda: _poetry_python(request, runner, may_start=starts_tools),
    )
    try:
        target = locator.locate()
    except InvalidDataError as error:
        found = error.in_file(error.file or str(inputs.project_dir / "pyproject.toml"))
        raise ProjectError(
            str(found), hint="mend that value: Poetry cannot read it either"
        ) from None
    preparation = Preparation(request, inputs, locator, target, runner, starts_tools)
    if preparation.is_made_by_poetry:
        _refuse_what_poetry_is_not_told(request)
    return preparation


def _refuse_what_poetry_is_not_told(request: Request) -> None:
    """Poetry makes environments in a place and with a Python of its own choice."""
    given = [("--venv", request.venv), ("--python", request.python)]
    if options := [option for option, value in given if value is not None]:
        raise TargetError(
            f"{' and '.join(options)} cannot be heeded: {Handover.VIRTUALENV_OPTIONS.value},"
            " which then makes the environment",
            hint="make the environment first, or change virtualenvs.options in Poetry's settings",
        )


def _poetry_python(request: Request, runner: Runner, *, may_start: bool) -> Path | None:
    """The interpreter that runs Poetry; a Poetry that uv provides is run by ours."""
    found = poetry_tool.find(request.environ, runner, may_start=may_start)
    return found.interpreter if found else Path(sys.executable)


def warn_of_the_lock(preparation: Preparation, report: Report) -> None:
    """What should be known before anything moves; a doubtful lock is an error under `--strict`."""
    selection = preparation.request.selection
    if selection.only_groups and (selection.with_groups or selection.without_groups):
        report.warn(
            "The `--with` and `--without` options are ignored when used along with the `--only`"
            " option."
        )
    if preparation.inputs.lock.is_newer_than_known:
        report.warn(
            "The lock file might not be compatible with the current version of Poetry."
            " Upgrade Poetry to ensure the lock file is read properly or, alternatively,"
            " regenerate the lock file with the `poetry lock` command."
        )
    if doubled := several_versions(preparation.selected):
        message = f"the lock selects several versions of one name: {_named(doubled.items())}"
        if preparation.request.strict:
            raise SelectionError(
                message, hint="no environment can hold both: mend the markers, then `poetry lock`"
            )
        report.warn(f"{message}. They are left to Poetry, which installs the one it comes to last")


def _named(doubled: Iterable[tuple[str, list[str]]]) -> str:
    return "; ".join(f"{name} {' and '.join(versions)}" for name, versions in doubled)

"""`Installer._execute` (poetry/installation/installer.py): what it is told to install."""

from __future__ import annotations

from typing import Any

from poetry.console.commands.install import InstallCommand
from poetry.installation.installer import Installer
from poetry.installation.operations.operation import Operation
from support.poetry_in_process import Pick, picks_of_ours, picks_of_poetry
from upstream.comparison import Answer, IncomparableError
from upstream.conversion import lockfile, names
from upstream.walked import walked

from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.model import DirectorySource, LockedPackage
from hybrid_install.core.project import Project
from hybrid_install.core.selection import SelectionOptions, Wanted, select, wanted
from hybrid_install.errors import SelectionError

Picks = tuple[Pick, ...]


def selection(
    answer: Answer, installer: Installer, operations: list[Operation]
) -> tuple[Picks, Picks]:
    """Our selection from the lock that the test has given, and what Poetry makes of it."""
    if installer._update:
        raise IncomparableError(
            "it locks, or updates the lock: never ours (its result is among the plans)"
        )
    packages = [each for each in _selected(installer) if not _is_skipped(each, installer)]
    theirs = picks_of_poetry(each.package for each in operations if _is_selected(each))
    return picks_of_ours(packages, installer._locker.lock.parent), theirs


def _selected(installer: Installer) -> tuple[LockedPackage, ...]:
    groups = installer._groups
    if groups is None:
        groups = installer._package.dependency_group_names()
    asked = Wanted(names(groups), names(installer._extras))
    environment: dict[str, Any] = dict(installer._env.marker_env)
    locker = installer._locker
    solved_again = installer._config.get("installer.re-resolve", False)
    if solved_again or not locker.is_locked_groups_and_markers():
        folder = locker.lock.parent
        return walked(installer._package, locker.lock_data, folder, asked, environment)
    return select(lockfile(locker.lock_data), asked, environment)


def _is_skipped(package: LockedPackage, installer: Installer) -> bool:
    """`--no-directory`: directories are not newly installed."""
    present = names(each.name for each in installer._installed_repository.packages)
    is_directory = isinstance(package.source, DirectorySource)
    return installer._skip_directory and is_directory and package.name not in present


def _is_selected(operation: Operation) -> bool:
    kept = operation.skip_reason == "Already installed"
    return operation.job_type != "uninstall" and (kept or not operation.skipped)


def active_groups(answer: Answer, command: InstallCommand) -> tuple[object, object]:
    """The groups that `poetry install`'s options activate, or why they cannot."""
    options = SelectionOptions(
        with_groups=tuple(command.option("with")),
        without_groups=tuple(command.option("without")),
        only_groups=tuple(command.option("only")),
        all_groups=bool(command.option("all-groups")),
        only_root=bool(command.option("only-root")),
    )
    project = Project.from_dict(command.poetry.pyproject.data)
    try:
        ours: object = wanted(options, project, _NO_LOCK).groups
    except SelectionError as refusal:
        ours = refusal.message
    return ours, answer.value if answer.error is None else _plain(command, answer.error)


_NO_LOCK = Lockfile((2, 1), None, (), frozenset())


def _plain(command: InstallCommand, error: Exception) -> str:
    return command.io.output.formatter.remove_format(str(error))

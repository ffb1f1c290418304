"""What every command reads, and what it refuses before it looks at any environment."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from hybrid_install import poetry_config
from hybrid_install import settings as own_settings
from hybrid_install.commands.request import Request
from hybrid_install.core.freshness import is_fresh
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.patterns import Patterns
from hybrid_install.core.project import Project
from hybrid_install.core.selection import Wanted, wanted
from hybrid_install.core.settings import Settings
from hybrid_install.errors import (
    InvalidDataError,
    LockfileError,
    SelectionError,
    UsageError,
)
from hybrid_install.files import find_pyproject, read_lock, read_project, read_toml
from hybrid_install.poetry_config import PoetryConfig
from hybrid_install.regular import read_bytes

STALE = (
    "pyproject.toml changed significantly since poetry.lock was last generated."
    " Run `poetry lock` to fix the lock file."
)


Contents = Mapping[Path, bytes | None]
"""Files and what is in them, None where there is none. Not their times: a plugin of Poetry's may
write a version into pyproject.toml and take it out again."""


class Inputs(NamedTuple):
    """What a run reads, refused already where Poetry would refuse it.

    `contents` is of the files that decide what is installed, as they were before all else was read.
    """

    project_dir: Path
    project: Project
    lock: Lockfile
    config: PoetryConfig
    wanted: Wanted
    pyproject: dict[str, Any]
    settings: Settings
    lock_file: Path
    contents: Contents


def read_inputs(request: Request) -> Inputs:
    """Read and check pyproject.toml, poetry.lock and Poetry's configuration.

    Raises `ProjectError`, `LockfileError` or `SelectionError`, each in Poetry's words.
    """
    request.selection.refuse_conflicts()
    _refuse_conflicts_of_tier(request)
    if request.sync and request.selection.only_root:
        raise SelectionError(
            "`--sync` with `--only-root` would remove every dependency.",
            hint="leave one of the two out",
        )
    file = find_pyproject(request.directory)
    lock_file = file.with_name("poetry.lock")
    found = contents(file, lock_file)
    pyproject = read_toml(file)
    project, folder = read_project(pyproject), file.parent
    settings = as_requested(own_settings.load(pyproject, request.environ), request)
    lock = read_lock(folder)
    if not is_fresh(lock, pyproject.document):
        raise LockfileError(STALE, hint="`poetry lock`, then commit poetry.lock")
    config = poetry_config.load(folder, request.environ)
    chosen = wanted(request.selection, project, lock)
    return Inputs(
        folder, project, lock, config, chosen, pyproject.document, settings, lock_file, found
    )


def contents(*files: Path) -> Contents:
    """Of what cannot be read whoever parses it will tell."""
    return {file: _content(file) for file in files}


def _content(file: Path) -> bytes | None:
    with suppress(OSError):
        return read_bytes(file)
    return None


def as_requested(settings: Settings, request: Request) -> Settings:
    """The command line's word over the settings'."""
    given = request.provided
    try:
        patterns = None if given is None else Patterns.given(given)
    except InvalidDataError as error:
        raise UsageError(
            f"--provided: {error.problem}", hint="name packages, as `nvidia-*`"
        ) from None
    return settings.having(
        provided=patterns,
        provided_mismatch=request.provided_mismatch,
        no_editable=True if request.relocatable else request.no_editable,
        finish=request.finish,
    )


def _refuse_conflicts_of_tier(request: Request) -> None:
    if request.tier is None:
        return
    options = (("--sync", request.sync), ("--only-root", request.selection.only_root))
    for option, is_given in options:
        if is_given:
            raise SelectionError(
                f"`--tier` cannot be used with `{option}`.",
                hint="a tier is only added to the environment: neither is anything removed, nor"
                " the project bound",
            )

"""Poetry alone: what it would make, and whether it finds anything left to do."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from support.compare import Snapshot, snapshot
from support.projects import POETRY, Project
from support.sandbox import Sandbox, run

_OPERATION = re.compile(r"^  - (Installing|Updating|Downgrading|Removing) (.+)$", re.MULTILINE)
_COUNTS = re.compile(
    r"^Package operations: \d+ installs?, \d+ updates?, \d+ removals?", re.MULTILINE
)
_NOTHING = "No dependencies to install or update"

Preparing = Callable[[Project], object]
"""Puts something into the environment of a project before the installation."""


class Oracle:
    """Makes environments with plain `poetry install`, each distinct one once."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self._folder = folder
        # One after the other: two that come at once may miss that they are there (FastPath of
        # importlib.metadata remembers a folder by its time), and then have no direct_url.json.
        self._sandbox = sandbox.having(
            POETRY_VIRTUALENVS_IN_PROJECT="true", POETRY_INSTALLER_PARALLEL="false"
        )
        self._known: dict[tuple[str, ...], Snapshot] = {}

    def install(
        self,
        project: Project,
        *options: str,
        command: str = "install",
        environ: Mapping[str, str] | None = None,
        before: Preparing | None = None,
    ) -> Snapshot:
        """The environment that Poetry makes of a copy of `project`.

        With `before`, which makes every environment a distinct one, it is given one to begin with.
        """
        key = (project.fingerprint, command, *options)
        if before is None and key in self._known:
            return self._known[key]
        copy = self._copy(project)
        if before is not None:
            before(copy)
        variables = {**self._sandbox.environ, **(environ or {})}
        argv = [*POETRY, command, "--no-interaction", "--no-ansi", *options]
        run(argv, variables, copy.folder)
        seen = snapshot(copy.venv, copy.folder)
        if before is None:
            self._known[key] = seen
        return seen

    def _copy(self, project: Project) -> Project:
        number = len(list(self._folder.iterdir())) if self._folder.is_dir() else 0
        folder = self._folder / str(number) / project.folder.name
        shutil.copytree(project.folder, folder, ignore=shutil.ignore_patterns(".venv"))
        return Project(folder, project.spec)


def pending(
    project: Project,
    sandbox: Sandbox,
    *options: str,
    command: str = "install",
    venv: Path | None = None,
) -> list[str]:
    """What `poetry install --dry-run` would do but has not been done; empty is as it should be."""
    environ = sandbox.environ
    if venv is not None:
        environ["VIRTUAL_ENV"] = str(venv)
    argv = [*POETRY, command, "--dry-run", "--no-interaction", "--no-ansi", *options]
    result = run(argv, environ, project.folder)
    operations = [match.group(0).strip() for match in _OPERATION.finditer(result.stdout)]
    operations = [operation for operation in operations if "Skipped" not in operation]
    assert _NOTHING in result.stdout or _COUNTS.search(result.stdout), str(result)
    return operations

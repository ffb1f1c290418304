"""`hybrid-install check`: does poetry.lock belong to pyproject.toml? Files alone are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hybrid_install.commands.inputs import read_inputs
from hybrid_install.commands.request import Request
from hybrid_install.errors import HybridInstallError, LockfileError
from hybrid_install.report import Report, packages

_FILES = ("pyproject.toml", "poetry.lock")


def check(request: Request, report: Report, *, files: Sequence[Path]) -> None:
    """Refuse what `install` would refuse before it looks for an environment.

    `files` are named by a hook, as they were changed: each stands for the project in its folder;
    a folder without one of the two files holds no locked project. Without `files` it is the
    project at hand, as for every command.
    """
    if not files:
        _check(request, report)
        return
    failed: list[tuple[Path, HybridInstallError]] = []
    for folder in sorted({(request.directory / file).parent for file in files}):
        if not all((folder / name).is_file() for name in _FILES):
            report.detail(f"{folder}: no locked project")
            continue
        try:
            _check(replace(request, directory=folder), report)
        except HybridInstallError as error:
            failed.append((folder, error))
    if failed:
        raise LockfileError(
            "\n".join(f"{folder / 'poetry.lock'}: {error.message}" for folder, error in failed),
            hint=failed[0][1].hint,
        )


def _check(request: Request, report: Report) -> None:
    inputs = read_inputs(request)
    number = packages(len(inputs.lock.packages))
    report.say("lock", f"{inputs.project_dir / 'poetry.lock'} belongs to pyproject.toml ({number})")

"""What is refused of a prepared run before anything is made."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hybrid_install.commands.request import Request
from hybrid_install.core.deferral import Ambiguity, Handover
from hybrid_install.core.document import Table, table_at
from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
)
from hybrid_install.core.plan import Action, Plan
from hybrid_install.core.project import POETRY
from hybrid_install.core.provided import Discrepancy, Provision
from hybrid_install.core.settings import Settings
from hybrid_install.errors import (
    ProjectError,
    TargetError,
    ToolError,
)
from hybrid_install.tools.poetry import Poetry


def refuse_missing_paths(plan: Plan) -> None:
    """`PathDependency.validate` (poetry-core), asked by `Installer._do_install`."""
    for operation in plan.having(Action.INSTALL, Action.REINSTALL, Action.DEFER):
        match operation.package and operation.package.source:
            case FileSource(path, location=place) | DirectorySource(path, location=place):
                if not Path(place).exists():
                    raise ProjectError(
                        f"Path {place} for {operation.name} does not exist",
                        hint=f"poetry.lock takes {operation.name} from {path}: is it copied, or"
                        " checked out, before the install? `--no-directory` leaves folders out",
                    )


def refuse_what_only_we_do(
    request: Request, settings: Settings, handover: Handover | Ambiguity
) -> None:
    """A Poetry that does the whole run knows none of these, and would undo them."""
    given = {
        "--relocatable": request.relocatable,
        "--no-editable": settings.no_editable and not request.relocatable,
        "--require-hashes": request.require_hashes,
        "--no-build": request.no_build,
        "--provided": Provision.of(settings, request.provided_from_environment).is_given,
    }
    if options := [option for option, is_given in given.items() if is_given]:
        raise TargetError(
            f"{' and '.join(options)} cannot be heeded, the whole run is Poetry's:"
            f" {handover.value}",
            hint="mend that, or run without it" if len(options) == 1 else "mend that first",
        )


def refuse_wrong_provision(
    discrepancies: Iterable[Discrepancy], environment: Path, *, tolerates: bool
) -> None:
    """What is provided must be there, and as locked unless the user says otherwise."""
    found = [each for each in discrepancies if each.present is None or not tolerates]
    if found:
        raise TargetError(
            f"{environment}: " + "\n".join(each.message for each in found),
            hint=found[0].hint,
        )


def refuse_what_poetry_is_not_told(request: Request) -> None:
    """Poetry makes environments in a place and with a Python of its own choice."""
    given = [("--venv", request.venv), ("--python", request.python)]
    if options := [option for option, value in given if value is not None]:
        raise TargetError(
            f"{' and '.join(options)} cannot be heeded: {Handover.VIRTUALENV_OPTIONS.value},"
            " which then makes the environment",
            hint="make the environment first, or change virtualenvs.options in Poetry's settings",
        )


def refuse_blind_poetry(poetry: Poetry, pyproject: Table) -> None:
    """`ToolError` for a Poetry that would look for [tool.poetry] where the project has [project].

    It would only say `'name'`, or that one is missing.
    """
    has_own = "name" in table_at(pyproject, *POETRY)
    if poetry.reads_project_table or has_own or "project" not in pyproject:
        return
    raise ToolError(
        f"Poetry {poetry.version} is too old for this project: it does not read [project], and"
        " [tool.poetry] has no name",
        hint="install Poetry 2.0 or later, or name one with HYBRID_INSTALL_POETRY",
    )

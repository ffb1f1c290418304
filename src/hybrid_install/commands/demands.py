"""`--require-hashes` and `--no-build`: what is refused under them, before anything is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hybrid_install.commands.prepare import Preparation
from hybrid_install.core.demands import (
    Breach,
    built,
    chosen_by_poetry,
    pinned_otherwise,
    without_hash,
)
from hybrid_install.core.plan import Plan
from hybrid_install.core.versions import allows
from hybrid_install.errors import LockfileError, ToolError
from hybrid_install.report import Report

if TYPE_CHECKING:
    from hybrid_install.tools.bulk import Files

# `installer.only-binary` is of that Poetry.
_HAS_ONLY_BINARY = ">=2.0"

_NO_BUILD_HINT = (
    "leave them out of the selection, lock versions that have wheels, or run without --no-build;"
    " nothing was changed"
)


def refuse_demands(preparation: Preparation, report: Report) -> None:
    """Whatever is not as the user demands, all of it named; notes what a demand cannot be of."""
    refuse_breaches(preparation, preparation.plan)
    if preparation.request.no_build:
        _refuse_old_poetry(preparation)
    _note_what_has_no_hash(preparation, report)


def refuse_breaches(preparation: Preparation, plan: Plan) -> None:
    """As `refuse_demands`, of a plan that Poetry has no part in."""
    request = preparation.request
    if request.require_hashes and (found := without_hash(plan)):
        raise LockfileError(
            f"--require-hashes: the lock does not pin by hash what would be installed of"
            f"{_listed(found)}",
            hint="`poetry lock` writes the hashes that the index states (`poetry lock"
            " --regenerate` all anew). An index that states none needs a mirror that does;"
            " nothing was changed",
        )
    if request.no_build and (found := built(plan, preparation.build_policy.binary)):
        raise ToolError(f"--no-build: would be built:{_listed(found)}", hint=_NO_BUILD_HINT)


def _refuse_old_poetry(preparation: Preparation) -> None:
    """Poetry is told to take no sdist, and has to be one that understands it."""
    poetry = preparation.poetry
    version = poetry.version if poetry else preparation.inputs.lock.generated_by
    left = chosen_by_poetry(preparation.plan)
    if left and version and not allows(_HAS_ONLY_BINARY, version):
        raise ToolError(
            f"--no-build: Poetry {version} cannot be kept from building what is left to"
            f" it:{_listed(left)}",
            hint="install Poetry 2.0 or later, or name one with HYBRID_INSTALL_POETRY",
        )


def _note_what_has_no_hash(preparation: Preparation, report: Report) -> None:
    if not preparation.request.require_hashes:
        return
    if others := pinned_otherwise(preparation.plan):
        held = ", ".join(f"{each.name} ({each.because})" for each in others)
        report.say("hashes", f"not by hash, but held otherwise: {held}")


def refuse_built_files(preparation: Preparation, files: Files | None) -> None:
    """What turns out when the indexes were asked: a wheel that is gone, or yanked."""
    sdists = [] if files is None else [it for it in files.items() if not it[1].is_wheel]
    if preparation.request.no_build and sdists:
        lines = "".join(f"\n  {name}: {file.name}" for name, file in sorted(sdists))
        raise ToolError(
            "--no-build: would be built, since the wheel that is locked is no longer offered, or is"
            f" yanked:{lines}",
            hint=_NO_BUILD_HINT,
        )


def _listed(found: Sequence[Breach]) -> str:
    return "".join(f"\n  {each}" for each in found)

"""`hybrid-install export`: the requirements map as text, the same to the byte every time."""

from __future__ import annotations

from pathlib import Path

from hybrid_install.commands.prepare import Preparation, prepare, warn_of_the_lock
from hybrid_install.commands.request import Request
from hybrid_install.core.plan import Policy, make_plan
from hybrid_install.core.requirements import export_text
from hybrid_install.errors import LockfileError, ProjectError
from hybrid_install.report import Report, print_data
from hybrid_install.tools.process import Runner


def export(request: Request, report: Report, runner: Runner, *, output: Path | None) -> None:
    """Write the map to `output` or stdout; what is installed has no part in it."""
    preparation = prepare(request, runner)
    warn_of_the_lock(preparation, report)
    text = _text(preparation)
    if output is None:
        print_data(text)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise ProjectError(
            f"{output} cannot be written: {error.strerror}",
            hint="name another file with --output, or leave it out to print to stdout",
        ) from None


def _text(preparation: Preparation) -> str:
    inputs = preparation.inputs
    if preparation.ambiguity is not None:
        raise LockfileError(
            f"this lock cannot be exported: {preparation.ambiguity.value}",
            hint="`poetry lock` with Poetry 2 or later writes a lock that leaves no choice; keep"
            " installer.re-resolve off with it",
        )
    policy = Policy(preparation.build_policy, provided=dict.fromkeys(preparation.provided, ""))
    whole = make_plan(preparation.selected, {}, inputs.project, policy)
    return export_text(whole.operations, preparation.target.interpreter.description)

"""What should be known of a lock before anything moves."""

from __future__ import annotations

from hybrid_install.commands.prepare import Preparation
from hybrid_install.errors import (
    SelectionError,
)
from hybrid_install.report import Report


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
    warn_of_what_is_provided(preparation, report)
    problems = preparation.lock_problems
    if problems and preparation.request.strict:
        raise SelectionError(
            "\n".join(problem.message for problem in problems), hint=problems[0].hint
        )
    for problem in problems:
        report.warn(problem.message)
        report.detail(problem.hint)


def warn_of_what_is_provided(preparation: Preparation, report: Report) -> None:
    """Versions that are taken as they are, and patterns that name nothing."""
    provision = preparation.provision
    if preparation.ambiguity is not None or not provision.is_given:
        return
    known = {package.name for package in preparation.inputs.lock.packages}
    for pattern in provision.idle(known | preparation.visible.keys()):
        report.warn(
            f"--provided {pattern}: neither the lock nor the environment has such a package"
        )
    if provision.tolerates:
        for each in preparation.discrepancies:
            report.warn(each.message)

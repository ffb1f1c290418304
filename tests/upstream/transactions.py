"""`Transaction.calculate_operations` (poetry/puzzle/transaction.py): what is done about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from poetry.core.packages.package import Package
from poetry.installation.operations.operation import Operation
from poetry.puzzle.transaction import Transaction
from poetry.utils.extras import get_extra_package_names
from upstream import conversion
from upstream.comparison import Answer, IncomparableError
from upstream.conversion import locked_package, names

from hybrid_install.core.deferral import BuildPolicy
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.model import LockedPackage
from hybrid_install.core.plan import Action, Plan, Policy, make_plan
from hybrid_install.core.selection import Wanted, select

Step = tuple[str, str, str]
"""A name, its version and what happens to it."""

_STEPS = {
    Action.KEEP: "kept",
    Action.INSTALL: "installed",
    Action.REINSTALL: "updated",
    Action.REMOVE: "removed",
    Action.DEFER: "left to Poetry",
}


def plan(
    answer: Answer,
    transaction: Transaction,
    *,
    with_uninstalls: bool = True,
    synchronize: bool = False,
    skip_directory: bool = False,
    extras: Iterable[str] | None = None,
    system_site_packages: Iterable[str] | None = None,
) -> tuple[list[Step], list[Step]]:
    """Our plan for the packages that the test has given, and Poetry's operations.

    Removals are compared under `sync` alone: `install` never removes from a lock of version 2.1.
    """
    operations: list[Operation] = answer.expect_value()
    sync = with_uninstalls and synchronize
    if sync and "pip" in _forgotten(transaction):
        raise IncomparableError("the lock forgets pip: an update, or solved again")
    made = make_plan(
        _selected(transaction, extras),
        conversion.installed(transaction._installed_packages.values(), system_site_packages or ()),
        conversion.project(transaction._root_package, transaction._result_packages),
        Policy(BuildPolicy(), sync=sync, no_directory=skip_directory),
    )
    return _steps(made), _steps_of_poetry(operations, made, sync=sync)


def _forgotten(transaction: Transaction) -> set[str]:
    """What was locked and is in the result no more; never so with a lock of version 2.1 as it is."""
    solved = names(package.name for package in transaction._result_packages)
    return set(names(package.name for package in transaction._current_packages) - solved)


def _selected(
    transaction: Transaction, extras: Iterable[str] | None
) -> tuple[LockedPackage, ...] | list[LockedPackage]:
    if not transaction._marker_env:
        # A solver has selected, and the rest is what belongs to an extra that nobody asked for.
        return [locked_package(package) for package in _solved(transaction, extras)]
    packages = tuple(
        locked_package(package, info) for package, info in transaction.get_solved_packages().items()
    )
    environment: dict[str, Any] = dict(transaction._marker_env)
    lock = Lockfile((2, 1), None, packages, frozenset())
    asked = Wanted(names(transaction._groups or ()), names(extras or ()))
    return select(lock, asked, environment)


def _solved(transaction: Transaction, extras: Iterable[str] | None) -> list[Package]:
    packages = list(transaction._result_packages)
    if extras is None:
        return packages
    assert transaction._root_package
    of_extras = get_extra_package_names(
        packages,
        {
            extra: [dependency.name for dependency in dependencies]
            for extra, dependencies in transaction._root_package.extras.items()
        },
        extras,  # type: ignore[arg-type]
    )
    return [each for each in packages if not each.optional or each.name in of_extras]


def _steps(made: Plan) -> list[Step]:
    return sorted((each.name, each.version, _STEPS[each.action]) for each in made.operations)


def _steps_of_poetry(operations: list[Operation], made: Plan, *, sync: bool) -> list[Step]:
    """In our words: what we leave to Poetry is compared by name and version alone."""
    left = Counter((each.name, each.version) for each in made.having(Action.DEFER))
    steps = []
    for operation in operations:
        name, version = operation.package.name, operation.package.pretty_version
        step = _step_of_poetry(operation)
        if step in {"skipped", "" if sync else "removed"}:
            continue
        if step in {"installed", "updated"} and left[name, version]:  # type: ignore[index]
            step = "left to Poetry"
        steps.append((name, version, step))
    return sorted(steps)


def _step_of_poetry(operation: Operation) -> str:
    if operation.job_type == "uninstall":
        return "removed"
    if operation.skipped:
        return "kept" if operation.skip_reason == "Already installed" else "skipped"
    return "updated" if operation.job_type == "update" else "installed"

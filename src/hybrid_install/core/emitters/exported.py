"""What is exported: the map for one environment or for all, and what only Poetry installs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hybrid_install.core.model import LockedPackage
from hybrid_install.core.plan import Action, Operation, Policy, make_plan
from hybrid_install.core.project import Project
from hybrid_install.core.requirements import RequirementsMap
from hybrid_install.core.universal import marker_of


@dataclass(frozen=True, slots=True)
class Exported:
    """The map, in `deferred` what it leaves to Poetry, in `provided` what the environment brings.

    `target` names what it is for, to people.
    """

    target: str
    requirements: RequirementsMap
    deferred: tuple[Operation, ...] = ()
    provided: tuple[Operation, ...] = ()


def export_one(
    packages: Iterable[LockedPackage], project: Project, policy: Policy, target: str
) -> Exported:
    """The map of what was selected for one environment."""
    operations = make_plan(packages, {}, project, policy).operations
    return _exported(operations, target)


def export_all(
    packages: Iterable[LockedPackage], project: Project, policy: Policy, target: str
) -> Exported:
    """The map of what was selected for every environment, markers kept.

    Several versions of one name are for different environments: each package is judged alone.
    """
    operations = tuple(
        operation
        for package in packages
        for operation in make_plan([package], {}, project, policy).operations
    )
    return _exported(operations, target, is_universal=True)


def _exported(
    operations: tuple[Operation, ...], target: str, *, is_universal: bool = False
) -> Exported:
    left_out = (Action.DEFER, Action.PROVIDED)
    kept = (each for each in operations if each.action not in left_out)
    deferred, provided = (
        tuple(each for each in operations if each.action is action) for action in left_out
    )
    mapped = RequirementsMap.of(kept, marker_of) if is_universal else RequirementsMap.of(kept)
    return Exported(target, mapped, deferred, provided)

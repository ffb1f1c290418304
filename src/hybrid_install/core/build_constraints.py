"""`[tool.poetry.build-constraints]`: which versions a build may use, package by package.

Mirrors `Factory.create_poetry` (poetry/factory.py) and `IsolatedEnv.install`
(poetry/utils/isolated_build.py): a constraint counts where its marker holds for the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hybrid_install.core.document import Table
from hybrid_install.core.markers import Environment, holds
from hybrid_install.errors import InvalidDataError

if TYPE_CHECKING:
    from poetry.core.packages.dependency import Dependency


def constraint_lines(table: Table, environment: Environment) -> tuple[str, ...] | None:
    """The constraints for one built package as PEP 508 lines for uv, in the table's order.

    None where one of them is not one plain range of versions.
    """
    lines = []
    for name, value in table.items():
        for constraint in value if isinstance(value, list) else [value]:
            dependency = _dependency(name, constraint)
            marker = str(dependency.marker)
            if "extra" not in marker and not holds(marker, environment, frozenset()):
                continue
            if not _is_plain(dependency):
                return None
            lines.append(dependency.base_pep_508_name)
    return tuple(lines)


def _is_plain(dependency: Dependency) -> bool:
    """Whether uv can be told all of it.

    PEP 508 knows no `||`, no empty range, no source and no word on pre-releases; a marker about
    extras, of which a build has none, holds for Poetry.
    """
    is_direct = dependency.is_direct_origin() or dependency.source_name is not None
    is_range = "||" not in dependency.base_pep_508_name and not dependency.constraint.is_empty()
    says_more = bool(dependency.extras) or dependency.allows_prereleases() is not None
    return is_range and not is_direct and not says_more and "extra" not in str(dependency.marker)


def _dependency(name: str, constraint: Any) -> Dependency:
    from poetry.core.factory import Factory

    version = constraint.get("version", "*") if isinstance(constraint, dict) else constraint
    reason = "expected a version"
    try:
        if isinstance(version, str):
            return Factory.create_dependency(name, constraint)
    except Exception as error:  # noqa: BLE001  # a parser's own, whatever it stumbles on
        reason = str(error)
    raise InvalidDataError(
        f"{constraint!r} is not a constraint ({reason})",
        f"tool.poetry.build-constraints: {name}",
        file="pyproject.toml",
    )

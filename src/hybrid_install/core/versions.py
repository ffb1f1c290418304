"""The door to poetry-core's version semantics (poetry/core/constraints/version)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from hybrid_install.errors import InvalidDataError

if TYPE_CHECKING:
    from poetry.core.constraints.version import VersionConstraint


@lru_cache(maxsize=4096)
def same_version(left: str, right: str) -> bool:
    """Poetry's equality: `1.0` is `1.0.0`, `1.0` is not `1.0+cpu`, epochs count.

    A string that is no version equals only itself.
    """
    if left == right:
        return True
    from poetry.core.constraints.version import Version
    from poetry.core.version.exceptions import InvalidVersionError

    try:
        return Version.parse(left) == Version.parse(right)
    except InvalidVersionError:
        return False


def is_older(version: str, than: str) -> bool:
    """Whether `version` precedes `than` (a pre-release does); a string that is no version never."""
    from poetry.core.constraints.version import Version
    from poetry.core.version.exceptions import InvalidVersionError

    try:
        return Version.parse(version) < Version.parse(than)
    except InvalidVersionError:
        return False


def allows(constraint: str, version: str) -> bool:
    """Whether Poetry's `constraint` (`^3.11`, `>=3.10,<3.13`, `~3.11 || 3.13.*`) has `version`."""
    from poetry.core.constraints.version import Version

    return parse_range(constraint).allows(Version.parse(version))


@lru_cache(maxsize=64)
def parse_range(constraint: str) -> VersionConstraint:
    """A constraint in Poetry's syntax; what it cannot parse is the project's mistake."""
    from poetry.core.constraints.version import parse_constraint

    try:
        return parse_constraint(constraint)
    except ValueError as error:  # ParseConstraintError is one, and not all of them
        raise InvalidDataError(str(error), "requires-python", file="pyproject.toml") from None

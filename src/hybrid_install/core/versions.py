"""The door to poetry-core's version semantics (poetry/core/constraints/version)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from hybrid_install.core.comparisons import allows_plainly
from hybrid_install.errors import InvalidDataError

if TYPE_CHECKING:
    from poetry.core.constraints.version import Version, VersionConstraint


class Place(NamedTuple):
    """Where a constraint is written."""

    file: str
    key: str


REQUIRES_PYTHON = Place("pyproject.toml", "requires-python")
REQUIRES_POETRY = Place("pyproject.toml", "tool.poetry.requires-poetry")

# Python neither reads nor writes a number of thousands of digits, and may be told that it is 640.
_ABSURD = re.compile(r"\d{500}")


@lru_cache(maxsize=4096)
def same_version(left: str, right: str) -> bool:
    """Poetry's equality: `1.0` is `1.0.0`, `1.0` is not `1.0+cpu`, epochs count.

    A string that is no version equals only itself.
    """
    if left == right:
        return True
    one, other = _parsed(left), _parsed(right)
    return one is not None and one == other


def _parsed(version: str) -> Version | None:
    """None where it is none to poetry-core, or one of absurdly many digits."""
    from poetry.core.constraints.version import Version
    from poetry.core.version.exceptions import InvalidVersionError

    try:
        return None if _ABSURD.search(version) else Version.parse(version)
    except InvalidVersionError:
        return None


# Most versions; they need no parser.
_NORMAL = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*")


@lru_cache(maxsize=4096)
def normal_version(version: str) -> str:
    """As installers write it: `===` (PEP 440) compares text, and `2024.07.04` is 2024.7.4.

    Older Poetrys locked the text of the index. A string that is no version stays as it is.
    """
    if _NORMAL.fullmatch(version) or _ABSURD.search(version):
        return version
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(version))
    except InvalidVersion:
        return version


def is_older(version: str, than: str) -> bool:
    """Whether `version` precedes `than` (a pre-release does); a string that is no version never."""
    one, other = _parsed(version), _parsed(than)
    return one is not None and other is not None and one < other


def allows(constraint: str, version: str, place: Place = REQUIRES_PYTHON) -> bool:
    """Whether Poetry's `constraint` (`^3.11`, `>=3.10,<3.13`, `~3.11 || 3.13.*`) has `version`.

    None has a string that is no version.
    """
    if (answer := allows_plainly(constraint, version)) is not None:
        return answer
    allowed, found = parse_range(constraint, place), _parsed(version)
    return found is not None and allowed.allows(found)


@lru_cache(maxsize=64)
def parse_range(constraint: str, place: Place = REQUIRES_PYTHON) -> VersionConstraint:
    """A constraint in Poetry's syntax; what it cannot parse is a mistake at its place."""
    from poetry.core.constraints.version import parse_constraint

    if _ABSURD.search(constraint):
        raise InvalidDataError("no version has a number of 500 digits", place.key, file=place.file)
    try:
        found = parse_constraint(constraint)
    except ValueError as error:  # ParseConstraintError is one, and not all of them
        raise InvalidDataError(str(error), place.key, file=place.file) from None
    if found.is_empty():  # `Package.python_versions` (poetry-core) refuses it too
        raise InvalidDataError(f"no version is in {constraint!r}", place.key, file=place.file)
    return found


def python_marker(constraint: str, place: Place = REQUIRES_PYTHON) -> str:
    """The marker (PEP 508) of the Pythons that Poetry's `constraint` has, empty for all."""
    from poetry.core.packages.utils.utils import create_nested_marker

    return create_nested_marker("python_version", parse_range(constraint, place))


def oldest(constraint: str) -> str | None:
    """The lowest version of Poetry's `constraint`, None where there is none."""
    lowest = [each.min for each in parse_range(constraint).flatten()]
    found = [each for each in lowest if each is not None]
    return min(found).text if found and len(found) == len(lowest) else None


def as_specifier(constraint: str) -> str | None:
    """Poetry's `constraint` as a specifier (PEP 440); None for any version, or where it has none.

    The standard has no word for an alternative (`^3.9 || ^3.11`).
    """
    found = parse_range(constraint)
    text = str(found)
    return None if found.is_any() or "||" in text else text

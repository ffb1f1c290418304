"""Comparisons whose answer needs no parser: what nearly all ranges and markers are made of.

poetry-core takes longer to be imported than all else that is done with a lock. Whatever is not
plainly one of these forms is left to it; the differential tests hold both to the same answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne

from hybrid_install.core.model import normalize_name

Release = tuple[int, ...]

_COMPARE: dict[str, Callable[[Release, Release], bool]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "==": eq,
    "!=": ne,
}
_RELEASE = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){0,3}")
_WORD = re.compile(r"[A-Za-z0-9_]+")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_PART = re.compile(r" *(>=|<=|<|>|\^|~) *([0-9.]+) *")

_OF_VERSIONS = {"python_version", "python_full_version"}
_OF_WORDS = {
    "implementation_name",
    "os_name",
    "platform_machine",
    "platform_python_implementation",
    "platform_system",
    "sys_platform",
}


def is_plain(variable: str, operator: str, value: str) -> bool:
    """Whether poetry-core reads `variable operator "value"` without fail (`SingleMarker`)."""
    if variable in _OF_VERSIONS:
        return operator in _COMPARE and _RELEASE.fullmatch(value) is not None
    pattern = _WORD if variable in _OF_WORDS else _NAME if variable == "extra" else None
    is_known = pattern is not None and pattern.fullmatch(value) is not None
    return is_known and operator in {"==", "!="}


def plainly(operator: str, value: str, actual: str | frozenset[str]) -> bool | None:
    """The answer to a comparison that `is_plain`, None where `actual` is nothing plain.

    `SingleMarker.validate` (poetry/core/version/markers.py).
    """
    if isinstance(actual, frozenset):
        return (normalize_name(value) in actual) is (operator == "==")
    left, right = release(actual), release(value)
    if left is not None and right is not None:
        return _COMPARE[operator](left, right)
    if _WORD.fullmatch(actual) and _WORD.fullmatch(value):
        return (actual == value) is (operator == "==")
    return None


def allows_plainly(constraint: str, version: str) -> bool | None:
    """Whether `>=3.9,<3.13`, `^3.11` or `~3.11` has `version`; None for all other forms.

    `parse_constraint` (poetry/core/constraints/version/parser.py).
    """
    found, bounds = release(version), _bounds(constraint)
    if found is None or bounds is None:
        return None
    return all(_COMPARE[operator](found, bound) for operator, bound in bounds)


@lru_cache(maxsize=256)
def release(version: str) -> Release | None:
    """A final release (PEP 440) to compare by, `3.10.0` as `3.10`; None for anything else."""
    if not _RELEASE.fullmatch(version):
        return None
    numbers = [int(number) for number in version.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _bounds(constraint: str) -> tuple[tuple[str, Release], ...] | None:
    if constraint == "*":
        return ()
    parts = [_PART.fullmatch(part) for part in constraint.split(",")]
    bounds = [tuple(_bounds_of(part[1], part[2])) if part else () for part in parts]
    return tuple(bound for each in bounds for bound in each) if all(bounds) else None


def _bounds_of(operator: str, version: str) -> Iterator[tuple[str, Release]]:
    """`^3.9` is `>=3.9,<4`, `~3.9.1` is `>=3.9.1,<3.10` (`Version.next_breaking`, `next_minor`)."""
    found = release(version)
    if found is None or (operator == "^" and not (found and found[0])):
        return
    if operator in _COMPARE:
        yield operator, found
        return
    yield ">=", found
    kept = 1 if operator == "^" or "." not in version else 2
    written = [int(number) for number in version.split(".")]
    yield "<", (*written[: kept - 1], written[kept - 1] + 1)

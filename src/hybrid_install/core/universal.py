"""The selection for every environment at once: each wanted package with the marker that is left.

What `core.selection.select` answers for one environment is here left open: the union of the
markers of the active groups, with the requested extras filled in. The text is for readers that are
not Poetry (PEP 508), so a list (`in "linux darwin"`, which poetry-core reads as values and others
as a part of a string) is written as comparisons.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.markers import Comparison, Either, Every, Tree, invalid, parse
from hybrid_install.core.model import MAIN_GROUP, LockedPackage
from hybrid_install.core.selection import Wanted
from hybrid_install.errors import InvalidDataError

# `SingleMarker.VALUE_SEPARATOR_RE` (poetry/core/version/markers.py)
_SEPARATOR = re.compile("[ ,|]+")

_PYTHON_VERSIONS = frozenset({"python_version", "python_full_version"})

# Versions of a kind of their own to poetry-core, in a list too; nobody else has a word for it.
_UNTRANSLATABLE = frozenset({"platform_release"})


def select_everywhere(lock: Lockfile, wanted: Wanted) -> tuple[LockedPackage, ...]:
    """The packages that are wanted on some environment, sorted by name, version and marker.

    Each has one group, main, and in it the marker of all its wanted groups; none where it is
    wanted everywhere. For locks with groups and markers (2.1 and later).
    """
    found = (
        _open_package(package, index, wanted)
        for index, package in enumerate(lock.packages)
        if package.groups & wanted.groups
    )
    return tuple(
        sorted(
            (package for package in found if package is not None),
            key=lambda package: (package.name, package.version, marker_of(package)),
        )
    )


def marker_of(package: LockedPackage) -> str:
    """The marker of a package from `select_everywhere`, empty for everywhere."""
    return package.markers.get(MAIN_GROUP, "")


def _open_package(package: LockedPackage, index: int, wanted: Wanted) -> LockedPackage | None:
    active = {package.markers.get(group, "") for group in package.groups & wanted.groups}
    try:
        marker = open_marker(active, wanted.extras)
    except InvalidDataError as error:
        raise error.within(f"package[{index}]").in_file("poetry.lock") from None
    if marker is None:
        return None
    markers = {MAIN_GROUP: marker} if marker else {}
    return replace(package, groups=frozenset({MAIN_GROUP}), markers=markers)


def open_marker(markers: Iterable[str], extras: frozenset[str]) -> str | None:
    """The union of `markers` without `extra`: empty where it always holds, None where never."""
    terms = [_reduced(marker, extras) for marker in sorted(set(markers))]
    return _text(_either(terms))


def _reduced(marker: str, extras: frozenset[str]) -> Tree | bool:
    if marker in {"", "*", "<empty>"}:
        return marker != "<empty>"
    try:
        return _filled(parse(marker), extras)
    except RecursionError:
        raise invalid(marker) from None


def _filled(tree: Tree, extras: frozenset[str]) -> Tree | bool:
    """`BaseMarker.apply` (poetry-core) with the extras, leaf by leaf."""
    match tree:
        case Comparison(variable="extra"):
            return tree.holds({}, extras)
        case Comparison():
            return tree
        case Either(terms):
            return _either([_filled(term, extras) for term in terms])
        case Every(terms):
            return _every([_filled(term, extras) for term in terms])


def _either(terms: Iterable[Tree | bool]) -> Tree | bool:
    kept: dict[str, Tree] = {}
    for term in terms:
        if term is True:
            return True
        if term is not False:
            parts = term.terms if isinstance(term, Either) else (term,)
            kept |= {_text_of(part): part for part in parts}
    return _joined(kept, Either) if kept else False


def _every(terms: Iterable[Tree | bool]) -> Tree | bool:
    kept: dict[str, Tree] = {}
    for term in terms:
        if term is False:
            return False
        if term is not True:
            parts = term.terms if isinstance(term, Every) else (term,)
            kept |= {_text_of(part): part for part in parts}
    return _joined(kept, Every) if kept else True


def _joined(terms: dict[str, Tree], kind: type[Either | Every]) -> Tree:
    """Terms that read the same are one."""
    distinct = tuple(terms.values())
    return distinct[0] if len(distinct) == 1 else kind(distinct)


def _text(tree: Tree | bool) -> str | None:
    if isinstance(tree, bool):
        return "" if tree else None
    return _text_of(tree)


def _text_of(tree: Tree) -> str:
    match tree:
        case Either(terms):
            return " or ".join(map(_text_of, terms))
        case Every(terms):
            return " and ".join(map(_in_conjunction, terms))
        case Comparison(operator="in" | "not in", swapped=False) if (
            tree.variable not in _UNTRANSLATABLE
        ):
            return _text_of_list(tree)
        case Comparison():
            return _compared(tree, tree.operator, tree.value)


def _in_conjunction(tree: Tree) -> str:
    text = _text_of(tree)
    return f"({text})" if " or " in text else text


def _text_of_list(leaf: Comparison) -> str:
    """`SingleMarker.__init__` (poetry-core): a list of values; a short version is a prefix."""
    operator, glue = ("==", " or ") if leaf.operator == "in" else ("!=", " and ")
    return glue.join(_one_of(leaf, operator, value) for value in _SEPARATOR.split(leaf.value))


def _one_of(leaf: Comparison, operator: str, value: str) -> str:
    if leaf.variable in _PYTHON_VERSIONS and not re.fullmatch(r"[^.]+(\.[^.]+){2,}", value):
        return f'python_version {operator} "{value}.*"'
    return _compared(leaf, operator, value)


def _compared(leaf: Comparison, operator: str, value: str) -> str:
    """A string of PEP 508 has no escapes, only two kinds of quotes."""
    quoted = f"'{value}'" if '"' in value else f'"{value}"'
    if leaf.swapped:
        return f"{quoted} {operator} {leaf.variable}"
    return f"{leaf.variable} {operator} {quoted}"

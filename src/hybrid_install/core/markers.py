"""The only door to poetry-core's marker semantics.

A marker is evaluated leaf by leaf: the tree is walked here, each comparison that is not plain is
poetry-core's (`SingleMarker(...).validate`). Building Poetry's simplified marker instead takes
seconds on real locks; the differential tests hold both to the same answers. uv's evaluator is
never asked: the two disagree on `in` lists, on `platform_release`, on release candidates and on
several extras.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from hybrid_install.core.comparisons import is_plain, plainly
from hybrid_install.errors import InvalidDataError

if TYPE_CHECKING:
    from poetry.core.version.markers import SingleMarker

Environment = Mapping[str, str]
"""PEP 508 environment markers of one interpreter, without `extra`."""

_VARIABLES = (
    "extra",
    "implementation_name",
    "implementation_version",
    "os.name",
    "os_name",
    "platform.machine",
    "platform.python_implementation",
    "platform.version",
    "platform_machine",
    "platform_python_implementation",
    "platform_release",
    "platform_system",
    "platform_version",
    "python_full_version",
    "python_implementation",
    "python_version",
    "sys.platform",
    "sys_platform",
)

# poetry/core/version/grammars/markers.lark: blanks may be missing, and nothing else is skipped.
_TOKEN = re.compile(
    rf"""[ \t]*(?:
      (?P<paren>[()])
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'[^']*')
    | (?P<name>{"|".join(map(re.escape, _VARIABLES))})
    | (?P<operator>===|==|>=|<=|!=|~=|>|<|not[ ]in|in)
    | (?P<boolean>and|or)
    )""",
    re.VERBOSE,
)

Token = tuple[str, str]


def holds(marker: str, environment: Environment, extras: frozenset[str]) -> bool:
    """Whether `marker` is true for `environment` with these (normalized) extras requested.

    `""` and `*` are always true, `<empty>` never is, as in `parse_marker`.
    `InvalidDataError` where Poetry could not parse the marker either.
    """
    if marker in {"", "*"}:
        return True
    if marker == "<empty>":
        return False
    try:
        return parse(marker).holds(environment, extras)
    except RecursionError:
        raise invalid(marker) from None


@lru_cache(maxsize=4096)
def parse(marker: str) -> Tree:
    """The tree of a marker that is neither empty nor `*` nor `<empty>`.

    `InvalidDataError` where Poetry could not parse it either.
    """
    tokens = _Tokens(marker)
    tree = _disjunction(tokens)
    tokens.expect_end()
    return tree


class _Tokens:
    """The marker's tokens, read once from left to right."""

    def __init__(self, marker: str) -> None:
        self.marker = marker
        self._rest = _tokenize(marker)
        self.current: Token | None = next(self._rest, None)

    def take(self, kind: str, text: str | None = None) -> str | None:
        """The current token's text if it is of `kind` (and is `text`), else None."""
        if self.current is None or self.current[0] != kind:
            return None
        if text is not None and self.current[1] != text:
            return None
        taken = self.current[1]
        self.current = next(self._rest, None)
        return taken

    def expect_end(self) -> None:
        if self.current is not None:
            raise invalid(self.marker)


def _tokenize(marker: str) -> Iterator[Token]:
    position, end = 0, len(marker.rstrip(" \t"))
    while position < end:
        match = _TOKEN.match(marker, position)
        if match is None or match.lastgroup is None:
            raise invalid(marker)
        yield match.lastgroup, match.group(match.lastgroup)
        position = match.end()


@dataclass(frozen=True, slots=True)
class Either:
    """Terms of which one must hold."""

    terms: tuple[Tree, ...]

    def holds(self, environment: Environment, extras: frozenset[str]) -> bool:
        """Whether one of them does."""
        return any(term.holds(environment, extras) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Every:
    """Terms that must all hold."""

    terms: tuple[Tree, ...]

    def holds(self, environment: Environment, extras: frozenset[str]) -> bool:
        """Whether all of them do."""
        return all(term.holds(environment, extras) for term in self.terms)


class Comparison(NamedTuple):
    """A leaf of `marker`. `variable` is without aliases; `swapped` has the value on the left."""

    marker: str
    name: str
    operator: str
    value: str
    swapped: bool
    variable: str

    def holds(self, environment: Environment, extras: frozenset[str]) -> bool:
        """What poetry-core says of it."""
        actual = extras if self.variable == "extra" else environment[self.variable]
        try:
            return _compare(self.name, self.operator, self.value, self.swapped, actual)
        except (AssertionError, ValueError):
            # What parses but cannot be compared: `extra in "a b"` fails an assertion in Poetry.
            raise invalid(self.marker) from None


Tree = Comparison | Either | Every


def _disjunction(tokens: _Tokens) -> Tree:
    terms = [_conjunction(tokens)]
    while tokens.take("boolean", "or"):
        terms.append(_conjunction(tokens))
    return terms[0] if len(terms) == 1 else Either(tuple(terms))


def _conjunction(tokens: _Tokens) -> Tree:
    terms = [_atom(tokens)]
    while tokens.take("boolean", "and"):
        terms.append(_atom(tokens))
    return terms[0] if len(terms) == 1 else Every(tuple(terms))


def _atom(tokens: _Tokens) -> Tree:
    if tokens.take("paren", "("):
        inner = _disjunction(tokens)
        if not tokens.take("paren", ")"):
            raise invalid(tokens.marker)
        return inner
    if name := tokens.take("name"):
        operator, value = tokens.take("operator"), tokens.take("string")
        if operator and value:
            return _leaf(tokens.marker, name, operator, value[1:-1], swapped=False)
    elif value := tokens.take("string"):
        operator, name = tokens.take("operator"), tokens.take("name")
        if operator and name:
            return _leaf(tokens.marker, name, operator, value[1:-1], swapped=True)
    raise invalid(tokens.marker)


def _leaf(marker: str, name: str, operator: str, value: str, *, swapped: bool) -> Comparison:
    if not swapped and is_plain(name, operator, value):
        return Comparison(marker, name, operator, value, swapped, name)
    try:
        variable = _comparison(name, operator, value, swapped).name
    except ValueError:
        raise invalid(marker) from None
    return Comparison(marker, name, operator, value, swapped, variable)


@lru_cache(maxsize=4096)
def _comparison(name: str, operator: str, value: str, swapped: bool) -> SingleMarker:
    """As `_compact_markers` makes them; `InvalidMarkerError` is a `ValueError`."""
    from poetry.core.version.markers import SingleMarker

    constraint = f'"{value}" {operator}' if swapped else f"{operator} {value}"
    return SingleMarker(name, constraint, swapped_name_value=swapped)


@lru_cache(maxsize=16384)
def _compare(
    name: str, operator: str, value: str, swapped: bool, actual: str | frozenset[str]
) -> bool:
    if not swapped and is_plain(name, operator, value):
        answer = plainly(operator, value, actual)
        if answer is not None:
            return answer
    single = _comparison(name, operator, value, swapped)
    return single.validate({single.name: actual})


def invalid(marker: str) -> InvalidDataError:
    """The error for a marker that neither we nor Poetry can read."""
    return InvalidDataError(f"invalid marker {marker!r} (PEP 508)", "markers")

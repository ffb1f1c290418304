"""`[tool.hybrid-install]` of pyproject.toml as a value.

Poetry's content-hash does not cover it (`Locker._get_content_hash`): a setting never makes a lock
stale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import Enum
from typing import Any

from hybrid_install.core.document import Table, optional, required, strings, tables
from hybrid_install.core.patterns import NO_PATTERNS, Patterns
from hybrid_install.errors import InvalidDataError

TABLE = ("tool", "hybrid-install")


class Mismatch(Enum):
    """What a provided package of another version than the locked one is."""

    ERROR = "error"
    WARN = "warn"


class Finish(Enum):
    """Who binds the project at the end of a run."""

    POETRY = "poetry"
    POETRY_CORE = "poetry-core"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, by default as without a table.

    `heavy` adds to the built-in list of core/tiers.py, and takes from it. `exports` are the rows
    of files that the project keeps, each with a `file` at least.
    """

    heavy: Patterns = NO_PATTERNS
    provided: Patterns = NO_PATTERNS
    provided_mismatch: Mismatch = Mismatch.ERROR
    no_editable: bool = False
    finish: Finish = Finish.POETRY
    exports: tuple[Table, ...] = ()

    @classmethod
    def from_dict(cls, table: Table) -> Settings:
        """Read the table; errors carry their place within it."""
        return cls().reading(table)

    def reading(self, table: Table) -> Settings:
        """The same settings but for those that `table` holds."""
        _refuse_unknown(table)
        return replace(self, **{_field(key): _READERS[key](table, key) for key in table})

    def having(self, **given: Any) -> Settings:
        """The same settings but for those that are given, by field; None is not given."""
        return replace(self, **{key: value for key, value in given.items() if value is not None})


def _field(key: str) -> str:
    return key.replace("-", "_")


def _patterns(table: Table, key: str) -> Patterns:
    texts = strings(table, key)
    try:
        return Patterns.parse(texts)
    except InvalidDataError as error:
        raise error.within(key) from None


def _flag(table: Table, key: str) -> bool:
    return required(table, key, bool)


def _one_of(kind: type[Enum]) -> Callable[[Table, str], Enum]:
    """A reader of the values of `kind`."""

    def read(table: Table, key: str) -> Enum:
        text = optional(table, key, str)
        try:
            return kind(text)
        except ValueError:
            known = " or ".join(f'"{each.value}"' for each in kind)
            raise InvalidDataError(f"expected {known}, found {text!r}", key) from None

    return read


def _exports(table: Table, key: str) -> tuple[Table, ...]:
    rows = tables(table, key)
    for index, row in enumerate(rows):
        try:
            required(row, "file", str)
        except InvalidDataError as error:
            raise error.within(f"{key}[{index}]") from None
    return rows


_READERS: Mapping[str, Callable[[Table, str], Any]] = {
    "heavy": _patterns,
    "provided": _patterns,
    "provided-mismatch": _one_of(Mismatch),
    "no-editable": _flag,
    "finish": _one_of(Finish),
    "exports": _exports,
}

KEYS = tuple(_READERS)
"""The keys of the table, in the order of the documentation."""


def _refuse_unknown(table: Table) -> None:
    for key in table:
        if key not in _READERS:
            raise InvalidDataError(f"is no setting{_suggestion(key)}", key)


def _suggestion(key: str) -> str:
    """The key that was probably meant, else all of them."""
    near = get_close_matches(key.replace("_", "-").lower(), KEYS, n=1)
    return f': is "{near[0]}" meant?' if near else f" (the settings: {', '.join(KEYS)})"

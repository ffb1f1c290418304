"""Typed reads from a parsed TOML document; a wrong shape is an error that names its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from hybrid_install.errors import InvalidDataError

T = TypeVar("T")
Table = Mapping[str, Any]

_NAMES: dict[type, str] = {
    str: "a string",
    bool: "true or false",
    dict: "a table",
    list: "an array",
    int: "an integer",
}


def _checked(value: object, kind: type[T], context: str) -> T:
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise InvalidDataError(f"expected {_NAMES[kind]}, found {kind_of(value)}", context)


def kind_of(value: object) -> str:
    """What it is in TOML's words, without its contents: those may be a secret."""
    return _NAMES.get(type(value), type(value).__name__)


def optional(table: Table, key: str, kind: type[T]) -> T | None:
    """The value of `key`, or None where the key is absent."""
    return _checked(table[key], kind, key) if key in table else None


def required(table: Table, key: str, kind: type[T]) -> T:
    """The value of `key`; its absence is an error."""
    if key not in table:
        raise InvalidDataError("is missing", key)
    return _checked(table[key], kind, key)


def table_at(document: Table, *path: str) -> Table:
    """The table at `path`; an absent table reads as an empty one."""
    current: Table = document
    for depth, key in enumerate(path, start=1):
        if key not in current:
            return {}
        current = _checked(current[key], dict, ".".join(path[:depth]))
    return current


def value_at(document: Table, kind: type[T], *path: str) -> T | None:
    """The value at `path`, or None where any part of it is absent."""
    *parents, key = path
    table = table_at(document, *parents)
    return _checked(table[key], kind, ".".join(path)) if key in table else None


def strings(table: Table, key: str) -> tuple[str, ...]:
    """An array of strings; absent reads as empty."""
    return each(optional(table, key, list) or [], key, _as_string)


def _as_string(value: object) -> str:
    return _checked(value, str, "")


def tables(table: Table, key: str) -> tuple[Table, ...]:
    """An array of tables; absent reads as empty."""
    return each(optional(table, key, list) or [], key, as_table)


def as_table(value: object) -> Table:
    """`value`, which must be a table."""
    return _checked(value, dict, "")


def each(items: Sequence[Any], key: str, read: Callable[[Any], T]) -> tuple[T, ...]:
    """`read` applied to every item; an error gains `key[index]`."""
    found: list[T] = []
    for item in items:
        try:
            found.append(read(item))
        except InvalidDataError as error:
            raise error.within(f"{key}[{len(found)}]") from None
    return tuple(found)


def refuse_control_characters(table: Table, *keys: str) -> None:
    """Names and urls end up in files for uv and on terminals; no real one has such characters."""
    try:
        # Python escapes what is not printable: asked of all at once, as a lock has thousands.
        if "\\" not in repr([table[key] for key in keys if key in table]):
            return
    except RecursionError:
        pass
    for key in keys:
        if not "".join(_texts(table.get(key, ""))).isprintable():
            raise InvalidDataError(f"{table[key]!r} holds a control character", key)


def _texts(value: object) -> list[str]:
    """All texts and keys below `value`, however deep."""
    left, found = [value], list[str]()
    while left:
        each = left.pop()
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, dict):
            found += each
            left += each.values()
        elif isinstance(each, list):
            left += each
    return found

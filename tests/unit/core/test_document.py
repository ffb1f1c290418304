"""Typed reads, and errors that name the place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from hybrid_install.core.document import (
    as_table,
    each,
    optional,
    refuse_control_characters,
    required,
    strings,
    table_at,
    tables,
)
from hybrid_install.errors import InvalidDataError

DOCUMENT: dict[str, Any] = {
    "text": "a",
    "empty": "",
    "flag": False,
    "number": 0,
    "table": {"inner": {"deep": {"x": "y"}}, "list": ["a"]},
    "texts": ["a", "b"],
    "tables": [{"x": "y"}, {}],
    "mixed": ["a", 1],
    "tables and text": [{}, "a"],
    "nothing": [],
}


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda: optional(DOCUMENT, "text", str), "a"),
        (lambda: optional(DOCUMENT, "empty", str), ""),
        (lambda: optional(DOCUMENT, "flag", bool), False),
        (lambda: optional(DOCUMENT, "absent", str), None),
        (lambda: required(DOCUMENT, "number", int), 0),
        (lambda: strings(DOCUMENT, "texts"), ("a", "b")),
        (lambda: strings(DOCUMENT, "nothing"), ()),
        (lambda: strings(DOCUMENT, "absent"), ()),
        (lambda: tables(DOCUMENT, "tables"), ({"x": "y"}, {})),
        (lambda: tables(DOCUMENT, "absent"), ()),
        (lambda: table_at(DOCUMENT), DOCUMENT),
        (lambda: table_at(DOCUMENT, "table", "inner", "deep"), {"x": "y"}),
        (lambda: table_at(DOCUMENT, "table", "absent", "deep"), {}),
        (lambda: as_table({}), {}),
    ],
)
def test_reads(read: Callable[[], object], value: object) -> None:
    assert read() == value


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: required(DOCUMENT, "absent", str), "absent: is missing"),
        (lambda: optional(DOCUMENT, "text", bool), "text: expected true or false, found a string"),
        (lambda: optional(DOCUMENT, "number", bool), "number: expected true or false, found an integer"),
        # A boolean is an integer to Python, not to TOML.
        (lambda: optional(DOCUMENT, "flag", int), "flag: expected an integer, found true or false"),
        (lambda: optional(DOCUMENT, "table", list), "table: expected an array, found a table"),
        (lambda: required(DOCUMENT, "nothing", dict), "nothing: expected a table, found an array"),
        (lambda: optional({"x": 1.5}, "x", str), "x: expected a string, found float"),
        (lambda: optional({"x": date(2026, 1, 1)}, "x", str), "x: expected a string, found date"),
        (lambda: strings(DOCUMENT, "mixed"), "mixed[1]: expected a string, found an integer"),
        (lambda: strings(DOCUMENT, "text"), "text: expected an array, found a string"),
        (lambda: tables(DOCUMENT, "tables and text"), "tables and text[1]: expected a table, found a string"),
        (lambda: table_at(DOCUMENT, "text"), "text: expected a table, found a string"),
        (lambda: table_at(DOCUMENT, "table", "list", "x"), "table.list: expected a table, found an array"),
        (lambda: as_table([]), "expected a table, found an array"),
    ],
)  # fmt: skip
def test_a_wrong_shape_is_an_error_with_its_place(read: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidDataError) as error:
        read()
    assert str(error.value) == message


def test_a_place_grows_from_within() -> None:
    def read_file(value: object) -> str:
        return required(as_table(value), "hash", str)

    def read_package(value: object) -> tuple[str, ...]:
        return each(as_table(value)["files"], "files", read_file)

    packages = [{"files": [{"hash": "a"}]}, {"files": [{"hash": "a"}, {"hash": 1}]}]
    with pytest.raises(InvalidDataError) as error:
        each(packages, "package", read_package)
    assert error.value.context == "package[1].files[1].hash"
    located = error.value.in_file("poetry.lock")
    assert (
        str(located) == "poetry.lock: package[1].files[1].hash: expected a string, found an integer"
    )
    assert str(located.within("outer")).startswith("poetry.lock: outer.package[1].files[1].hash: ")


@pytest.mark.parametrize("odd", ["a\nb", "\x1b[31m", "a\x00", "a\x7f", "\u2028"])
def test_control_characters_are_refused(odd: str) -> None:
    with pytest.raises(InvalidDataError, match=r"^url: '.*' holds a control character$"):
        refuse_control_characters({"name": "a", "url": odd}, "name", "url")


def test_other_characters_are_not() -> None:
    refuse_control_characters(
        {"name": "é ü", "url": "https://a.invalid/ü?x=%0A"}, "name", "url", "x"
    )

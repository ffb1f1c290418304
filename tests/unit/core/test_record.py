"""RECORD, as installers write it and as nobody should."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_install.core.record import (
    RecordEntry,
    contents,
    contents_of,
    names_files,
    parse_record,
)
from hybrid_install.errors import InvalidDataError

WHEEL = "a/__init__.py,sha256=abc,3\na-1.0.dist-info/METADATA,sha256=def,5\n"


def digest(text: str) -> str:
    return contents(parse_record(text))


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("a.py,sha256=abc,3", RecordEntry("a.py", "sha256=abc", 3)),
        ("a.py,sha256=abc==,3", RecordEntry("a.py", "sha256=abc", 3)),
        ("a.py,,", RecordEntry("a.py")),
        ("a.py", RecordEntry("a.py")),
        ("a.py,sha256=abc,many", RecordEntry("a.py", "sha256=abc")),
        ('"a,b.py",sha256=abc,3', RecordEntry("a,b.py", "sha256=abc", 3)),
        ("a.py,sha256=abc,3,more", RecordEntry("a.py", "sha256=abc", 3)),
    ],
)
def test_a_line(line: str, entry: RecordEntry) -> None:
    assert parse_record(f"{line}\r\n") == (entry,)


@pytest.mark.parametrize("text", ["", "\n\n", ",sha256=abc,3\n"])
def test_what_says_nothing(text: str) -> None:
    assert parse_record(text) == ()


@pytest.mark.parametrize("text", ["a\0b,,\n", "x" * 200_000])
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(InvalidDataError, match="RECORD"):
        parse_record(text)


@pytest.mark.parametrize(
    ("path", "is_bytecode"),
    [
        ("a/__pycache__/b.cpython-311.pyc", True),
        ("a/__pycache__/b.txt", True),
        ("a/b.pyc", True),
        ("a/b.py", False),
    ],
)
def test_bytecode_comes_and_goes(path: str, is_bytecode: bool) -> None:
    assert RecordEntry(path).is_bytecode is is_bytecode


@pytest.mark.parametrize(
    "more",
    [
        "a-1.0.dist-info/INSTALLER,sha256=x,2\n",
        "a-1.0.dist-info/REQUESTED,sha256=x,0\n",
        "a-1.0.dist-info/direct_url.json,sha256=x,9\n",
        "a-1.0.dist-info/uv_cache.json,sha256=x,9\n",
        "a-1.0.dist-info/RECORD,,\n",
        "../../../bin/a,sha256=x,200\n",
        "/venv/bin/a,sha256=x,200\n",
        "a/__pycache__/__init__.cpython-311.pyc,sha256=x,20\n",
    ],
)
def test_contents_are_the_archives_whoever_unpacked_it(more: str) -> None:
    assert digest(WHEEL + more) == digest(more + WHEEL) == digest(WHEEL)


@pytest.mark.parametrize(
    "other",
    [
        WHEEL.replace("abc", "abd"),
        WHEEL.replace("a/__init__", "a/__main__"),
        WHEEL + "a/REQUESTED,sha256=x,2\n",
        "",
    ],
)
def test_other_contents(other: str) -> None:
    assert digest(other) != digest(WHEEL)


_PATHS = st.sampled_from(
    [
        "a/b.py",
        "a/__pycache__/b.cpython-311.pyc",
        "../../bin/a",
        "/abs/a",
        "a-1.dist-info/RECORD",
        "a-1.dist-info/METADATA",
        "b.dist-info.d/INSTALLER",
        "INSTALLER",
        "a b, c.py",
        'quo"ted.py',
        "ü.py",
        "",
    ]
)
_HASHES = st.sampled_from(["sha256=abc", "sha256=abc==", " sha256=x ", "", "md5=1"])
_SIZES = st.sampled_from(["1", "", "x", "1,2"])


@given(st.lists(st.tuples(_PATHS, _HASHES, _SIZES)), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_the_shorter_way_comes_to_the_same(
    rows: list[tuple[str, str, str]], end: str, is_csv: bool
) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerows(rows)
    text = out.getvalue() if is_csv else end.join(map(",".join, rows))
    assert _digest(contents_of, text) == _digest(lambda it: contents(parse_record(it)), text)


@given(st.text(st.sampled_from('a/.,"=\n\r\x0b\x0c\x85\u2028pyc_')))
def test_the_shorter_way_comes_to_the_same_with_anything(text: str) -> None:
    assert _digest(contents_of, text) == _digest(lambda it: contents(parse_record(it)), text)


def _digest(way: Callable[[str], str], text: str) -> str:
    try:
        return way(text)
    except InvalidDataError as error:
        return str(error)


def test_a_size_of_thousands_of_digits_is_none() -> None:
    """Python refuses to read it."""
    (entry,) = parse_record(f"a.py,sha256=x,{'9' * 5000}\n")
    assert entry.size is None


NOTES = "a-1.0.dist-info/INSTALLER,sha256=x,2\na-1.0.dist-info/RECORD,,\n"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", False),
        (NOTES, False),
        (NOTES + "\n", False),
        (NOTES + "a-1.0.dist-info/METADATA,sha256=x,2\n", True),
        (NOTES + "a.py,,\n", True),
        (NOTES + '"a, b.py",,\n', True),
    ],
)
def test_whether_it_names_any_file(text: str, names: bool) -> None:
    assert names_files(text) is names

"""RECORD, as installers write it and as nobody should."""

from __future__ import annotations

import pytest

from hybrid_install.core.record import RecordEntry, contents, parse_record
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

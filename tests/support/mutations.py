"""Documents and files that went wrong on their way: a few places of a good one are exchanged."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, datetime, time
from typing import Any

from hypothesis import strategies as st

Path = tuple[str | int, ...]

ODD_TEXTS = (
    "",
    " ",
    "..",
    "../../../escaped",
    "/escaped/absolutely",
    "a/b",
    "--index-url=http://127.0.0.1:9/simple",
    "-r/etc/passwd",
    "name @ file:///etc/passwd",
    "1.0; python_version < '4'",
    "two\nlines",
    "\r\n--extra-index-url http://127.0.0.1:9/",
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m",
    "\0",
    "\u202egnp.exe",
    "\u2028",
    "\ufeff1.0",
    "{cache-dir}",
    "{0.__class__}",
    "%s%n",
    "http://[",
    "http://h:99999999/",
    "https://user:pass word/slash@h/simple",
    "git@h:a/b.git",
    "~nobody-of-that-name/x",
    "9" * 5000,
    "1." + "9" * 300,
    "(" * 2000,
    "x" * 5000,
    "sys_platform == 'linux' and (",
    ">=3.9,<3.8",
    "^not-a-version",
    "||",
    "sha256:",
    "md5:zz",
    "2.1",
    "*",
)
"""What a hostile or unlucky hand writes where a name, a version, a url or a path belongs."""

_MANY = "9" * 5000

PUT_IN = (
    *(_MANY, f".{_MANY}", f"-{_MANY}", f"+{_MANY}", f"rc{_MANY}", f".post{_MANY}", f"{_MANY}!"),
    *("~weird!", ".", "..", ".weird", ">=abc", "\x1b[2J\x1b]0;title\x07", "\x9b31m", "\u2028"),
    *("\n", "\nerror: forged", "\r\n::error::"),
)
"""What an unlucky or hostile hand writes within what is otherwise good."""

_ODD_VALUES: tuple[Any, ...] = (
    True,
    False,
    0,
    -1,
    10**40,
    math.inf,
    math.nan,
    0.5,
    date(2026, 1, 1),
    time(12),
    [],
    {},
    [[]],
    {"": ""},
    {"url": "u", "type": "git"},
    [{}],
)

LONE_SURROGATES = ("\ud800", "a\udfffb")
"""JSON can write these down, and UTF-8 cannot: what is read from JSON may hold them."""


def text() -> st.SearchStrategy[str]:
    """Odd texts, and any other."""
    return st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=12))


@st.composite
def put_into(draw: st.DrawFn, good: str) -> str:
    """`good` with something odd in it, mostly where a word begins or ends, or a swollen number."""
    numbers = [found.end() for found in re.finditer(r"[0-9]+", good)]
    swells: bool = draw(st.booleans())
    if numbers and swells:
        end = draw(st.sampled_from(numbers))
        return good[:end] + _MANY + good[end:]
    bounds = [found.start() for found in re.finditer(r"\b", good)] or [0]
    at: int = draw(st.one_of(st.sampled_from(bounds), st.integers(0, len(good))))
    return good[:at] + draw(st.sampled_from(PUT_IN)) + good[at:]


def values(*more: Any) -> st.SearchStrategy[Any]:
    """Anything that may stand where something else should."""
    deep: Any = "deep"
    for _ in range(60):
        deep = [deep]
    return st.one_of(text(), st.sampled_from((*_ODD_VALUES, deep, *more)))


@st.composite
def spoilt_within(draw: st.DrawFn, good: dict[str, Any]) -> dict[str, Any]:
    """`good` with one of its texts spoilt by what was put into it: it is read further than most.

    Texts of all keys alike, however many there are of one: names are not the most of it.
    """
    document = deepcopy(good)
    texts = [it for it in sorted(_places(document), key=repr) if isinstance(_at(good, it), str)]
    kind = draw(st.sampled_from(sorted({_kind(each) for each in texts})))
    *outer, key = draw(st.sampled_from([each for each in texts if _kind(each) == kind]))
    holder = _at(document, tuple(outer))
    holder[key] = draw(put_into(holder[key]))
    return document


@st.composite
def spoilt(draw: st.DrawFn, good: dict[str, Any], *more: Any, most: int = 4) -> dict[str, Any]:
    """`good` with one to `most` of its places exchanged, left out, renamed, doubled or moved."""
    document = deepcopy(good)
    for _ in range(draw(st.integers(1, most))):
        places = sorted(_places(document), key=repr)
        if places:
            _exchange(draw, document, places[draw(st.integers(0, len(places) - 1))], places, more)
    return document


_FATES = ("value", "value", "value", "put", "put", "drop", "rename", "double", "move")


def _exchange(
    draw: st.DrawFn, document: Any, place: Path, places: list[Path], more: tuple[Any, ...]
) -> None:
    *outer, key = place
    holder = _at(document, tuple(outer))
    fate = draw(st.sampled_from(_FATES))
    if fate == "put" and isinstance(holder[key], str):
        holder[key] = draw(put_into(holder[key]))
    elif fate == "drop":
        del holder[key]
    elif fate == "rename" and isinstance(holder, dict):
        holder[draw(text())] = holder.pop(key)
    elif fate == "double" and isinstance(holder, list):
        holder.append(deepcopy(holder[int(key)]))
    elif fate == "move":
        other = places[draw(st.integers(0, len(places) - 1))]
        holder[key] = deepcopy(_at(document, other))
    else:
        holder[key] = deepcopy(draw(values(*more)))


def _kind(place: Path) -> str:
    return next((key for key in reversed(place) if isinstance(key, str)), "")


def _places(value: Any, place: Path = ()) -> Iterator[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*place, key)
        if isinstance(inner, dict | list):
            yield from _places(inner, (*place, key))


def _at(document: Any, place: Path) -> Any:
    for key in place:
        document = document[key]
    return document


@st.composite
def spoilt_bytes(draw: st.DrawFn, good: bytes) -> bytes:
    """`good` with some bytes exchanged, put in, cut off or repeated."""
    content = good
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, 40))
        put = draw(st.one_of(st.sampled_from(_ODD_BYTES), st.binary(max_size=6)))
        content = content[:at] + put + content[at + length :]
    return content


_ODD_BYTES = (
    b"",
    b"\xef\xbb\xbf",
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\r",
    b"\n",
    b'"""',
    b"[",
    b"[[package]]\n",
    b"{",
    b"a." * 500,
    b"[" * 3000,
    b"9" * 5000,
    b"\x1b[31m",
    b"\xe2\x80\xae",
    b"../" * 8,
    b",,,\n",
    b'"',
)


def toml(document: dict[str, Any]) -> bytes:
    """`document` as TOML: a line for each key, everything below in braces."""
    lines = (f"{_toml(key)} = {_toml(value)}\n" for key, value in document.items())
    return "".join(lines).encode("utf-8", "replace")


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            escaped = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
            return escaped.encode("utf-8", "replace").decode()
        case date() | time() | datetime():
            return value.isoformat()
        case dict():
            return "{" + ", ".join(f"{_toml(k)} = {_toml(v)}" for k, v in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_toml, value)) + "]"
    return str(value)

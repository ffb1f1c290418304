"""TOML in, a document out: by the fastest reader at hand, and no more than Poetry's takes."""

from __future__ import annotations

import re
from typing import Any

try:
    import rtoml
except ImportError:  # it has wheels for most machines, and is for speed alone
    rtoml = None  # type: ignore[assignment]

# A line whose inline tables end on it, with strings and tables within, and a comment after it.
_INLINE = r"""[^{}"'\#,] | "(?:[^"\\]|\\.)*" | '[^']*' | ,(?!\s*\})"""
_WHOLE_TABLES = rf"""(?x)
    (?: [^{{}}"'\#] | "[^"\\]*" )*
    (?: \{{ (?: {_INLINE} | \{{ (?: {_INLINE} )* \}} )* \}} [\s,\]]* )+
    (?: \#.* )?"""
_LAST_OF_TIME = re.compile(r":\d\d(?![\d:])")
_HOUR = re.compile(r"[^\d:+-]\d\d")


def loads(text: str) -> dict[str, Any]:
    """The document; `tomllib.TOMLDecodeError` (a `ValueError`), which names line and column.

    What the fast reader refuses is read again by the standard library's, which is Poetry's
    (poetry/core/utils/_compat.py): it takes integers of any size, and its words are known. So is
    what the fast one might take and Poetry refuses (TOML 1.1).
    """
    text = text.replace("\r\n", "\n")
    if rtoml is not None and not _is_odd(text):
        try:
            return rtoml.loads(text)
        except rtoml.TomlParsingError:
            pass
    import tomllib

    return tomllib.loads(text)


def _is_odd(text: str) -> bool:
    """A byte order mark, new escapes, short times, inline tables over several lines."""
    if text.startswith("\ufeff") or "\\e" in text or "\\x" in text:
        return True
    if "{" in text and ('"""' in text or "'''" in text):  # lines may end within a string
        return True
    has_whole_tables = _ends_tables_on_their_lines(text) or _has_whole_tables(text)
    return not has_whole_tables or _has_time_without_seconds(text)


def _ends_tables_on_their_lines(text: str) -> bool:
    """Whether all tables are so plain that it is seen at once, of thousands in a moment.

    What follows a brace is looked at up to the next one. Braces in strings make no table plain.
    """
    depth = 0
    for opened in text.split("{")[1:]:
        body, brace, rest = opened.partition("}")
        if "\n" in body or "#" in body or body.rstrip(" \t").endswith(","):
            return False
        if not brace:
            depth += 1
            continue
        line, end, _ = rest.partition("\n")
        if depth or (line and line != ","):
            line = line.replace(" ", "").replace("\t", "")
            depth -= line.count("}")
            if line.strip("},]") or ",}" in line or depth < 0 or (end and depth):
                return False
    return True


def _has_whole_tables(text: str) -> bool:
    lines = (line for line in text.split("\n") if "{" in line)
    return all(
        line.lstrip().startswith("#") or re.fullmatch(_WHOLE_TABLES, line) is not None
        for line in lines
    )


def _has_time_without_seconds(text: str) -> bool:
    # From the colon on: what begins with one character is found several times as fast.
    minutes = (match.start() for match in _LAST_OF_TIME.finditer(text))
    return any(_HOUR.fullmatch(text, max(at - 3, 0), at) for at in minutes)

"""TOML in, a document out: by the fastest reader at hand, and no more than Poetry's takes."""

from __future__ import annotations

import re
from typing import Any

try:
    import rtoml
except ImportError:  # it has wheels for most machines, and is for speed alone
    rtoml = None  # type: ignore[assignment]

# A line whose inline tables end on it, with strings, and a comment after it.
_WHOLE_TABLES = re.compile(
    r"""(?: [^{}"'\#] | "[^"\\]*" )*
        (?: \{ (?: [^{}"'\#,] | "(?:[^"\\]|\\.)*" | '[^']*' | ,(?!\s*\}) )* \} [\s,\]]* )+
        (?: \#.* )?""",
    re.VERBOSE,
)
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
    _, *opened = text.split("{")
    return not (all(map(_ends_on_its_line, opened)) or _has_whole_tables(text)) or (
        _has_time_without_seconds(text)
    )


def _ends_on_its_line(opened: str) -> bool:
    """What follows a brace up to the next one: nearly all are so, and there are thousands."""
    body, brace, rest = opened.partition("}")
    if not brace or "\n" in body or "#" in body or body.rstrip(" \t").endswith(","):
        return False
    return not rest.partition("\n")[0].strip(" \t,]")


def _has_whole_tables(text: str) -> bool:
    lines = (line for line in text.split("\n") if "{" in line)
    return all(
        line.lstrip().startswith("#") or _WHOLE_TABLES.fullmatch(line) is not None for line in lines
    )


def _has_time_without_seconds(text: str) -> bool:
    # From the colon on: what begins with one character is found several times as fast.
    minutes = (match.start() for match in _LAST_OF_TIME.finditer(text))
    return any(_HOUR.fullmatch(text, max(at - 3, 0), at) for at in minutes)

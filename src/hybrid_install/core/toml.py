"""TOML in, a document out: by the fastest reader at hand, in the words of the strictest."""

from __future__ import annotations

from typing import Any

try:
    import rtoml
except ImportError:  # it has wheels for most machines, and is for speed alone
    rtoml = None  # type: ignore[assignment]


def loads(text: str) -> dict[str, Any]:
    """The document; `tomli.TOMLDecodeError` (a `ValueError`), which names line and column.

    What the fast reader refuses is read again: tomli takes integers of any size, and its words are
    Poetry's. So is what it would take and Poetry refuses.
    """
    if rtoml is not None and not _is_odd(text):
        try:
            return rtoml.loads(text)
        except rtoml.TomlParsingError:
            pass
    import tomli

    return tomli.loads(text)


def _is_odd(text: str) -> bool:
    """A byte order mark, or an inline table that goes on after its line: rtoml takes more."""
    tables = (line for line in text.split("\n") if "{" in line)
    return text.startswith("\ufeff") or any(
        "#" in line or not line.rstrip(" \t\r,]").endswith("}") for line in tables
    )

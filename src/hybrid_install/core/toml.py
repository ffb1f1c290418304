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
    Poetry's.
    """
    if rtoml is not None:
        try:
            return rtoml.loads(text)
        except rtoml.TomlParsingError:
            pass
    import tomli

    return tomli.loads(text)

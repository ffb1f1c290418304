"""Sizes of files, as people write them."""

from __future__ import annotations

import math
import re

from hybrid_install.errors import UsageError

_UNITS = {
    "": 1,
    "B": 1,
    **{f"{letter}B": 1000**power for power, letter in enumerate("KMG", start=1)},
    **{f"{letter}IB": 1024**power for power, letter in enumerate("KMG", start=1)},
}


def parse_size(text: str) -> int:
    """`50MB`, `1.5 GB`, `64MiB` or bytes; `UsageError` for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text)
    unit = match and _UNITS.get(match[2].upper())
    # More digits than a float has room for are no size either.
    if not match or not unit or not math.isfinite(size := float(match[1]) * unit):
        raise UsageError(f"{text!r} is no size", hint="write it like 50MB, 1.5GB or 64MiB")
    return int(size)


def size_text(size: int) -> str:
    """`54 MB`: as indexes show sizes, in powers of ten."""
    for unit, power in (("GB", 1000**3), ("MB", 1000**2), ("kB", 1000)):
        if size >= power:
            number = size / power
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"  # noqa: PLR2004
    return f"{size} B"

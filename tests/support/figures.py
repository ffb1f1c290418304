"""What the tests count beside comparisons: odd inputs, and secrets that were looked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum


class Figure(StrEnum):
    """A row of docs/reliability.md."""

    INPUTS = "odd inputs"
    REFUSED = "refused in words"
    TRACEBACKS = "tracebacks and hangs"
    PLACES_OF_SECRETS = "texts and files searched for secrets"
    SECRETS_FOUND = "secrets found"


FIGURES: Counter[str] = Counter()
"""Of this process; `tests/conftest.py` adds up those of all."""


def lines(counts: Counter[str]) -> Iterator[str]:
    """One for each figure of a run that has any; what was looked for and not found is 0."""
    if counts[Figure.INPUTS]:
        yield _line(counts, Figure.INPUTS, Figure.REFUSED, Figure.TRACEBACKS)
    if counts[Figure.PLACES_OF_SECRETS]:
        yield _line(counts, Figure.PLACES_OF_SECRETS, Figure.SECRETS_FOUND)


def _line(counts: Counter[str], *figures: Figure) -> str:
    return "reliability: " + ", ".join(f"{counts[each]} {each}" for each in figures)

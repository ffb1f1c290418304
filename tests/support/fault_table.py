"""The table of a run of tests/faults: how often each fault was injected, and how that ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

_PREFIX = "fault"


class Column(StrEnum):
    """How a run ended, and what came after it.

    `ATOMIC` are so many of the injected. `VERIFIED`: no run can see the damage, `verify --deep`
    does. `MISSED` came too late to do anything, and is not injected.
    """

    INJECTED = "injected"
    ATOMIC = "--atomic"
    WELL = "went well"
    SAID = "said rightly"
    KILLED = "killed"
    VERIFIED = "only verify"
    RECOVERED = "recovered"
    WRONG = "wrong"
    MISSED = "missed"


def count(tally: Counter[str], fault: str, column: Column, number: int = 1) -> None:
    """One more of them."""
    tally[f"{_PREFIX}|{fault}|{column}"] += number


def is_counted_here(key: str) -> bool:
    """Whether it is a count of faults."""
    return key.startswith(f"{_PREFIX}|")


def table(tally: Counter[str]) -> Iterator[str]:
    """The lines, the sum last; none where nothing was injected."""
    rows: dict[str, Counter[str]] = {}
    for key, number in sorted(tally.items()):
        if is_counted_here(key):
            _, fault, column = key.split("|")
            rows.setdefault(fault, Counter())[column] += number
    if not rows:
        return
    width = max(len(fault) for fault in rows)
    yield "  ".join(["fault".ljust(width), *Column])
    for fault, counts in rows.items():
        yield _line(fault.ljust(width), counts)
    yield _line("all".ljust(width), sum(rows.values(), Counter()))


def never_injected(tally: Counter[str]) -> list[str]:
    """The faults that came too late each time."""
    missed = {
        key.split("|")[1]
        for key in tally
        if is_counted_here(key) and key.endswith(f"|{Column.MISSED}")
    }
    return sorted(each for each in missed if not tally[f"{_PREFIX}|{each}|{Column.INJECTED}"])


def _line(label: str, counts: Counter[str]) -> str:
    return "  ".join([label, *(str(counts[column]).rjust(len(column)) for column in Column)])

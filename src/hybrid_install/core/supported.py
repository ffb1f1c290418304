"""Versions of a tool that the tests run with."""

from __future__ import annotations

import re
from typing import NamedTuple


class Supported(NamedTuple):
    """From the first to before the last; each as many numbers as it takes to tell."""

    first: tuple[int, ...]
    last: tuple[int, ...]

    def __str__(self) -> str:
        return f">={_dotted(self.first)},<{_dotted(self.last)}"

    def covers(self, version: str) -> bool:
        """Whether a version such as `2.5.1` is one of them."""
        return self.first <= release_of(version) < self.last

    def is_after(self, version: str) -> bool:
        """Whether the version is older than all of them."""
        return release_of(version) < self.first


class Misfit(NamedTuple):
    """A tool of a version that is not supported: where it fails, the likely cause."""

    tool: str
    version: str
    supported: Supported
    repair: str

    @property
    def note(self) -> str:
        """What is said before it is used."""
        return f"is not a version that hybrid-install was tested with ({self.supported})"

    @property
    def cause(self) -> str:
        """What is said first where it has failed."""
        age = "too old" if self.supported.is_after(self.version) else "newer than what is tested"
        return f"{self.tool} {self.version} is {age}: {self.supported} is supported. "


def release_of(version: str) -> tuple[int, ...]:
    """`(2, 5, 1)` of `2.5.1.dev0`, as far as there are numbers."""
    return tuple(map(int, re.findall(r"\d{1,9}", version)[:3]))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))

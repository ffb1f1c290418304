"""What `doctor` finds: sentences with a weight each, in sections. Values alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from hybrid_install.errors import HybridInstallError


class Severity(Enum):
    """How much a finding weighs: an error is what an install would end with, or hang on."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


_COUNTED = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence on one `subject` (a tool, a source, a folder), and what to do about it."""

    severity: Severity
    subject: str
    text: str
    hint: str = ""

    @classmethod
    def of_error(cls, subject: str, error: HybridInstallError) -> Finding:
        """What would end an install."""
        return cls(Severity.ERROR, subject, error.message, error.hint or "")


def ok(subject: str, text: str) -> Finding:
    """As it should be."""
    return Finding(Severity.OK, subject, text)


def note(subject: str, text: str, hint: str = "") -> Finding:
    """Good to know, and nothing wrong."""
    return Finding(Severity.NOTE, subject, text, hint)


def warning(subject: str, text: str, hint: str) -> Finding:
    """Doubtful: an install may do something else than is meant, or take longer."""
    return Finding(Severity.WARNING, subject, text, hint)


def error(subject: str, text: str, hint: str) -> Finding:
    """An install would fail."""
    return Finding(Severity.ERROR, subject, text, hint)


@dataclass(frozen=True, slots=True)
class Section:
    """The findings on one thing, in the order in which they were made."""

    name: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All sections, in order."""

    sections: tuple[Section, ...]

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is an error."""
        return not self._counts[Severity.ERROR]

    @property
    def summary(self) -> str:
        """`2 errors, 1 warning`; `nothing is wrong` where there is neither."""
        counts = self._counts
        parts = [_counted(counts[each], each) for each in _COUNTED if counts[each]]
        is_clean = not (counts[Severity.ERROR] or counts[Severity.WARNING])
        return ", ".join([*(["nothing is wrong"] if is_clean else []), *parts])

    @property
    def _counts(self) -> Counter[Severity]:
        return Counter(each.severity for section in self.sections for each in section.findings)


def _counted(number: int, severity: Severity) -> str:
    return f"{number} {severity.value}{'' if number == 1 else 's'}"


def listed(names: Iterable[str], most: int = 12) -> str:
    """`a, b, c and 5 more`."""
    shown = list(names)
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more

"""Names of packages by pattern: `torch`, `nvidia-*`, and `!nvidia-cublas*` for what is not meant.

A name that an entry spells in full is decided by that entry; of patterns, one with `!` counts more
than one without. Nothing depends on their order, so a list can be sorted, and added to by a tool.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from hybrid_install.core.document import each
from hybrid_install.core.model import NormalizedName, normalize_name
from hybrid_install.errors import InvalidDataError

_OUT = "!"
_ENTRY = re.compile(r"!?(?:[A-Za-z0-9._*?-]|\[!?[A-Za-z0-9-]+\])+")
_WILD = re.compile(r"[*?\[]")


class Patterns(NamedTuple):
    """Entries as `fnmatch` takes them, normalized (PEP 503) as the names are."""

    entries: tuple[str, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Patterns:
        """Read entries; `InvalidDataError` for what no name can fit, and for contradictions."""
        entries = each(tuple(texts), "", _entry)
        for name in entries:
            if f"{_OUT}{name}" in entries and not _WILD.search(name):
                raise InvalidDataError(f'both "{name}" and "{_OUT}{name}" are there', "")
        return cls(tuple(dict.fromkeys(entries)))

    @classmethod
    def given(cls, values: Iterable[str]) -> Patterns:
        """Read an option's or a variable's values: entries with commas or blanks between them."""
        return cls.parse(text for value in values for text in re.split(r"[\s,]+", value) if text)

    def decides(self, name: NormalizedName) -> bool | None:
        """Whether `name` is meant, None where no entry says anything of it."""
        for entries in (self._whole, self._wild):
            if any(entry[0] == _OUT and fnmatchcase(name, entry[1:]) for entry in entries):
                return False
            if any(fnmatchcase(name, entry) for entry in entries):
                return True
        return None

    def cover(self, name: NormalizedName) -> bool:
        """Whether `name` is meant."""
        return self.decides(name) is True

    @property
    def _whole(self) -> tuple[str, ...]:
        return tuple(entry for entry in self.entries if not _WILD.search(entry))

    @property
    def _wild(self) -> tuple[str, ...]:
        return tuple(entry for entry in self.entries if _WILD.search(entry))


NO_PATTERNS = Patterns()


def _entry(text: object) -> str:
    if not isinstance(text, str) or not _ENTRY.fullmatch(text):
        raise InvalidDataError(f"{text!r} is no pattern of package names", "")
    out = text.startswith(_OUT)
    return f"{_OUT if out else ''}{normalize_name(text.removeprefix(_OUT))}"

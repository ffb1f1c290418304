"""The rows of `exports` in `[tool.hybrid-install]`: files that a project keeps up to date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from hybrid_install.core.document import Table, required, strings
from hybrid_install.core.emitters.format import Format
from hybrid_install.core.selection import SelectionOptions
from hybrid_install.core.tiers import Tier
from hybrid_install.errors import InvalidDataError


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One declared export. `file` is relative to the project's folder; a folder if `per_source`.

    The other keys are the command's own options, under their names.
    """

    file: str
    format: Format = Format.REQUIREMENTS
    universal: bool = False
    per_source: bool = False
    tier: Tier | None = None
    selection: SelectionOptions = field(default_factory=SelectionOptions)

    @classmethod
    def from_dict(cls, row: Table) -> ExportRow:
        """Read a row; errors carry the key."""
        for key in row:
            if key not in _READERS:
                raise InvalidDataError(f"is no key of an export{_suggestion(key)}", key)
        values = {_READERS[key][0]: _READERS[key][1](row, key) for key in row}
        options = {name: values.pop(name) for name in tuple(values) if name in _OF_SELECTION}
        return cls(
            **{"file": required(row, "file", str), **values}, selection=SelectionOptions(**options)
        )


def _text(row: Table, key: str) -> str:
    return required(row, key, str)


def _flag(row: Table, key: str) -> bool:
    return required(row, key, bool)


def _format(row: Table, key: str) -> Format:
    text = required(row, key, str)
    try:
        return Format(text)
    except ValueError:
        known = ", ".join(each.value for each in Format)
        raise InvalidDataError(f"{text!r} is no format ({known})", key) from None


def _tier(row: Table, key: str) -> Tier:
    text = required(row, key, str)
    try:
        return Tier(text)
    except ValueError:
        raise InvalidDataError(f"{text!r} is neither heavy nor light", key) from None


_READERS: Mapping[str, tuple[str, Callable[[Table, str], Any]]] = {
    "file": ("file", _text),
    "format": ("format", _format),
    "universal": ("universal", _flag),
    "per-source": ("per_source", _flag),
    "tier": ("tier", _tier),
    "with": ("with_groups", strings),
    "without": ("without_groups", strings),
    "only": ("only_groups", strings),
    "all-groups": ("all_groups", _flag),
    "extras": ("extras", strings),
    "all-extras": ("all_extras", _flag),
}

_OF_SELECTION = frozenset(
    {"with_groups", "without_groups", "only_groups", "all_groups", "extras", "all_extras"}
)


def _suggestion(key: str) -> str:
    near = get_close_matches(key.replace("_", "-").lower(), _READERS, n=1)
    return f': is "{near[0]}" meant?' if near else f" (the keys: {', '.join(_READERS)})"

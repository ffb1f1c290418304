"""`[tool.hybrid-install]` within the text of a pyproject.toml: all else stays to the byte."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from hybrid_install.core.document import table_at
from hybrid_install.core.settings import TABLE
from hybrid_install.errors import ProjectError

_HEADER = f"[{'.'.join(TABLE)}]"
_COMMENT = (
    "# Big packages besides those that hybrid-install knows: a layer of their own (`--tier heavy`)."
)


def with_heavy(text: str, names: Iterable[str]) -> str:
    """`text` with a table of ours, and in it every one of `names` as `heavy`.

    Entries that are there keep their places and comments; new ones are put in by their order.
    `ProjectError` where that cannot be done without a change elsewhere.
    """
    document = tomllib.loads(text)
    has_table = TABLE[1] in table_at(document, TABLE[0])
    present = table_at(document, *TABLE).get("heavy", [])
    added = sorted(set(names) - set(present))
    if has_table and not added:
        return text
    changed = _inserted(text, added) if has_table else _appended(text, added)
    _refuse_side_effects(document, changed, added)
    return changed


def _appended(text: str, names: list[str]) -> str:
    """The table at the end, with the file's line ends."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = [_HEADER, _COMMENT, *_array(names)]
    before = "" if not text else end if text.endswith("\n") else end * 2
    after = end if not text or text.endswith("\n") else ""
    return f"{text}{before}{end.join(lines)}{after}"


def _array(names: list[str]) -> list[str]:
    if not names:
        return ["heavy = []"]
    return ["heavy = [", *(f'    "{name}",' for name in names), "]"]


def _inserted(text: str, names: list[str]) -> str:
    import tomlkit

    document: Any = tomlkit.parse(text)
    table = document[TABLE[0]][TABLE[1]]
    if "heavy" not in table:
        array = tomlkit.array()
        array.trivia.trail = "\r\n" if "\r\n" in text else "\n"
        table["heavy"] = array
    array = table["heavy"]
    for name in names:
        _insert(array, name)
    return tomlkit.dumps(document)


def _insert(array: Any, name: str) -> None:
    """Before the first entry that is greater."""
    position = next((at for at, entry in enumerate(array) if entry > name), len(array))
    if position == 0 and len(array) and "#" not in array.as_string():
        # tomlkit puts no blank after an entry that becomes the first one.
        array.insert(1, array[0])
        array[0] = name
    else:
        array.insert(position, name)


def _refuse_side_effects(before: dict[str, Any], changed: str, added: list[str]) -> None:
    expected = deepcopy(before)
    table = expected.setdefault(TABLE[0], {}).setdefault(TABLE[1], {})
    table["heavy"] = sorted([*table.get("heavy", []), *added])
    try:
        found = tomllib.loads(changed)
        ours = found[TABLE[0]][TABLE[1]]
        ours["heavy"] = sorted(ours["heavy"])
    except (tomllib.TOMLDecodeError, LookupError, TypeError):
        found = {}
    if found != expected:
        lines = "\n".join([_HEADER, *_array(sorted(table["heavy"]))])
        raise ProjectError(
            "pyproject.toml is written in a way that cannot be added to without a risk",
            hint=f"put this into it yourself:\n\n{lines}",
        )

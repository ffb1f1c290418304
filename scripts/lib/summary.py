"""summary.py text|markdown|environment: what `plan --json` on stdin says, for a CI.

Whatever a lock can choose is data here: it ends no table cell, and is no markup.
"""

from __future__ import annotations

import html
import json
import re
import sys
from collections import Counter
from typing import Any

_COLUMNS = ("name", "version", "action", "source", "reason")

# GitHub refuses a summary of more than a mebibyte; a table of this many rows is far below.
_ROWS = 1000


def main(kind: str) -> None:
    """Read, print."""
    plan = json.load(sys.stdin.buffer)
    said = {"text": text, "markdown": markdown, "environment": environment}[kind](plan)
    # Whatever the locale says; a path is any bytes.
    sys.stdout.buffer.write(f"{said}\n".encode("utf-8", "surrogateescape"))


def environment(plan: dict[str, Any]) -> str:
    """Where it is."""
    return str(plan["environment"]["path"])


def text(plan: dict[str, Any]) -> str:
    """The headline, and a line for each package that is not there yet."""
    changes = [
        "{name} {version}: {action} ({source})".format_map(each)
        for each in plan["operations"]
        if each["action"] != "keep"
    ]
    return "\n".join([*changes, _headline(plan)])


def markdown(plan: dict[str, Any]) -> str:
    """A heading, what is doubtful, a table of what changes, and what is kept in a fold."""
    operations = plan["operations"]
    changes = [each for each in operations if each["action"] != "keep"]
    kept = [each for each in operations if each["action"] == "keep"]
    place = plan["environment"]
    facts = f"Python {place['python']}, {_cell(place['path'])}"
    groups = ", ".join([*plan.get("groups", []), *(f"[{each}]" for each in plan.get("extras", []))])
    parts = [f"### {_cell(plan['project'] or 'hybrid-install')}: {_cell(_headline(plan))}", facts]
    parts[1] += f", groups {_cell(groups)}" if groups else ""
    parts += [f"> ⚠️ {_cell(each['message'])}" for each in plan.get("problems", [])]
    parts += [_table(changes)] if changes else []
    if kept:
        parts.append(
            f"<details><summary>{len(kept)} kept</summary>\n\n{_table(kept)}\n\n</details>"
        )
    return "\n\n".join(parts) + "\n"


def _headline(plan: dict[str, Any]) -> str:
    if "handover" in plan:
        return f"the whole run is Poetry's: {plan['handover']['reason']}"
    numbers = Counter(each["action"] for each in plan["operations"])
    return ", ".join(f"{number} {action}" for action, number in numbers.items()) or "nothing"


def _table(operations: list[dict[str, str]]) -> str:
    header = ("package", *_COLUMNS[1:])
    lines = [_row(header), _row(tuple("---" for _ in header))]
    lines += [_row(tuple(_cell(each[key]) for key in _COLUMNS)) for each in operations[:_ROWS]]
    more = len(operations) - _ROWS
    return "\n".join(lines) + (f"\n\n… and {more} more" if more > 0 else "")


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """On one line, without markup."""
    plain = html.escape(" ".join(str(text).split()), quote=False)
    return re.sub(r"([\\`*_\[\]|~@#])", r"\\\1", plain)


if __name__ == "__main__":
    main(sys.argv[1])

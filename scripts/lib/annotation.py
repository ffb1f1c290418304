"""annotation.py TITLE: the error in the log on stdin as an annotation of the file at fault.

Prints a GitHub workflow command: `::error file=…::message`. Without an error in the log it says
that there was none; either way the log itself tells more.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

_ERROR = re.compile(r"^error: (.*?)(?:\n\nhint: (.*?))?\s*\Z", re.MULTILINE | re.DOTALL)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def main(title: str) -> None:
    """Read, print."""
    # Whatever the locale says: a tool's last words may be any bytes.
    log = _COLOUR.sub("", sys.stdin.buffer.read().decode("utf-8", "replace"))
    # Tools that we run have errors of their own; ours comes last.
    start = log.rfind("\nerror: ") + 1
    match = _ERROR.match(log, start)
    message, hint = (match[1], match[2]) if match else ("It failed; the log says why", None)
    full = f"{message}\n\nhint: {hint}" if hint else message
    file = _property(_file(message))
    command = f"::error file={file},title={_property(title)}::{_data(full)}\n"
    sys.stdout.buffer.write(command.encode("utf-8", "replace"))


def _file(message: str) -> str:
    """The file to look at, relative to the repository: the one that is named, or the lock."""
    names = ("poetry.toml", "pyproject.toml", "poetry.lock")
    # A stale lock is told by naming both; what has to change is the lock.
    named = [name for name in names if name in message]
    folder = Path(os.environ.get("HYBRID_INSTALL_DIRECTORY") or ".").absolute()
    path = folder / (named[-1] if named else "poetry.lock")
    root = Path(os.environ.get("GITHUB_WORKSPACE") or ".").absolute()
    return os.path.relpath(path, root)


def _data(text: str) -> str:
    """As `escapeData` of the runner's toolkit (actions/toolkit, core/src/command.ts)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """As `escapeProperty` there."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


if __name__ == "__main__":
    main(sys.argv[1])

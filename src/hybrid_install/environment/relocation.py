"""Environments that work wherever they are moved to.

uv makes them (`uv venv --relocatable`) and writes launchers that look for the Python beside
themselves; Poetry's installers name the environment's path, so what they wrote is rewritten.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import re
from collections.abc import Mapping
from pathlib import Path

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.scripts import RELOCATABLE
from hybrid_install.regular import read_bytes, read_text
from hybrid_install.whole import write_whole

_PREAMBLE = f"#!/bin/sh\n{RELOCATABLE}\n' '''\n".encode()


def is_relocatable(prefix: Path) -> bool:
    """What pyvenv.cfg says; only uv ever says so."""
    try:
        text = read_text(prefix / "pyvenv.cfg", "replace")
    except OSError:
        return False
    return (
        re.search(r"^\s*relocatable\s*=\s*true\s*$", text, re.IGNORECASE | re.MULTILINE) is not None
    )


def free_of_place(interpreter: Interpreter) -> None:
    """Have every launcher look for its Python beside itself."""
    changed = {
        launcher: _rewritten(launcher, interpreter.prefix)
        for launcher in sorted((interpreter.prefix / "bin").iterdir())
        if launcher.is_file() and not launcher.is_symlink()
    }
    written = {launcher: content for launcher, content in changed.items() if content}
    for launcher, content in written.items():
        write_whole(launcher, content, launcher.stat().st_mode)
    for folder in interpreter.site_packages if written else ():
        for each in folder.glob("*.dist-info/RECORD"):
            record(each, written)


def _rewritten(launcher: Path, prefix: Path) -> bytes | None:
    """The launcher's content with a first line of no place, None where it has none to lose.

    A path that is long or has a blank stands in a line of shell, as pip and uv write it.
    """
    content = read_bytes(launcher)
    python = re.escape(os.fsencode(prefix / "bin")) + rb"/python[\w.]*"
    plain = rb"#!" + python + rb"[ \t]*\r?\n"
    in_shell = rb"#!/bin/sh\r?\n'''exec' \"?" + python + rb"\"? \"\$0\" \"\$@\"\r?\n' '''\r?\n"
    found = re.match(plain + rb"|" + in_shell, content)
    return _PREAMBLE + content[found.end() :] if found else None


def record(file: Path, written: Mapping[Path, bytes]) -> None:
    """Have a RECORD say what has been `written` of the files that it names."""
    try:
        rows = list(csv.reader(io.StringIO(read_text(file, "surrogateescape"))))
    except csv.Error:  # nothing that we have just written is in it
        return
    site = file.parent.parent
    places = {os.path.normpath(site / row[0]): row for row in rows if row}
    ours = [
        (places[str(path)], content) for path, content in written.items() if str(path) in places
    ]
    if not ours:
        return
    for row, content in ours:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        row[1:] = [f"sha256={digest}", str(len(content))]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_whole(file, text.getvalue().encode("utf-8", "surrogateescape"), file.stat().st_mode)

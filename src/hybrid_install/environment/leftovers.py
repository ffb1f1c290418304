"""What uv would leave behind of a distribution that it replaces or removes.

Poetry's editable installations have absolute paths in their RECORD (`EditableBuilder` in
poetry/masonry/builders/editable.py), and uv passes over those: the .pth file and direct_url.json
would outlive the distribution, and go on leading to the source tree. `flit install` writes absolute
paths for its commands alone.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from hybrid_install.core.distribution import Distribution
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.regular import read_text
from hybrid_install.whole import write_whole


def remove_recorded_absolutely(distribution: Distribution, interpreter: Interpreter) -> None:
    """Remove what a RECORD names by absolute paths; whatever else it names is left to uv.

    Nothing outside the environment is touched, whatever a RECORD says.
    """
    folder = Path(distribution.path)
    rows = _rows(folder / "RECORD")
    found = tuple(path for path in map(_absolute, rows) if path)
    own = tuple(places(interpreter))
    for path in found:
        if is_file_in(path, own):
            path.unlink(missing_ok=True)
    if not found:
        return
    others = [row for row in rows if not Path(row[0]).is_absolute()]
    if all(row[0].startswith(f"{folder.name}/") for row in others):
        shutil.rmtree(folder)
    else:
        _write(folder / "RECORD", others)


def places(interpreter: Interpreter) -> Iterator[Path]:
    """The environment's, as they are and through links: a project may be reached through one."""
    for place in (interpreter.prefix, *interpreter.written_to):
        yield place
        yield place.resolve()


def is_file_in(path: Path, own: Iterable[Path]) -> bool:
    """Whether it is no folder, and in one of these, also by the links on its way.

    A name that no system can have is nowhere.
    """
    try:
        path.lstat()
        is_within = any(map(path.parent.resolve().is_relative_to, own))
    except (OSError, ValueError, RuntimeError):  # nothing there, too long, a NUL, a loop of links
        return False
    return is_within and not _is_folder(path)


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - a Path raises where its name is too long


def _rows(record: Path) -> list[list[str]]:
    """None where it cannot be read: then it is nobody's, and uv's to refuse."""
    try:
        text = read_text(record, "surrogateescape")
        rows = csv.reader(io.StringIO(text))
        return [row for row in rows if row and row[0] and "\0" not in row[0]]
    except (OSError, csv.Error):
        return []


def _absolute(row: list[str]) -> Path | None:
    path = Path(row[0])
    is_meant = path.is_absolute() and ".." not in path.parts and not _is_folder(path)
    return path if is_meant else None


def _write(record: Path, rows: list[list[str]]) -> None:
    """Beside, then renamed: a run that is cut off leaves the one or the other."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_whole(record, text.getvalue().encode("utf-8", "surrogateescape"))

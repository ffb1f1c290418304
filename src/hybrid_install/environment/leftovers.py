"""What uv would leave behind of a distribution that it replaces or removes.

Poetry's editable installations have absolute paths in their RECORD (`EditableBuilder` in
poetry/masonry/builders/editable.py), and uv passes over those: the .pth file and direct_url.json
would outlive the distribution, and go on leading to the source tree.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path

from hybrid_install.core.distribution import Distribution
from hybrid_install.core.interpreter import Interpreter


def remove_recorded_absolutely(distribution: Distribution, interpreter: Interpreter) -> None:
    """Remove a distribution whose RECORD has absolute paths; any other is left to uv.

    Nothing outside the environment is touched, whatever a RECORD says.
    """
    folder = Path(distribution.path)
    found = tuple(_absolute(folder / "RECORD"))
    for path in found:
        if any(path.is_relative_to(place) for place in places(interpreter)):
            path.unlink(missing_ok=True)
    if found:
        shutil.rmtree(folder)


def places(interpreter: Interpreter) -> Iterator[Path]:
    """The environment's, as they are and through links: a project may be reached through one."""
    for place in (interpreter.prefix, *interpreter.written_to):
        yield place
        yield place.resolve()


def _absolute(record: Path) -> Iterator[Path]:
    try:
        text = record.read_text("utf-8", errors="surrogateescape")
    except OSError:
        return
    for row in csv.reader(io.StringIO(text)):
        path = Path(row[0]) if row else Path()
        if path.is_absolute() and ".." not in path.parts and not path.is_dir():
            yield path

"""Halves of installations that no installer can remove, because nothing says what they consist of.

Without a RECORD, or with one that does not name it, uv leaves a .dist-info where it is; pip, which
Poetry asks, refuses the first.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from hybrid_install.core.distribution import Distribution
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import NormalizedName, normalize_name
from hybrid_install.core.record import INSTALLERS_OWN, names_files
from hybrid_install.environment.installed import distributions
from hybrid_install.regular import read_text


class Halves(NamedTuple):
    """`lost` have no RECORD that would remove them; `notes` are files that a RECORD does not name.

    uv, or we (`environment.origins`), had added those to a .dist-info and were killed: whoever
    removes the rest by that RECORD would leave a folder with them alone.
    """

    lost: tuple[Distribution, ...]
    notes: tuple[Path, ...]


def halves(interpreter: Interpreter, names: Collection[NormalizedName]) -> Halves:
    """What is of these names, in the environment's own library."""
    ours = [
        each
        for each in distributions(interpreter)
        if each.name in names and _is_ours_to_remove(each, interpreter)
    ]
    lost = tuple(each for each in ours if not _is_recorded(Path(each.path)))
    recorded = (Path(each.path) for each in ours if each not in lost)
    return Halves(lost, tuple(note for folder in recorded for note in _unrecorded(folder)))


def remove(found: Halves) -> None:
    """Remove the .dist-info of each that is lost, and nothing else: of its files nobody knows.

    Whatever is installed in its place overwrites them. An `OSError` ends the run: an environment
    that cannot be changed is no target.
    """
    for note in found.notes:
        note.unlink()
    for each in found.lost:
        shutil.rmtree(each.path)


def _unrecorded(folder: Path) -> Iterator[Path]:
    record = read_text(folder / "RECORD", "replace")
    # Each is written under a name of the first kind until it is whole.
    notes = map(folder.joinpath, INSTALLERS_OWN - {"RECORD"})
    for path in sorted((*folder.glob(".tmp*"), *notes)):
        if path.is_file() and f"{folder.name}/{path.name}" not in record:
            yield path


def _is_ours_to_remove(half: Distribution, interpreter: Interpreter) -> bool:
    """A folder named after the package and nobody else, which no link leads to."""
    folder = Path(half.path)
    if folder.suffix != ".dist-info" or folder.is_symlink():
        return False
    named = normalize_name(folder.name.removesuffix(".dist-info").rpartition("-")[0])
    is_here = folder.is_relative_to(interpreter.prefix) and not half.is_system
    return is_here and named == half.name


def _is_recorded(folder: Path) -> bool:
    try:
        record = read_text(folder / "RECORD", "replace")
    except OSError:
        return False
    return f"{folder.name}/" in record and names_files(record)

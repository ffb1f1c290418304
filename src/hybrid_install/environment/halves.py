"""Halves of installations that no installer can remove, because nothing says what they consist of.

Without a RECORD, or with one that does not name it, uv leaves a .dist-info where it is; pip, which
Poetry asks, refuses the first.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from hybrid_install.core.distribution import Distribution
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import NormalizedName, normalize_name
from hybrid_install.core.record import INSTALLERS_OWN, names_files
from hybrid_install.environment.installed import distributions
from hybrid_install.regular import read_text


def halves(interpreter: Interpreter, names: Collection[NormalizedName]) -> tuple[Distribution, ...]:
    """Those of these names whose RECORD would not remove them, in the environment's own library."""
    return tuple(
        each
        for each in distributions(interpreter)
        if each.name in names and _is_ours_to_remove(each, interpreter)
    )


def remove(found: Collection[Distribution]) -> None:
    """Remove the .dist-info of each, and nothing else: of its files nobody knows.

    Whatever is installed in its place overwrites them. An `OSError` ends the run: an environment
    that cannot be changed is no target.
    """
    for each in found:
        shutil.rmtree(each.path)


def unrecorded_notes(
    interpreter: Interpreter, names: Collection[NormalizedName]
) -> tuple[Path, ...]:
    """What uv, killed before it wrote the RECORD, has added to the .dist-info of these.

    Whoever removes the rest by that RECORD would leave a folder with them alone.
    """
    return tuple(
        path
        for each in distributions(interpreter)
        if each.name in names and not each.is_whole and not each.is_system
        for path in _unrecorded(Path(each.path))
    )


def _unrecorded(folder: Path) -> tuple[Path, ...]:
    if folder.suffix != ".dist-info" or folder.is_symlink() or not _is_recorded(folder):
        return ()
    record = read_text(folder / "RECORD", "replace")
    # uv writes each under such a name first.
    begun = sorted(folder.glob(".tmp*"))
    notes = [*begun, *(folder / name for name in sorted(INSTALLERS_OWN - {"RECORD"}))]
    return tuple(
        each for each in notes if each.is_file() and f"{folder.name}/{each.name}" not in record
    )


def _is_ours_to_remove(half: Distribution, interpreter: Interpreter) -> bool:
    """A folder named after the package and nobody else, which no link leads to."""
    folder = Path(half.path)
    if folder.suffix != ".dist-info" or folder.is_symlink():
        return False
    named = normalize_name(folder.name.removesuffix(".dist-info").rpartition("-")[0])
    is_here = folder.is_relative_to(interpreter.prefix) and not half.is_system
    return is_here and named == half.name and not _is_recorded(folder)


def _is_recorded(folder: Path) -> bool:
    try:
        record = read_text(folder / "RECORD", "replace")
    except OSError:
        return False
    return f"{folder.name}/" in record and names_files(record)

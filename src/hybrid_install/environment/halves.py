"""Halves of installations that no installer can remove, because nothing says what they consist of.

Without a RECORD, or with one that does not name it, uv leaves a .dist-info where it is; pip, which
Poetry asks, refuses the first. One that ends in the middle of a line uv refuses to read.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from hybrid_install.core.distribution import Distribution
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import NormalizedName, normalize_name
from hybrid_install.core.record import INSTALLERS_OWN, is_cut_off, names_files
from hybrid_install.core.versions import same_version
from hybrid_install.environment.installed import distributions
from hybrid_install.environment.strays import strays
from hybrid_install.regular import read_text
from hybrid_install.whole import write_whole


class Halves(NamedTuple):
    """`lost` have no RECORD that would remove them; `notes` are files that a RECORD does not name.

    uv, or we (`environment.origins`), had added those to a .dist-info and were killed: whoever
    removes the rest by that RECORD would leave a folder with them alone. `cut_off` are RECORDs that
    end in the middle of a line. `strays` are files elsewhere (`environment.strays`).
    """

    lost: tuple[Distribution, ...] = ()
    notes: tuple[Path, ...] = ()
    cut_off: tuple[Path, ...] = ()
    strays: tuple[Path, ...] = ()


def halves(
    interpreter: Interpreter,
    names: Collection[NormalizedName],
    kept: Collection[tuple[NormalizedName, str]] = (),
    root: NormalizedName | None = None,
) -> Halves:
    """What is of these names, in the environment's own library.

    `kept` are names and versions that whoever comes next takes for installed, RECORD or not: such
    halves are lost too. Of the `root` that Poetry binds anew only what keeps it from that: a
    direct_url.json that cannot be read, on which every run of Poetry ends.
    """
    every = distributions(interpreter)
    ours = [each for each in every if each.name in names and _is_ours_to_remove(each, interpreter)]
    lost = tuple(
        each for each in ours if not _is_recorded(Path(each.path)) or _is_believed(each, kept)
    )
    recorded = [Path(each.path) for each in ours if each not in lost]
    cut_off = (folder for folder in recorded if is_cut_off(_text(folder / "RECORD")))
    found = [each for each in ours if each in lost or not each.is_whole]
    return Halves(
        lost,
        (
            *(note for folder in recorded for note in _unrecorded(folder)),
            *(Path(each.path) / "direct_url.json" for each in _unread(every, interpreter, root)),
        ),
        tuple(folder / "RECORD" for folder in cut_off),
        tuple(strays(found, every, interpreter)),
    )


def remove(found: Halves) -> None:
    """Remove the .dist-info of each that is lost, and what is astray: of other files nobody knows.

    Whatever is installed in its place overwrites them. A RECORD that was cut off is made one by
    which all that it still names can be removed. An `OSError` ends the run: an environment that
    cannot be changed is no target.
    """
    for path in (*found.strays, *found.notes):
        path.unlink(missing_ok=True)
    for record in found.cut_off:
        _mend(record)
    for each in found.lost:
        shutil.rmtree(each.path)


def _unread(
    every: Collection[Distribution], interpreter: Interpreter, root: NormalizedName | None
) -> Iterator[Distribution]:
    """What Poetry left that was killed as it wrote."""
    for each in every:
        is_unread = each.origin is not None and not each.origin.kind
        if each.name == root and is_unread and _is_ours_to_remove(each, interpreter):
            yield each


def _is_believed(half: Distribution, kept: Collection[tuple[NormalizedName, str]]) -> bool:
    return not half.is_whole and any(
        half.name == name and same_version(half.version, version) for name, version in kept
    )


def _mend(record: Path) -> None:
    """Without the line that was cut off, and with all that lies beside it.

    It stays half an installation, by its lack of INSTALLER: should this run come to nothing, the
    next one must not take for whole what no longer looks cut off.
    """
    (record.parent / "INSTALLER").unlink(missing_ok=True)
    folder, whole = record.parent, _whole_lines(_text(record))
    named = _named(whole)
    beside = (f"{folder.name}/{each.relative_to(folder)}" for each in _files(folder))
    added = io.StringIO()
    writer = csv.writer(added, lineterminator="\n")
    writer.writerows([path, "", ""] for path in sorted(beside) if path not in named)
    content = (whole + added.getvalue()).encode("utf-8", "surrogateescape")
    write_whole(record, content)


def _whole_lines(text: str) -> str:
    """Without a line that was cut off, if there is any."""
    return text[: text.rfind("\n") + 1] if is_cut_off(text) else text


def _named(text: str) -> frozenset[str]:
    return frozenset(row[0] for row in csv.reader(io.StringIO(text)) if row)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _unrecorded(folder: Path) -> Iterator[Path]:
    record = _text(folder / "RECORD")
    # Each is written under a name of the first kind until it is whole.
    notes = map(folder.joinpath, INSTALLERS_OWN - {"RECORD"})
    for path in sorted((*folder.glob(".tmp*"), *notes)):
        if path.is_file() and f"{folder.name}/{path.name}" not in record:
            yield path


def _text(record: Path) -> str:
    return read_text(record, "surrogateescape")


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
        text = _text(folder / "RECORD")
        record = _whole_lines(text)
        if is_cut_off(text):
            _named(record)
    except (OSError, csv.Error):  # one that cannot be mended is as good as none
        return False
    return f"{folder.name}/" in record and names_files(record)

"""Files in, core values out: every error names the file and the place in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from hybrid_install.core import toml
from hybrid_install.core.lockfile import REGENERATE, Lockfile
from hybrid_install.core.model import DirectorySource, FileSource, LockedPackage
from hybrid_install.core.project import Project
from hybrid_install.errors import InvalidDataError, LockfileError, ProjectError
from hybrid_install.regular import read_bytes


class TomlFile(NamedTuple):
    """A parsed TOML file and its first line, which TOML does not keep."""

    path: Path
    document: dict[str, Any]
    first_line: str


def read_toml(path: Path) -> TomlFile:
    """Parse `path`; `InvalidDataError` for anything that is not UTF-8 TOML."""
    try:
        text = read_bytes(path).decode("utf-8")
        return TomlFile(path, toml.loads(text), text.partition("\n")[0])
    except OSError as error:
        raise InvalidDataError(f"cannot be read ({error.strerror})", "", file=str(path)) from None
    except UnicodeDecodeError as error:
        raise InvalidDataError(f"is not UTF-8 ({error})", "", file=str(path)) from None
    except (ValueError, RecursionError) as error:  # also an integer of thousands of digits
        raise InvalidDataError(f"is not valid TOML ({error})", "", file=str(path)) from None


def find_pyproject(start: Path) -> Path:
    """The nearest pyproject.toml, from `start` upwards (`Factory.locate`)."""
    # A working directory that was removed can still be seen, but not resolved.
    try:
        is_folder = start.is_dir() and start.resolve(strict=True).is_dir()
    except OSError:
        is_folder = False
    if not is_folder:
        raise ProjectError(f"there is no folder {start}", hint="see --directory and --project")
    start = start.resolve()
    for folder in (start, *start.parents):
        if (candidate := folder / "pyproject.toml").is_file():
            return candidate
    raise ProjectError(
        f"Poetry could not find a pyproject.toml file in {start} or its parents",
        hint="run in a Poetry project, or name one with `--directory`",
    )


def read_project(pyproject: TomlFile) -> Project:
    """The project; errors gain the file's name."""
    try:
        return Project.from_dict(pyproject.document)
    except InvalidDataError as error:
        raise error.in_file(str(pyproject.path)) from None


def located(package: LockedPackage, folder: Path) -> LockedPackage:
    """The package with the place on disk that its source means.

    `Locker._get_locked_package` (poetry/packages/locker.py): relative to the lock, through links.
    """
    if not isinstance(package.source, FileSource | DirectorySource):
        return package
    location = (folder / package.source.path).resolve().as_posix()
    return replace(package, source=replace(package.source, location=location))


def read_lock(folder: Path) -> Lockfile:
    """poetry.lock beside pyproject.toml; `LockfileError` where it is missing or unreadable."""
    path = folder / "poetry.lock"
    if not path.is_file():
        raise LockfileError(
            f"there is no poetry.lock in {folder}",
            hint="`poetry lock` makes one; commit it",
        )
    try:
        lock = read_toml(path)
    except InvalidDataError as error:
        raise LockfileError(f"Unable to read the lock file ({error})", hint=REGENERATE) from None
    try:
        return Lockfile.from_dict(lock.document, first_line=lock.first_line)
    except InvalidDataError as error:
        raise LockfileError(str(error.in_file(str(path))), hint=REGENERATE) from None

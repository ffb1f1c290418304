"""The project itself in its environment: whether it is bound, and its commands start it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hybrid_install.core.distribution import Distribution
from hybrid_install.core.document import Table
from hybrid_install.core.scripts import file_scripts, launchers, problem_of_launcher
from hybrid_install.regular import read_bytes


def is_bound(distribution: Distribution, project_dir: Path) -> bool:
    """Whether `distribution` is an editable install of the project (`EditableBuilder`)."""
    origin = distribution.origin
    if origin is None or not origin.editable:
        return False
    return Path(origin.url).resolve() == project_dir.resolve()


def wrong_scripts(
    document: Table,
    project_dir: Path,
    prefix: Path,
    *,
    of_wheel: bool = False,
    console_alone: bool = False,
) -> dict[str, str]:
    """What is wrong with the commands that pyproject.toml declares, by name.

    A wheel names the copy of a file as the file (`WheelBuilder._copy_file_scripts` in poetry-core
    does), and its `#!python` becomes the environment's (PEP 427).
    """
    folders = _script_folders(prefix)
    found = {
        name: _problem(_find(name, folders), reference, folders)
        for name, reference in launchers(document, console_alone=console_alone).items()
    }
    copies = {} if console_alone else file_scripts(document)
    for name, source in copies.items():
        # Poetry leaves out what is not there to be copied, with a word of its own.
        if (project_dir / source).is_file():
            copy = _find(Path(source).name if of_wheel else name, folders)
            found[name] = _problem_of_copy(copy, project_dir / source, of_wheel=of_wheel)
    return {name: problem for name, problem in found.items() if problem}


def _script_folders(prefix: Path) -> tuple[Path, ...]:
    """Where Poetry puts scripts; the second is Debian's, for an interpreter of the system's."""
    return prefix / "bin", prefix / "local" / "bin"


def _find(name: str, folders: tuple[Path, ...]) -> Path | None:
    places = (folder / name for folder in folders if Path(name).name == name)
    return next((place for place in places if place.is_file()), None)


def _problem(launcher: Path | None, reference: str, folders: tuple[Path, ...]) -> str:
    if launcher is None:
        return "is missing"
    if not launcher.stat().st_mode & 0o111:
        return "is not executable"
    text = read_bytes(launcher).decode("utf-8", "replace")
    return problem_of_launcher(text, reference, tuple(_spellings(folders)))


def _spellings(folders: tuple[Path, ...]) -> Iterator[str]:
    """A project may be reached through a link, and its environment with it."""
    for folder in folders:
        yield str(folder)
        yield str(folder.resolve())


def _problem_of_copy(copy: Path | None, source: Path, *, of_wheel: bool) -> str:
    if copy is None:
        return "is missing"
    if not copy.stat().st_mode & 0o111:
        return "is not executable"
    text, copied = read_bytes(source), read_bytes(copy)
    if of_wheel and text.startswith(b"#!python"):
        _, _, text = text.partition(b"\n")
        copied = copied[-len(text) :]
    return "" if copied == text else f"is not {source.name} as it is now"

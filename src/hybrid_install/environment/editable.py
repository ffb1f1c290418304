"""A project bound to an environment without Poetry, in the files that Poetry leaves.

Mirrors `EditableBuilder` (poetry/masonry/builders/editable.py).
"""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution
from pathlib import Path

from hybrid_install.core.editable import INSTALLER, Binding, direct_url
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.environment.leftovers import is_file_in, places
from hybrid_install.regular import read_bytes

_Written = tuple[Path, bytes]

_EXECUTABLE = 0o755


def bind(binding: Binding, project_dir: Path, interpreter: Interpreter, python: Path) -> None:
    """Put the project in the place of whatever is installed under its name.

    `python` is what its commands are run by. An `OSError` ends the run.
    """
    unbind(binding, interpreter)
    library = interpreter.site_packages[0]
    added = [_written(library / binding.pth, binding.folders)]
    added += _commands(binding, project_dir, interpreter.scripts, python)
    dist_info = library / binding.dist_info
    added += _metadata(binding, dist_info)
    added.append(_written(dist_info / "INSTALLER", INSTALLER.encode()))
    url = direct_url(project_dir.absolute().as_uri())
    added.append(_written(dist_info / "direct_url.json", url.encode()))
    _written(dist_info / "RECORD", _record(added, dist_info / "RECORD").encode())


def unbind(binding: Binding, interpreter: Interpreter) -> None:
    """`SitePackages.remove_distribution_files`, and the .pth of any binding of that name.

    Nothing outside the environment is touched, whatever a RECORD says.
    """
    own = tuple(places(interpreter))
    library = [each for each in _library(interpreter) if _is_in(each, own)]
    for found in Distribution.discover(name=binding.name, path=list(map(str, library))):
        _remove(found, own)
    for folder in library:
        (folder / binding.pth).unlink(missing_ok=True)


def _library(interpreter: Interpreter) -> tuple[Path, ...]:
    """`SitePackages.candidates`."""
    return (*interpreter.site_packages, *interpreter.fallbacks)


def _is_in(path: Path, folders: Iterable[Path]) -> bool:
    return any(map(path.is_relative_to, folders))


def _remove(found: Distribution, own: tuple[Path, ...]) -> None:
    for path in _recorded(found):
        if is_file_in(path, own):
            path.unlink(missing_ok=True)
    metadata: Path = found._path  # type: ignore[attr-defined]  # noqa: SLF001  # as Poetry
    if metadata.is_dir() and not metadata.is_symlink():
        shutil.rmtree(metadata)
    else:
        metadata.unlink(missing_ok=True)


def _recorded(found: Distribution) -> tuple[Path, ...]:
    """None where that cannot be told: importlib.metadata raises whatever its readers raise."""
    try:
        return tuple(Path(str(found.locate_file(file))) for file in found.files or ())
    except (OSError, ValueError, TypeError, csv.Error):
        return ()


def _commands(
    binding: Binding, project_dir: Path, folder: Path, python: Path
) -> Iterator[_Written]:
    """`EditableBuilder._add_scripts`."""
    folder.mkdir(parents=True, exist_ok=True)
    for launcher in binding.launchers:
        text = launcher.text(str(python))
        yield _written(folder / launcher.name, text.encode(), mode=_EXECUTABLE)
    for copy in binding.copies:
        target = folder / copy.name
        target.unlink(missing_ok=True)
        shutil.copy2(project_dir / copy.source, target)
        target.chmod(_EXECUTABLE)
        yield target, read_bytes(target)


def _metadata(binding: Binding, dist_info: Path) -> Iterator[_Written]:
    """What poetry-core says of the project, in the order in which Poetry records it."""
    for file in binding.metadata:
        path = dist_info / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        yield _written(path, file.content, mode=file.mode)


def _written(path: Path, content: bytes, *, mode: int | None = None) -> _Written:
    """Never through what is there: that may be a link, or share its contents with uv's cache."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    if mode is not None:
        path.chmod(mode)
    return path, content


def _record(files: Iterable[_Written], record: Path) -> str:
    """`EditableBuilder._add_dist_info`: absolute paths, and lines that end as csv has it."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    for path, content in files:
        digest = urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        rows.writerow((path, f"sha256={digest}", len(content)))
    rows.writerow((record, "", ""))
    return text.getvalue()

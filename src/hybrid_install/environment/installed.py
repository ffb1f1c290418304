"""What is installed in an environment, read as Poetry reads it.

Mirrors `InstalledRepository.load` (poetry/repositories/installed_repository.py).
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from hybrid_install.core.distribution import BY_UV, Distribution, Installed, Origin, by_name
from hybrid_install.core.git_urls import git_url
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import normalize_name
from hybrid_install.core.record import is_cut_off, is_of_uv, names_files
from hybrid_install.regular import opener, read_bytes, read_text

# An installer writes these; one that was cut off leaves some of them out.
_WRITTEN_BY_INSTALLERS = ("INSTALLER", "METADATA", "RECORD")


# PEP 508; as in `core.lockfile`.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


def installed(interpreter: Interpreter) -> Installed:
    """The distributions on the interpreter's path, the first of each name."""
    return by_name(distributions(interpreter))


def distributions(interpreter: Interpreter) -> tuple[Distribution, ...]:
    """All distributions on the interpreter's path, those that another hides included."""
    folders: dict[str, Path] = {}
    for entry in interpreter.sys_path:  # lib64 may be a link to lib, and both be on the path
        folders.setdefault(os.path.realpath(entry), entry)
    places = _Places(
        interpreter.prefix,
        interpreter.site_packages,
        interpreter.library,
        interpreter.system_library,
    )
    return tuple(
        distribution for entry in folders.values() for distribution in _in_folder(entry, places)
    )


class _Places(NamedTuple):
    """Of an `Interpreter`, what decides how a distribution is read."""

    prefix: Path
    site_packages: tuple[Path, ...]
    library: tuple[Path, ...]
    system_library: tuple[Path, ...]


def _in_folder(folder: Path, interpreter: _Places) -> Iterator[Distribution]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - a Path for each takes ten times as long
    except OSError:
        return
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            path = f"{folder}{os.sep}{name}"
            distribution = _read(path, interpreter, tuple(map(_state, (path, *_files(path)))))
            if distribution is not None:
                yield distribution


def _files(path: str) -> Iterator[str]:
    """The files that are read of a distribution; that others come and go its folder tells."""
    for name in ("METADATA", "PKG-INFO", "INSTALLER", "RECORD", "direct_url.json"):
        yield f"{path}{os.sep}{name}"


def _state(path: str) -> tuple[int, ...]:
    """Differs when something else is there, or was written to; empty where there is nothing."""
    try:
        seen = os.stat(path)  # noqa: PTH116 - thousands of times, and a Path is slow to make
    except OSError:
        return ()
    return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


@lru_cache(maxsize=8192)
def _read(place: str, interpreter: _Places, _states: object) -> Distribution | None:
    """Read once, as long as its files are the same ones: a run looks several times."""
    path = Path(place)
    is_dist_info = path.name.endswith(".dist-info")
    metadata = path if path.is_file() else path / ("METADATA" if is_dist_info else "PKG-INFO")
    name, version = _name_and_version(metadata)
    if is_dist_info and not (name and version):
        # Cut off before METADATA was written: the folder's name is all that is left.
        name, _, version = path.name.removesuffix(".dist-info").rpartition("-")
    # What is no name (PEP 508) can be neither locked nor named to uv.
    if not _NAME.fullmatch(name) or not version:
        return None
    ours = path.parent in interpreter.site_packages
    origin, stamp = _origin(path, name, interpreter), _stamp(path)
    return Distribution(
        name=normalize_name(name),
        version=version,
        origin=origin,
        is_whole=not (is_dist_info and ours) or _is_whole(path, stamp[0]),
        is_system=_is_system(path, interpreter),
        has_checkout=_is_checkout(origin, interpreter),
        is_legacy=ours and not is_dist_info,
        stamp=stamp,
        path=str(path),
    )


def _is_system(path: Path, interpreter: _Places) -> bool:
    """What an installer for this environment does not touch: pip refuses to remove it."""
    is_of_system = _is_in(path, interpreter.system_library)
    is_outside = path.parent not in interpreter.site_packages
    return is_of_system or (is_outside and not path.is_relative_to(interpreter.prefix))


def _is_in(path: Path, folders: tuple[Path, ...]) -> bool:
    return any(map(path.is_relative_to, folders))


def _is_checkout(origin: Origin | None, interpreter: _Places) -> bool:
    if origin is None or origin.kind != "directory":
        return False
    return Path(origin.url).is_relative_to(_checkouts(interpreter))


def _checkouts(interpreter: _Places) -> Path:
    """Where `InstalledRepository.is_vcs_package` looks for git dependencies."""
    return interpreter.prefix / "src"


def _name_and_version(metadata: Path) -> tuple[str, str]:
    """The core metadata's `Name` and `Version`, empty where the file has none."""
    fields = {"name": "", "version": ""}
    try:
        with open(metadata, encoding="utf-8", errors="replace", opener=opener) as lines:
            for line in lines:
                key, colon, value = line.partition(":")
                if line.startswith((" ", "\t")) and line.strip():
                    continue
                if not colon:
                    break
                if not fields.get(key.lower(), "unwanted"):
                    fields[key.lower()] = value.strip()
    except OSError:
        pass
    return fields["name"], fields["version"]


def _is_whole(dist_info: Path, installer: str) -> bool:
    """A power failure leaves files without contents: nothing of an installation is synced.

    A RECORD that was empty in uv's cache has what uv itself puts there, and no more.
    """
    if not all(_has_contents(dist_info / name) for name in _WRITTEN_BY_INSTALLERS):
        return False
    try:
        record = read_bytes(dist_info / "RECORD").decode("utf-8", "replace")
    except OSError:
        return False
    if is_cut_off(record):
        return False
    return names_files(record) and (installer != BY_UV or is_of_uv(record, dist_info.name))


def _has_contents(file: Path) -> bool:
    try:
        seen = file.stat()
    except OSError:
        return False
    return stat.S_ISREG(seen.st_mode) and seen.st_size > 0


def _origin(path: Path, name: str, interpreter: _Places) -> Origin | None:
    """What direct_url.json says, or the folder that an editable install leads to."""
    is_dist_info = path.name.endswith(".dist-info")
    if is_dist_info and (path / "direct_url.json").exists():
        return _direct_url(path / "direct_url.json")
    if not _is_in(path, interpreter.library):
        is_checkout = path.is_relative_to(_checkouts(interpreter))
        is_project = is_checkout or _is_project(path.parent)
        return Origin("directory", str(path.parent)) if is_project else None
    folder = _editable_folder(name, interpreter) if is_dist_info else None
    return Origin("directory", folder, editable=True) if folder else None


def _direct_url(file: Path) -> Origin:
    """PEP 610. What Poetry stumbles on is an origin of no kind, which equals no locked one."""
    try:
        document = json.loads(read_text(file))
        return _origin_of(document, document["url"])
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return Origin("", "an unreadable direct_url.json")


def _origin_of(document: Mapping[str, Any], url: str) -> Origin:
    subdirectory = document.get("subdirectory")
    if "archive_info" in document:
        is_file = url.startswith("file:")
        kind, place = ("file", _path_of(url)) if is_file else ("url", url)
        return Origin(kind, place, subdirectory=subdirectory)
    if "dir_info" in document:
        editable = bool(document["dir_info"].get("editable", False))
        return Origin("directory", _path_of(url), subdirectory=subdirectory, editable=editable)
    vcs = document["vcs_info"]
    commit = vcs["commit_id"]
    return Origin(
        vcs["vcs"], git_url(url), vcs.get("requested_revision", commit), commit, subdirectory
    )


def _path_of(url: str) -> str:
    """`url_to_path` (poetry-core), which unquotes twice: once itself, once by `url2pathname`."""
    return Path(unquote(unquote(urlsplit(url).path))).as_posix()


def _is_project(folder: Path) -> bool:
    """`is_python_project` (poetry-core): an .egg-info beside it was put there by `develop`."""
    return any((folder / name).exists() for name in ("pyproject.toml", "setup.py", "setup.cfg"))


def _editable_folder(name: str, interpreter: _Places) -> str | None:
    """The folder outside the library that the package's .pth file leads to.

    A checkout among several folders comes first; without a .pth file a folder in the environment's
    `src` is taken for one.
    """
    checkouts = _checkouts(interpreter)
    places = list(_places(name, interpreter))
    if not places and (checkouts / name).exists():
        places = [checkouts / name]
    outside = [
        place
        for place in places
        if place.is_relative_to(checkouts) or not _is_in(place, interpreter.library)
    ]
    outside.sort(key=lambda place: not place.is_relative_to(checkouts))
    folder = outside[0] if outside else None
    # What is in a folder called src belongs to the project above it.
    return str(folder.parent if folder.name == "src" else folder) if folder else None


def _places(name: str, interpreter: _Places) -> Iterator[Path]:
    """`InstalledRepository.get_package_paths`: a .pth file named after the package."""
    for folder in interpreter.site_packages:
        for module in (name, normalize_name(name).replace("-", "_")):
            pth = (folder / module).with_suffix(".pth")
            try:
                lines = read_text(pth, "replace").splitlines()
            except OSError:
                continue
            for line in lines:
                if place := _path_in(line.strip(), folder):
                    yield place


def _path_in(line: str, folder: Path) -> Path | None:
    """The folder that a line of a .pth file adds, None for a comment or code."""
    if not line or line.startswith(("#", "import ", "import\t")):
        return None
    try:
        return Path(line) if Path(line).is_absolute() else (folder / line).resolve()
    except (OSError, ValueError, RuntimeError):  # a NUL, a loop of links
        return None


def _stamp(path: Path) -> tuple[str, int]:
    """Changes when the distribution is installed again: who did it, and when."""
    try:
        installer = read_text(path / "INSTALLER", "replace").strip()
        return installer, (path / "INSTALLER").stat().st_mtime_ns
    except OSError:
        return "", 0

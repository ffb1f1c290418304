"""Interpreters on this machine, found in the order in which Poetry finds them.

Mirrors `Python` (poetry/utils/env/python/manager.py), with the library that it uses.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hybrid_install.core.versions import allows
from hybrid_install.errors import TargetError, UsageError

# Enough to see whether any release of a minor version is allowed.
_PATCHES = 40

_PIN = re.compile(r"(?:==\s*)?[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}")


class Provision(NamedTuple):
    """A CPython that uv is to provide.

    `request` is what uv is asked for: a version or a range of them. `version` is the highest that
    this allows; it stands for the interpreter until there is one.
    """

    request: str
    version: str


def preferred_python(environ: Mapping[str, str], provided: Path | None = None) -> Path | None:
    """`Python.get_active_python`: `python` on PATH, else the first one found anywhere.

    `provided` is the folder of `poetry python install`.
    """
    if path := shutil.which("python", path=environ.get("PATH")):
        return Path(path)
    import findpython

    finder = findpython.Finder()
    finder.add_provider(_provided_by_poetry(provided))
    found = finder.find("python")
    return Path(found.executable) if found else None


def compatible_python(
    python_versions: str, environ: Mapping[str, str], provided: Path | None = None
) -> Path | None:
    """`Python.get_compatible_python`: the first one found that the project allows."""
    return _newest(
        lambda minor: bool(_allowed_patches(python_versions, minor)),
        lambda version: allows(python_versions, version),
        environ,
        provided,
    )


def requested_python(
    request: str, environ: Mapping[str, str], provided: Path | None = None
) -> Path | None:
    """The interpreter that `--python` names: a path, a command, or a version.

    None where a version is not on this machine, so that uv may provide it; a path that does not
    exist is a `TargetError`, anything else a `UsageError`.
    """
    if os.sep in request or request.startswith((".", "~")):
        # Of somebody whom this machine does not know `Path.expanduser` makes an error.
        path = Path(os.path.expanduser(request))  # noqa: PTH111
        if path.is_dir():
            path = path / "bin" / "python"
        if not path.is_file():
            raise TargetError(
                f"there is no interpreter at {request} (--python)",
                hint="name one that is there, or a version that uv may provide: --python 3.12",
            )
        return path.absolute()
    if version := requested_version(request):
        return _newest(
            lambda minor: is_version(version, minor) or is_version(minor, version),
            lambda found: is_version(found, version),
            environ,
            provided,
        )
    if command := shutil.which(request, path=environ.get("PATH")):
        return Path(command)
    raise UsageError(
        f"--python {request}: neither a version, nor a path, nor a command on PATH",
        hint="for example --python 3.12, --python 3.12.1 or --python /usr/bin/python3.12",
    )


def requested_version(request: str) -> str | None:
    """The version in `3.12`, `3.12.1` or `python3.12`, None where it is something else."""
    match = re.fullmatch(r"(?:python)?([0-9]{1,9}(?:\.[0-9]{1,9}){0,2})", request)
    return match.group(1) if match else None


def is_version(found: str, wanted: str) -> bool:
    """Whether `found` (`3.12.1`) is what `wanted` (`3`, `3.12`, `3.12.1`) asks for."""
    parts = wanted.split(".")
    return found.split(".")[: len(parts)] == parts


def newest_allowed(python_versions: str) -> Provision | None:
    """What uv is to provide: of the newest CPython minor version that the project allows.

    An exact pin (`3.14.5`) is answered as it is. None where nothing from 3.8 on is allowed.
    """
    if _PIN.fullmatch(python_versions.strip()):
        pin = python_versions.strip().removeprefix("==").strip()
        return Provision(pin, pin)
    minors = (f"3.{minor}" for minor in range(14, 7, -1))
    found = next((minor for minor in minors if _allowed_patches(python_versions, minor)), None)
    return provision(found, python_versions) if found else None


def provision(version: str, python_versions: str) -> Provision:
    """What uv is to provide for `3.12` or `3.12.1`: what the project allows of that."""
    match version.split("."):
        case [_]:
            newest = newest_allowed(python_versions)
            is_asked = newest is not None and is_version(newest.version, version)
            return newest if newest and is_asked else Provision(version, f"{version}.0.0")
        case [_, _, _]:
            return Provision(version, version)
    patches = _allowed_patches(python_versions, version)
    highest = f"{version}.{patches[-1] if patches else 0}"
    if not patches or patches[-1] == _PATCHES - 1:
        return Provision(version, highest)
    return Provision(f">={version}.{patches[0]},<={highest}", highest)


def _allowed_patches(python_versions: str, minor: str) -> list[int]:
    return [patch for patch in range(_PATCHES) if allows(python_versions, f"{minor}.{patch}")]


def _newest(
    may_fit: Callable[[str], bool],
    fits: Callable[[str], bool],
    environ: Mapping[str, str],
    provided: Path | None,
) -> Path | None:
    """The newest interpreter that fits, as `findpython.find_all` orders them.

    Each has to be started to know its version, so those whose file name tells that their minor
    version cannot fit (`python3.9`, also behind a link) are left out first.
    """
    found = (
        (tuple(python.version.release[:3]), Path(python.executable))
        for python in _candidates(environ, provided)
        if (minor := minor_by_name(Path(python.executable))) is None or may_fit(minor)
        if python.is_valid()
    )
    fitting = [each for each in found if fits(".".join(map(str, each[0])))]
    return max(fitting, default=(None, None), key=lambda each: each[0])[1]


def _candidates(environ: Mapping[str, str], provided: Path | None) -> Iterator[Any]:
    """Every interpreter that findpython's providers know, but those of the active environment.

    The shims of pyenv and asdf are left out: they are slow, and what they stand for is listed by
    providers of its own.
    """
    from findpython.providers import ALL_PROVIDERS

    active = environ.get("VIRTUAL_ENV")
    seen: set[Path] = set()
    others = (provider_type.create() for provider_type in ALL_PROVIDERS.values())
    for provider in (*others, _provided_by_poetry(provided)):
        for python in provider.find_pythons() if provider else ():
            path = Path(python.executable)
            is_active = active is not None and path.is_relative_to(active)
            is_shim = path.parent.name == "shims"
            if path.resolve() not in seen and not (is_active or is_shim):
                seen.add(path.resolve())
                yield python


def _provided_by_poetry(folder: Path | None) -> Any:
    """`PoetryPythonPathProvider` (poetry/utils/env/python/providers.py)."""
    from findpython.providers.path import PathProvider

    return PathProvider(sorted(folder.glob("**/bin")) if folder else [])


def minor_by_name(executable: Path) -> str | None:
    """`3.11` of a `python3.11`, also behind a link; None where the name does not tell."""
    match = re.fullmatch(r"python(\d+\.\d+)[a-z]*", executable.resolve().name)
    return match.group(1) if match else None

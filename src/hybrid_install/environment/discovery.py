"""Interpreters on this machine, found in the order in which Poetry finds them.

Mirrors `Python` (poetry/utils/env/python/manager.py), with the library that it uses.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from hybrid_install.core.versions import allows
from hybrid_install.errors import TargetError, UsageError


def preferred_python(environ: Mapping[str, str]) -> Path | None:
    """`Python.get_active_python`: `python` on PATH, else the first one found anywhere."""
    if path := shutil.which("python", path=environ.get("PATH")):
        return Path(path)
    import findpython

    found = findpython.find("python")
    return Path(found.executable) if found else None


def compatible_python(python_versions: str, environ: Mapping[str, str]) -> Path | None:
    """`Python.get_compatible_python`: the first one found that the project allows."""
    return next(
        (python for python, version in _all_pythons(environ) if allows(python_versions, version)),
        None,
    )


def requested_python(request: str, environ: Mapping[str, str]) -> Path | None:
    """The interpreter that `--python` names: a path, a command, or a version.

    None where a version is not on this machine, so that uv may provide it; a path that does not
    exist is a `TargetError`, anything else a `UsageError`.
    """
    if os.sep in request or request.startswith((".", "~")):
        path = Path(request).expanduser()
        if path.is_dir():
            path = path / "bin" / "python"
        if not path.is_file():
            raise TargetError(f"there is no interpreter at {request} (--python)")
        return path.absolute()
    if version := requested_version(request):
        return next(
            (path for path, found in _all_pythons(environ) if is_version(found, version)), None
        )
    if command := shutil.which(request, path=environ.get("PATH")):
        return Path(command)
    raise UsageError(
        f"--python {request}: neither a version, nor a path, nor a command on PATH",
        hint="for example --python 3.12, --python 3.12.1 or --python /usr/bin/python3.12",
    )


def requested_version(request: str) -> str | None:
    """The version in `3.12`, `3.12.1` or `python3.12`, None where it is something else."""
    match = re.fullmatch(r"(?:python)?(\d+(?:\.\d+){0,2})", request)
    return match.group(1) if match else None


def is_version(found: str, wanted: str) -> bool:
    """Whether `found` (`3.12.1`) is what `wanted` (`3`, `3.12`, `3.12.1`) asks for."""
    parts = wanted.split(".")
    return found.split(".")[: len(parts)] == parts


def newest_allowed(python_versions: str) -> str | None:
    """The newest CPython minor version that the project allows, for uv to provide.

    An exact pin (`3.14.5`) is answered as it is. None where nothing from 3.8 on is allowed.
    """
    if re.fullmatch(r"(?:==\s*)?\d+\.\d+\.\d+", python_versions.strip()):
        return python_versions.strip().removeprefix("==").strip()
    for minor in range(14, 7, -1):
        for patch in range(30):
            if allows(python_versions, f"3.{minor}.{patch}"):
                return f"3.{minor}" if patch == 0 else f"3.{minor}.{patch}"
    return None


def _all_pythons(environ: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Every interpreter with its version, but those of the active environment."""
    import findpython

    active = environ.get("VIRTUAL_ENV")
    for python in findpython.find_all():
        path = Path(python.executable)
        if active and path.is_relative_to(active):
            continue
        yield path, ".".join(map(str, python.version.release[:3]))

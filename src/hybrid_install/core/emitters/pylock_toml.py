"""The exported pylock.toml (PEP 751): for whoever reads the standard.

Unlike the one that uv is fed (core/pylock.py), its paths are relative to where it lies and it says
what it is for.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from hybrid_install.core.emitters.exported import Exported
from hybrid_install.core.markers import Environment
from hybrid_install.core.model import DirectorySource, FileSource, Index
from hybrid_install.core.pylock import PinnedFile, package_lines
from hybrid_install.core.requirements import DirectRequirement, Requirement
from hybrid_install.core.uv_config import NamedIndex, toml_string
from hybrid_install.errors import ToolError

FilesOf = Mapping[Requirement, Sequence[PinnedFile]]
"""The files of each requirement that are named in the lock file, with their urls."""

_MADE_FOR = ("implementation_name", "python_version", "sys_platform", "platform_machine")


_NAME = re.compile(r"pylock\.(?:[^.]+\.)?toml")


def is_pylock_name(name: str) -> bool:
    """Whether a file of that name is a lock file (PEP 751, file name): uv refuses all others."""
    return _NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Scope:
    """What the lock file says it is for, and where the project is from where it lies.

    `environment` is None for all environments; `requires_python` (PEP 440) is None where it cannot
    be said.
    """

    environment: Environment | None
    requires_python: str | None
    project: str = "."


def pylock_text(
    exported: Exported, files: FilesOf, indexes: Mapping[Index, NamedIndex], scope: Scope
) -> str:
    """The lock file; `ToolError` where a url would give a secret away."""
    refuse_signed(files)
    lines = [
        f"# The requirements map of poetry.lock for {exported.target}, by hybrid-install.",
        *(f"# left to Poetry: {it.name} {it.version}: {it.reason}" for it in exported.deferred),
        *(f"# provided by the environment: {it.name} {it.version}" for it in exported.provided),
        'lock-version = "1.0"',
        *_environments(scope.environment),
        *_pythons(scope.requires_python),
        'created-by = "hybrid-install"',
    ]
    for requirement in exported.requirements.requirements:
        lines += package_lines(requirement, files[requirement], indexes[requirement.index])
    for direct in exported.requirements.direct:
        lines += package_lines(_beside(direct, scope.project))
    return "\n".join(lines) + "\n"


def _environments(environment: Environment | None) -> list[str]:
    if environment is None:
        return []
    marker = " and ".join(f'{key} == "{environment[key]}"' for key in _MADE_FOR)
    return [f"environments = [{toml_string(marker)}]"]


def _pythons(requires: str | None) -> list[str]:
    return [] if requires is None else [f"requires-python = {toml_string(requires)}"]


def refuse_signed(files: FilesOf) -> None:
    """A query may be a signature: a secret, and of no use tomorrow."""
    signed = [
        f"{requirement.name} ({requirement.index.name})"
        for requirement, pinned in files.items()
        if any(urlsplit(file.url).query or "@" in urlsplit(file.url).netloc for file in pinned)
    ]
    if signed:
        raise ToolError(
            "a pylock.toml holds urls, and those of these packages hold a query or credentials:"
            f" {', '.join(signed)}",
            hint="export requirements or json, which hold no urls of files",
        )


def _beside(requirement: DirectRequirement, project: str) -> DirectRequirement:
    """The path as it is from where the lock file lies."""
    match requirement.source:
        case FileSource(path) | DirectorySource(path):
            location = posixpath.normpath(posixpath.join(project, path))
            return replace(requirement, source=replace(requirement.source, location=location))
    return requirement

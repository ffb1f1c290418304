"""The requirements map as JSON: what `export --format json` writes and `install --from` reads.

It is a project and its lock, cut down to what an installation by uv needs: no project name, no
place on disk, no time, no credentials. It is read back into the very documents that it stands for,
so that one reader (`Project`, `Lockfile`) refuses what is wrong in either.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hybrid_install.core.document import (
    Table,
    as_table,
    each,
    optional,
    refuse_control_characters,
    required,
    tables,
)
from hybrid_install.core.emitters.exported import Exported
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.markers import Environment
from hybrid_install.core.model import (
    MAIN_GROUP,
    DirectorySource,
    FileSource,
    GitSource,
    Index,
    LockedFile,
    Priority,
    UrlSource,
)
from hybrid_install.core.project import POETRY, Project
from hybrid_install.core.receipt import public_url
from hybrid_install.core.requirements import DirectRequirement, Requirement, RequirementsMap, rank
from hybrid_install.errors import InvalidDataError

VERSION = 1

ON_DISK = "it is on disk, beside the project: a map does not hold it"

_ENVIRONMENT = ("implementation_name", "python_version", "sys_platform", "platform_machine")
"""What a map for one environment is made for: with these the same, its packages are."""


@dataclass(frozen=True, slots=True)
class Left:
    """A package of the lock that is not in the map, and why."""

    name: str
    version: str
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class MapFile:
    """A map that was read: the project and the lock that it stands for.

    `environment` is None for a map of all environments.
    """

    project: Project
    lock: Lockfile
    environment: Environment | None
    left: tuple[Left, ...]

    def misfit(self, environment: Environment) -> str | None:
        """The first marker in which the target is not what the map was made for."""
        made_for = self.environment or {}
        return next((key for key in made_for if environment[key] != made_for[key]), None)


def to_json(exported: Exported, project: Project, environment: Environment | None) -> str:
    """The map's text: the same to the byte for the same packages, files and indexes.

    `environment` is the one that the map is for, None for all that the project allows.
    """
    mapped = exported.requirements
    kept = sorted((it for it in mapped.everything if not _is_on_disk(it)), key=rank)
    names = {each.name for each in kept}
    document: dict[str, Any] = {
        "version": VERSION,
        "python": _python(project, environment),
        "environment": environment and {key: environment[key] for key in _ENVIRONMENT},
        "indexes": [_index_json(index) for index in _indexes(exported.requirements, project)],
        "packages": [_package_json(each) for each in kept],
        "build-constraints": {
            name: table
            for name, table in sorted(project.build_constraints.items())
            if name in names
        },
        "deferred": [
            {"name": it.name, "version": it.version, "source": it.source, "reason": it.reason}
            for it in left_out(exported)
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _indexes(mapped: RequirementsMap, project: Project) -> list[Index]:
    """Those that packages come from, by name.

    Where anything may have to be built, all that are searched for what its build requires too, in
    their order.
    """
    used = {index for index, _ in mapped.by_index}
    if all(file.is_wheel for each in mapped.requirements for file in each.files) and not any(
        each.is_built for each in mapped.direct
    ):
        return sorted(used, key=lambda index: index.name)
    return [
        index
        for index in project.indexes
        if index in used or index.priority is not Priority.EXPLICIT
    ]


def left_out(exported: Exported) -> tuple[Left, ...]:
    """What a map does not hold of what is exported, sorted by name."""
    deferred = [Left(it.name, it.version, it.source, it.reason) for it in exported.deferred]
    on_disk = [
        Left(it.name, it.version, it.portable_line().partition(" ;")[0], ON_DISK)
        for it in exported.requirements.direct
        if _is_on_disk(it)
    ]
    return tuple(sorted([*deferred, *on_disk], key=lambda it: (it.name, it.version)))


def _is_on_disk(requirement: Requirement | DirectRequirement) -> bool:
    if isinstance(requirement, Requirement):
        return False
    return isinstance(requirement.source, FileSource | DirectorySource)


def _python(project: Project, environment: Environment | None) -> str:
    """The Pythons that the map is for, in Poetry's words."""
    return f"{environment['python_version']}.*" if environment else project.python_versions


def _index_json(index: Index) -> dict[str, Any]:
    url = index.url and public_url(index.url)
    return {"name": index.name, "url": url, "priority": index.priority.value}


def _package_json(requirement: Requirement | DirectRequirement) -> dict[str, Any]:
    package: dict[str, Any] = {"name": requirement.name, "version": requirement.version}
    if requirement.marker:
        package["marker"] = requirement.marker
    if isinstance(requirement, Requirement):
        package["index"] = requirement.index.name
    else:
        package["source"] = _source_json(requirement)
    if requirement.files:
        package["files"] = [
            {"name": file.name, "hash": str(file.hash)} for file in _sorted(requirement.files)
        ]
    return package


def _sorted(files: Iterable[LockedFile]) -> list[LockedFile]:
    return sorted(set(files), key=lambda file: (file.name, str(file.hash)))


def _source_json(requirement: DirectRequirement) -> dict[str, str]:
    """As `[package.source]` of a lock."""
    match requirement.source:
        case GitSource(url, reference, subdirectory=subdirectory, commit=commit):
            source = {
                "type": "git",
                "url": url,
                "reference": reference,
                "resolved_reference": commit,
                "subdirectory": subdirectory,
            }
        case UrlSource(url, subdirectory):
            source = {"type": "url", "url": url, "subdirectory": subdirectory}
        case _:
            raise AssertionError(requirement)
    return {key: value for key, value in source.items() if value}


def from_json(text: str) -> MapFile:
    """Read a map; `InvalidDataError` for one of another version, or for anything else."""
    try:
        document = as_table(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise InvalidDataError(f"is not valid JSON ({error})", "") from None
    version = required(document, "version", int)
    if version != VERSION:
        raise InvalidDataError(f"{version} is not known, only {VERSION} is", "version")
    return MapFile(
        project=Project.from_dict(_pyproject(document)),
        lock=Lockfile.from_dict(_lock(document)),
        environment=_environment(document),
        left=each(tables(document, "deferred"), "deferred", _left),
    )


def _environment(document: Table) -> Environment | None:
    if document.get("environment") is None:
        return None
    table = required(document, "environment", dict)
    return {key: required(table, key, str) for key in _ENVIRONMENT}


def _left(entry: Table) -> Left:
    keys = ("name", "version", "source", "reason")
    refuse_control_characters(entry, *keys)
    return Left(*(required(entry, key, str) for key in keys))


def _pyproject(document: Table) -> Table:
    """The project that it stands for: no root, one group, the map's indexes."""
    refuse_control_characters(document, "python")
    poetry = {
        "package-mode": False,
        "dependencies": {"python": required(document, "python", str)},
        "source": [_named(each) for each in tables(document, "indexes")],
        "build-constraints": optional(document, "build-constraints", dict) or {},
    }
    outer, inner = POETRY
    return {outer: {inner: poetry}}


def _named(entry: Table) -> Mapping[str, Any]:
    """The default index has no url, which JSON writes as null."""
    return {key: value for key, value in entry.items() if value is not None}


def _lock(document: Table) -> Table:
    """The lock that it stands for: all packages in one group."""
    packages = each(tables(document, "packages"), "packages", _locked)
    return {"metadata": {"lock-version": "2.1"}, "package": list(packages)}


def _locked(entry: Table) -> Table:
    index = optional(entry, "index", str)
    of_index = {"type": "legacy", "url": "", "reference": index}
    return {
        "name": required(entry, "name", str),
        "version": required(entry, "version", str),
        "groups": [MAIN_GROUP],
        "markers": optional(entry, "marker", str) or "*",
        "source": required(entry, "source", dict) if index is None else of_index,
        "files": [
            {"file": required(file, "name", str), "hash": required(file, "hash", str)}
            for file in tables(entry, "files")
        ],
    }

"""A project that stands in for ours where Poetry must leave some of the environment alone.

Poetry has no word for "not this one": it makes the environment what its lock says. So it is given a
lock that says what is wanted: every package that was selected, without groups, markers or
dependencies to think about; a provided package as it is; nothing editable that is to be a wheel.
The lock is read by `Locker._get_locked_package` and `Locker.locked_packages`
(poetry/packages/locker.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hybrid_install.core.distribution import Distribution, Origin
from hybrid_install.core.document import Table, table_at
from hybrid_install.core.freshness import content_hash
from hybrid_install.core.model import (
    MAIN_GROUP,
    DirectorySource,
    FileSource,
    GitSource,
    Index,
    LockedPackage,
    RegistrySource,
    Source,
    UrlSource,
)
from hybrid_install.core.project import POETRY

_KEPT = ("source", "build-constraints", "requires-plugins", "requires-poetry")

Document = dict[str, Any]


def stand_in_project(pyproject: Table, name: str | None) -> Document:
    """A project without dependencies and code: our name, our sources, our settings of builds."""
    own = table_at(pyproject, *POETRY)
    poetry = {key: own[key] for key in _KEPT if key in own}
    return {
        # `[project] dependencies` is what makes Poetry know a main group.
        "project": {"name": name or "stand-in", "version": "0", "dependencies": []},
        "tool": {"poetry": {"package-mode": False, **poetry}},
    }


def stand_in_lock(
    project: Document,
    selected: Iterable[tuple[LockedPackage, Index | None]],
    kept: Iterable[Distribution],
) -> Document:
    """The lock of `project`: what is selected, and what is `kept` as it was found."""
    packages = [_selected(package, index) for package, index in selected]
    packages += [
        _entry(
            each.name,
            each.version,
            _source_of(each.origin),
            each.origin is not None and each.origin.editable,
        )
        for each in kept
    ]
    return {
        "package": packages,
        "extras": {},
        "metadata": {
            "lock-version": "2.1",
            "python-versions": "*",
            "content-hash": content_hash(project),
        },
    }


def _selected(package: LockedPackage, index: Index | None) -> Document:
    files = [{"file": file.name, "hash": str(file.hash)} for file in package.files]
    source = _source(package.source, index)
    return _entry(package.name, package.version, source, package.develop, files)


def _entry(
    name: str,
    version: str,
    source: Mapping[str, str],
    develop: bool,
    files: list[dict[str, str]] | None = None,
) -> Document:
    return {
        "name": name,
        "version": version,
        "optional": False,
        "python-versions": "*",
        "groups": [str(MAIN_GROUP)],
        "files": files or [],
        "develop": develop,
        **({"source": dict(source)} if source else {}),
    }


def _source(source: Source, index: Index | None) -> dict[str, str]:
    """`[package.source]`; a path is absolute, which the lock's folder does not change."""
    match source:
        case RegistrySource(reference):
            url = (index.url if index else None) or ""
            return {"type": "legacy", "url": url, "reference": reference} if reference else {}
        case GitSource(url, reference, resolved, subdirectory):
            return _present(
                type="git",
                url=url,
                reference=reference,
                resolved_reference=resolved,
                subdirectory=subdirectory,
            )
        case UrlSource(url, subdirectory):
            return _present(type="url", url=url, subdirectory=subdirectory)
        case FileSource(location=location, subdirectory=subdirectory):
            return _present(type="file", url=location, subdirectory=subdirectory)
        case DirectorySource(location=location):
            return _present(type="directory", url=location)


def _source_of(origin: Origin | None) -> dict[str, str]:
    """The source that Poetry sees in an installed distribution; an index leaves none."""
    if origin is None:
        return {}
    return _present(
        type=origin.kind,
        url=origin.url,
        reference=origin.reference,
        resolved_reference=origin.resolved_reference,
        subdirectory=origin.subdirectory,
    )


def _present(**values: str | None) -> dict[str, str]:
    return {key: value for key, value in values.items() if value is not None}

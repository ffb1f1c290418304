"""Poetry's objects as our values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from poetry.core.packages.package import Package
from poetry.packages.transitive_package_info import TransitivePackageInfo

from hybrid_install.core.distribution import Distribution, Installed, Origin, by_name
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    DirectorySource,
    FileSource,
    GitSource,
    Hash,
    Index,
    LockedFile,
    LockedPackage,
    NormalizedName,
    RegistrySource,
    Source,
    UrlSource,
    normalize_name,
)
from hybrid_install.core.project import Project

_STRONG = Hash("sha256", "0" * 64)


def names(values: Iterable[str]) -> frozenset[NormalizedName]:
    """Normalized names."""
    return frozenset(map(normalize_name, values))


def lock_document(data: Mapping[str, Any]) -> dict[str, Any]:
    """A lock as a TOML parser gives it, from whatever a test has put in its place.

    Some tests call a file's `file` `name`, which no Poetry has ever written.
    """
    document: dict[str, Any] = data.unwrap() if hasattr(data, "unwrap") else dict(data)
    packages = [
        {**entry, "files": [_file(file) for file in entry["files"]]} if "files" in entry else entry
        for entry in document.get("package", [])
    ]
    metadata = document.get("metadata", {})
    if "files" in metadata:
        listed = {name: [_file(file) for file in of] for name, of in metadata["files"].items()}
        document["metadata"] = {**metadata, "files": listed}
    return {**document, "package": packages}


def _file(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"file": entry.get("name", ""), **entry}


def lockfile(data: Mapping[str, Any]) -> Lockfile:
    """A lock as we read it."""
    return Lockfile.from_dict(lock_document(data))


def locked_package(package: Package, info: TransitivePackageInfo | None = None) -> LockedPackage:
    """A locked package with its groups and markers, as it would be read from a lock."""
    markers = {} if info is None else info.markers
    return LockedPackage(
        name=normalize_name(package.name),
        version=package.pretty_version,
        source=source(package),
        groups=names(() if info is None else info.groups),
        markers={normalize_name(group): str(marker) for group, marker in markers.items()},
        files=(_stand_in(package),),
        optional=package.optional,
        develop=package.develop,
    )


def _stand_in(package: Package) -> LockedFile:
    """Nothing is deferred for want of a hash: which files there are is not the question here."""
    archive = (package.source_url or "").rpartition("/")[2]
    is_archive = package.source_type in {"file", "url"}
    return LockedFile(archive if is_archive else "any-1-py3-none-any.whl", _STRONG)


def source(package: Package) -> Source:
    """Where a package is from; paths as Poetry has them, not relative to a lock."""
    url, subdirectory = package.source_url or "", package.source_subdirectory
    match package.source_type:
        case None:
            return RegistrySource()
        case "legacy":
            return RegistrySource(package.source_reference)
        case "git":
            return GitSource(
                url, package.source_reference, package.source_resolved_reference, subdirectory
            )
        case "url":
            return UrlSource(url, subdirectory)
        case "file":
            return FileSource(url, subdirectory, url)
        case "directory":
            return DirectorySource(url, url)
        case unknown:
            raise AssertionError(unknown)


def installed(packages: Iterable[Package], system: Iterable[str]) -> Installed:
    """What a test has put into the environment; `system` names what its base holds."""
    of_base = names(system)
    return by_name(
        Distribution(
            normalize_name(package.name),
            package.pretty_version,
            origin=_origin(package),
            is_system=normalize_name(package.name) in of_base,
        )
        for package in packages
    )


def _origin(package: Package) -> Origin | None:
    if package.source_type in {None, "legacy"}:
        return None
    return Origin(
        kind=package.source_type or "",
        url=package.source_url or "",
        reference=package.source_reference,
        resolved_reference=package.source_resolved_reference,
        subdirectory=package.source_subdirectory,
        editable=package.develop,
    )


def project(root: Package | None, packages: Iterable[Package]) -> Project:
    """A project that has every source that `packages` name."""
    named = {package.source_reference for package in packages if package.source_type == "legacy"}
    indexes = [Index(name, "https://example.com/simple") for name in sorted(filter(None, named))]
    return Project(
        name=None if root is None else normalize_name(root.name),
        package_mode=root is not None,
        python_versions="*",
        groups=(),
        extras=frozenset(),
        indexes=(*indexes, DEFAULT_INDEX),
        build_constraints={},
    )

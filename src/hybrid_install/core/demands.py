"""What a user will not have installed: files that the lock does not pin by hash, builds.

`--require-hashes` is about what is selected, whether it is installed already or not, so that one
lock gets one answer. It follows pip and uv in which hashes count (sha256 and longer), and not in
refusing repositories and folders: a commit that is named in full pins its contents, and a folder
is of the same checkout as the lock itself. `--no-build` is about what would be installed now.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hybrid_install.core.file_choice import BinaryPolicy
from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    LockedFile,
    LockedPackage,
    RegistrySource,
    UrlSource,
)
from hybrid_install.core.plan import Action, Operation, Plan

_CHANGING = (Action.INSTALL, Action.REINSTALL, Action.DEFER)


class Breach(NamedTuple):
    """A package that a demand is about, and what of it is not as demanded."""

    name: str
    version: str
    because: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}: {self.because}"


def without_hash(plan: Plan) -> tuple[Breach, ...]:
    """The selected packages of which files would be installed that the lock pins by no hash.

    What is provided is not installed.
    """
    everything = plan.having(*_CHANGING, Action.KEEP)
    return _breaches((each, _hash_is_missing(package, each)) for each, package in _of(everything))


def pinned_otherwise(plan: Plan) -> tuple[Breach, ...]:
    """The selected packages that cannot have a hash, and what holds them instead."""
    everything = plan.having(*_CHANGING, Action.KEEP)
    return _breaches((each, _held_by(package)) for each, package in _of(everything))


def built(plan: Plan, policy: BinaryPolicy) -> tuple[Breach, ...]:
    """The packages that would be built, by uv or by Poetry, as far as the lock can tell."""
    changing = plan.having(*_CHANGING)
    return _breaches((each, _is_built(package, each, policy)) for each, package in _of(changing))


def chosen_by_poetry(plan: Plan) -> tuple[Breach, ...]:
    """What Poetry takes from an index, of which it may choose an sdist; each with its reason."""
    return _breaches(
        (each, each.reason)
        for each, package in _of(plan.having(Action.DEFER))
        if isinstance(package.source, RegistrySource)
    )


def _of(operations: Iterable[Operation]) -> Iterable[tuple[Operation, LockedPackage]]:
    return ((each, each.package) for each in operations if each.package is not None)


def _breaches(found: Iterable[tuple[Operation, str]]) -> tuple[Breach, ...]:
    return tuple(Breach(each.name, each.version, because) for each, because in found if because)


def _hash_is_missing(package: LockedPackage, operation: Operation) -> str:
    match package.source:
        case DirectorySource():
            return ""
        case GitSource() as source:
            return "" if source.commit else "the lock does not name its commit in full"
        case RegistrySource() if package.files and not operation.files:
            return ""  # No file fits: Poetry says so, and installs nothing.
    if not operation.files:
        return "the lock holds no hash for it"
    return _weakness(operation.files[0])


def _weakness(file: LockedFile) -> str:
    return "" if file.hash.is_strong else f"the lock holds but a {file.hash.algorithm} hash for it"


def _held_by(package: LockedPackage) -> str:
    match package.source:
        case GitSource(commit=str() as commit):
            return f"git commit {commit[:12]}"
        case DirectorySource(path):
            return f"folder {path}"
    return ""


def _is_built(package: LockedPackage, operation: Operation, policy: BinaryPolicy) -> str:
    match package.source:
        case GitSource():
            return "it is a git dependency"
        case DirectorySource(path):
            return f"it is a project on disk, {path}"
        case UrlSource(url):
            archive = url.partition("#")[0].partition("?")[0]
            return "" if archive.endswith(".whl") else "the archive behind its url is no wheel"
        case FileSource(path):
            return "" if path.endswith(".whl") else f"{path} is no wheel"
    return _is_built_from_index(operation, policy)


def _is_built_from_index(operation: Operation, policy: BinaryPolicy) -> str:
    if not policy.allows_wheels(operation.name):
        return "installer.no-binary forbids its wheels"
    if not operation.files or operation.files[0].is_wheel:
        return ""
    return f"the lock has no wheel of it that fits, but {operation.files[0].name}"

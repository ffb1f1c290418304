"""`Locker` (poetry/packages/locker.py): what a lock says, and whether it is fresh."""

from __future__ import annotations

import tomllib
from typing import Any

from poetry.core.packages.package import Package
from poetry.packages.locker import Locker
from poetry.packages.transitive_package_info import TransitivePackageInfo
from support.poetry_in_process import fresh_marker, picks_of_ours, picks_of_poetry
from upstream.comparison import Answer, IncomparableError
from upstream.conversion import lockfile

from hybrid_install.core import freshness
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.errors import HybridInstallError, LockfileError


def content_hash(
    answer: Answer, locker: Locker, *, with_dependency_groups: bool = True
) -> tuple[object, object]:
    """The hash of the pyproject.toml that the test has given."""
    ours = freshness.content_hash(
        locker._pyproject_data, with_dependency_groups=with_dependency_groups
    )
    return ours, answer.expect_value()


def is_fresh(answer: Answer, locker: Locker) -> tuple[object, object]:
    """Whether a lock on disk belongs to it."""
    text = locker.lock.read_text(encoding="utf-8")
    document = tomllib.loads(text)
    if "lock-version" not in document.get("metadata", {}):
        raise IncomparableError("a lock without a lock-version is refused before")
    lock = Lockfile.from_dict(document, first_line=text.partition("\n")[0])
    return freshness.is_fresh(lock, locker._pyproject_data), answer.expect_value()


def refusal(answer: Answer, locker: Locker) -> tuple[object, object]:
    """Whether a lock can be read at all: the first line of the refusal."""
    if not locker.lock.exists():
        raise IncomparableError("there is no lock")
    try:
        document = tomllib.loads(locker.lock.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError:
        return "unreadable", "unreadable" if "Unable to read" in str(answer.error) else "read"
    try:
        ours = f"read, newer than known: {lockfile(document).is_newer_than_known}"
    except LockfileError as error:
        ours = error.message
    except HybridInstallError as error:
        if answer.error is None:
            raise IncomparableError(
                f"Poetry fails later on what we refuse: {error.message}"
            ) from None
        ours = error.message
    return ours, _refusal_of_poetry(answer, document)


def _refusal_of_poetry(answer: Answer, document: dict[str, Any]) -> str:
    if answer.error is not None:
        return str(answer.error).partition("\n")[0]
    version = tuple(int(part) for part in document["metadata"]["lock-version"].split("."))
    return f"read, newer than known: {version > (2, 1)}"


def contents(answer: Answer, locker: Locker) -> tuple[object, object]:
    """Every package of a lock of version 2.1: its source, groups and markers."""
    theirs: dict[Package, TransitivePackageInfo] = answer.expect_value()
    folder = locker.lock.parent
    ours = [
        (*picks_of_ours([package], folder), _of_ours(package.markers, package.groups))
        for package in lockfile(locker.lock_data).packages
    ]
    of_poetry = [
        (*picks_of_poetry([package]), _of_poetry(info)) for package, info in theirs.items()
    ]
    return sorted(ours, key=str), sorted(of_poetry, key=str)


def _of_ours(markers: Any, groups: Any) -> list[tuple[str, str]]:
    return sorted((group, str(fresh_marker(markers.get(group, "*")))) for group in groups)


def _of_poetry(info: TransitivePackageInfo) -> list[tuple[str, str]]:
    return sorted((group, str(info.markers[group])) for group in info.groups)

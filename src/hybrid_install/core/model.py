"""The nouns: what a lock holds, where it comes from, and where files are looked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, NewType

NormalizedName = NewType("NormalizedName", str)

_SEPARATORS = re.compile(r"[-_.]+")
_HEX = re.compile(r"[0-9A-Fa-f]+")

MAIN_GROUP = NormalizedName("main")


def normalize_name(name: str) -> NormalizedName:
    """PEP 503: case and runs of `-`, `_`, `.` carry no meaning."""
    return NormalizedName(_SEPARATORS.sub("-", name).lower())


class Hash(NamedTuple):
    """`algorithm:hexdigest`; a bare digest, as the oldest locks hold it, is sha256.

    A tuple, as `LockedFile` is: a lock has thousands, and dataclasses take twice as long.
    """

    algorithm: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> Hash:
        """Read `sha256:…`. Nothing is checked: an odd algorithm is a reason to defer later."""
        algorithm, colon, digest = text.partition(":")
        return cls(algorithm, digest) if colon else cls("sha256", algorithm)

    @property
    def is_strong(self) -> bool:
        """Whether uv accepts it for verification."""
        is_hex = _HEX.fullmatch(self.digest) is not None
        return is_hex and self.algorithm in {"sha256", "sha384", "sha512"}

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.digest}"


class LockedFile(NamedTuple):
    """One file of a locked package: its name and hash. A lock never holds the url."""

    name: str
    hash: Hash

    @property
    def is_wheel(self) -> bool:
        """Whether the file is a wheel by its name (PEP 427)."""
        return self.name.endswith(".whl")


@dataclass(frozen=True, slots=True)
class RegistrySource:
    """An index. `reference` is the source's name in pyproject, None where the lock names none."""

    reference: str | None = None


@dataclass(frozen=True, slots=True)
class GitSource:
    """A repository at a commit."""

    url: str
    reference: str | None
    resolved_reference: str | None
    subdirectory: str | None

    @property
    def commit(self) -> str | None:
        """The commit in full, None where the lock does not name it.

        The oldest locks name it as the reference.
        """
        found = self.resolved_reference or self.reference or ""
        return found if re.fullmatch(r"[0-9a-f]{40}", found) else None


@dataclass(frozen=True, slots=True)
class UrlSource:
    """An archive behind a url."""

    url: str
    subdirectory: str | None


@dataclass(frozen=True, slots=True)
class FileSource:
    """An archive on disk; `path` is POSIX and relative to the lock's folder.

    `location` is that path, absolute and through links (`Locker._get_locked_package`); empty
    where nobody has looked at the disk yet.
    """

    path: str
    subdirectory: str | None
    location: str = ""


@dataclass(frozen=True, slots=True)
class DirectorySource:
    """A project on disk; `path` and `location` as of a `FileSource`."""

    path: str
    location: str = ""


DirectSource = GitSource | UrlSource | FileSource | DirectorySource
Source = RegistrySource | DirectSource


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """One `[[package]]`. `(name, version, source)` identifies it; the name alone does not.

    `version` is the lock's string, verbatim. `markers` maps a group to its marker string and is
    empty for a group without one; it is already transitive. Before lock version 2.1 there are
    neither groups nor markers.

    `python_versions`, `dependencies` and `extras` are raw: only the walk (core/walk.py) reads them.
    """

    name: NormalizedName
    version: str
    source: Source
    groups: frozenset[NormalizedName]
    markers: dict[NormalizedName, str]
    files: tuple[LockedFile, ...]
    optional: bool = False
    develop: bool = False
    python_versions: str = "*"
    dependencies: Mapping[str, Any] = field(default_factory=dict, repr=False)
    extras: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def pin(self) -> str:
        """`name (version)`, as Poetry prints it."""
        return f"{self.name} ({self.version})"


class Priority(Enum):
    """The priorities of a `[[tool.poetry.source]]`. They matter for locking, not for files."""

    PRIMARY = "primary"
    SUPPLEMENTAL = "supplemental"
    EXPLICIT = "explicit"


class Index(NamedTuple):
    """Where uv looks for files: a source of pyproject. `url` is None for the default index."""

    name: str
    url: str | None
    priority: Priority = Priority.PRIMARY

    @property
    def is_default(self) -> bool:
        """Whether this is the index that uv and Poetry use when told nothing."""
        return self.url is None


DEFAULT_INDEX = Index("PyPI", None)

"""Which of a locked package's files Poetry would install.

Mirrors `Chooser` (poetry/installation/chooser.py) and `PackageFilterPolicy`
(poetry/config/config.py): what the policies and the target's tags (PEP 425) allow, best first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from hybrid_install.core.model import (
    FileSource,
    Hash,
    LockedFile,
    LockedPackage,
    NormalizedName,
    RegistrySource,
    UrlSource,
)

Tags = Mapping[str, int]
"""The rank of each tag that a target supports (`cp311-cp311-linux_x86_64`), 0 for the best."""

# poetry/utils/patterns.py
_WHEEL = re.compile(
    r".+?-\d[^-]*(?:-(?P<build>\d[^-]*))?-(?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl"
)

# `Link.is_sdist` (poetry/core/packages/utils/link.py): what a policy about sdists is about.
_SDISTS = (".tar.gz", ".tar.bz2", ".zip")

_NEVER_INSTALLED = (".egg", ".exe", ".msi", ".rpm", ".srpm")


class BinaryPolicy(NamedTuple):
    """`installer.no-binary` and `installer.only-binary`: names, `:all:` or `:none:`."""

    no_binary: frozenset[str] = frozenset()
    only_binary: frozenset[str] = frozenset()

    def allows_wheels(self, name: NormalizedName) -> bool:
        """A name beats `:all:` of the other policy."""
        return not _is_refused(name, self.no_binary, self.only_binary)

    def allows_sdists(self, name: NormalizedName) -> bool:
        """As `allows_wheels`, the other way round."""
        return not _is_refused(name, self.only_binary, self.no_binary)


def _is_refused(name: str, policy: frozenset[str], other: frozenset[str]) -> bool:
    return name in policy or (":all:" in policy and name not in other)


def candidates(
    package: LockedPackage, tags: Tags | None, policy: BinaryPolicy
) -> tuple[LockedFile, ...]:
    """The locked files of an index package that fit the target, best first.

    With unknown `tags` every wheel fits, in the lock's order.
    """
    allowed = [file for file in package.files if _is_allowed(package.name, file, policy)]
    if tags is None:
        return tuple(sorted(allowed, key=lambda file: not file.is_wheel))
    fitting = [(rank, file) for file in allowed if (rank := _rank(file, tags)) is not None]
    return tuple(file for _, file in sorted(fitting, key=lambda each: each[0], reverse=True))


def has_candidate(package: LockedPackage, tags: Tags) -> bool:
    """Whether any locked file fits; not which, for which all have to be looked at."""
    policy = BinaryPolicy()
    return any(
        _is_allowed(package.name, file, policy) and _rank(file, tags) is not None
        for file in package.files
    )


def files_of(
    package: LockedPackage, tags: Tags | None, policy: BinaryPolicy
) -> tuple[LockedFile, ...]:
    """The `candidates` of an index package; the archive of a url or file, whatever fits.

    `Executor._validate_archive_hash` (poetry/installation/executor.py): an archive's hash is the
    one that the lock has for its file name.
    """
    match package.source:
        case RegistrySource():
            return candidates(package, tags, policy)
        case UrlSource(url):
            archive = unquote(urlsplit(url).path).rpartition("/")[2]
        case FileSource(path):
            archive = path.rpartition("/")[2]
        case _:
            return ()
    named = (file for file in package.files if file.name == archive)
    return tuple(sorted(named, key=lambda file: _hash_rank(file.hash)))


# `get_highest_priority_hash_type` (poetry/utils/helpers.py), as far as uv knows them.
_STRONGEST = ("sha512", "sha384", "sha256")


def _hash_rank(locked: Hash) -> int:
    return _STRONGEST.index(locked.algorithm) if locked.is_strong else len(_STRONGEST)


def is_foreign(file: LockedFile, tags: Tags | None) -> bool:
    """Whether it is a wheel for another target, as far as the tags are known."""
    return file.is_wheel and tags is not None and _rank(file, tags) is None


def _is_allowed(name: NormalizedName, file: LockedFile, policy: BinaryPolicy) -> bool:
    if file.is_wheel:
        return policy.allows_wheels(name)
    if file.name.endswith(_NEVER_INSTALLED):
        return False
    return policy.allows_sdists(name) or not file.name.endswith(_SDISTS)


Rank = tuple[tuple[int, str] | tuple[()], int]


def _rank(file: LockedFile, tags: Tags) -> Rank | None:
    """`Chooser._sort_key` without what is the same for all; None for a wheel that does not fit.

    The build tag counts before the tags, whose case does not matter (`packaging.tags.Tag`), and
    an sdist ranks below every wheel.
    """
    if not file.is_wheel:
        return (), -len(tags)
    best = _RANKS.for_target(tags)[_end(file.name)]
    if best is None:
        return None
    match = _WHEEL.fullmatch(file.name)
    return (_build_tag(match["build"]), -best) if match else None


def _end(wheel: str) -> str:
    """The three compressed tag sets of a wheel's name (PEP 425): what most wheels share."""
    return "-".join(wheel[: -len(".whl")].rsplit("-", 3)[1:])


class _RanksByEnd(dict[str, int | None]):
    """The best rank of the tags that an `_end` stands for; None where a target has none of them.

    Of the target that was asked for last: a run has one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tags: Tags = {}

    def for_target(self, tags: Tags) -> _RanksByEnd:
        """Itself, forgetful where it is another target."""
        if tags is not self.tags:
            self.clear()
            self.tags = tags
        return self

    def __missing__(self, end: str) -> int | None:
        triples = product(*(part.split(".") for part in end.lower().split("-")))
        ranks = [self.tags[tag] for triple in triples if (tag := "-".join(triple)) in self.tags]
        best = self[end] = min(ranks, default=None)
        return best


_RANKS = _RanksByEnd()


def _build_tag(text: str | None) -> tuple[int, str] | tuple[()]:
    if text is None:
        return ()
    digits = re.match(r"\d+", text)
    number = digits.group() if digits else ""
    return int(number), text[len(number) :]


def rank_of_tags(file: LockedFile, tags: Tags) -> int | None:
    """How well a wheel's tags fit, 0 for the best, whatever its build tag; None for no fit."""
    rank = _rank(file, tags) if file.is_wheel else None
    return -rank[1] if rank else None


def is_undecided(files: tuple[LockedFile, ...], tags: Tags | None) -> bool:
    """Whether the two best files are equally good, so that the index's order decides."""
    return len(files) > 1 and tags is not None and _rank(files[0], tags) == _rank(files[1], tags)

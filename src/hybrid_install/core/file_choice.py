"""Which of a locked package's files Poetry would install.

Mirrors `Chooser` (poetry/installation/chooser.py) and `PackageFilterPolicy`
(poetry/config/config.py): what the policies and the target's tags (PEP 425) allow, best first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from operator import itemgetter
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
    allowed = _allowed(package, policy)
    if tags is None:
        return tuple(sorted(allowed, key=lambda file: not file.is_wheel))
    fitting = [(rank, file) for file in allowed if (rank := _rank(file, tags)) is not None]
    fitting.sort(key=itemgetter(0), reverse=True)
    return tuple(file for _, file in fitting)


def has_candidate(package: LockedPackage, tags: Tags) -> bool:
    """Whether any locked file fits; not which, for which all have to be looked at."""
    return any(_rank(file, tags) is not None for file in _allowed(package, BinaryPolicy()))


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


def _allowed(package: LockedPackage, policy: BinaryPolicy) -> Iterator[LockedFile]:
    wheels, sdists = policy.allows_wheels(package.name), policy.allows_sdists(package.name)
    never = _NEVER_INSTALLED if sdists else (*_NEVER_INSTALLED, *_SDISTS)
    for file in package.files:
        if wheels if file.is_wheel else not file.name.endswith(never):
            yield file


_BuildTag = tuple[int, str, str] | tuple[()]
Rank = tuple[_BuildTag, int]


def _rank(file: LockedFile, tags: Tags) -> Rank | None:
    """`Chooser._sort_key` without what is the same for all; None for a wheel that does not fit.

    The build tag counts before the tags, whose case does not matter (`packaging.tags.Tag`), and
    an sdist ranks below every wheel.
    """
    if not file.is_wheel:
        return (), -len(tags)
    ranks = _RANKS.for_target(tags)
    if end := _plain_end(file.name):
        return ranks[end]
    match = _WHEEL.fullmatch(file.name)
    rank = ranks[f"{match['python']}-{match['abi']}-{match['platform']}"] if match else None
    return (_build_tag(match["build"]), rank[1]) if match and rank else None


def _plain_end(wheel: str) -> str | None:
    """The compressed tag sets (PEP 425) of a name without a build tag, as most are.

    None where only `_WHEEL` tells what is what.
    """
    parts = wheel[: -len(".whl")].split("-", 2)
    is_plain = wheel.count("-") == 4 and "" not in parts and parts[1][0].isdecimal()  # noqa: PLR2004
    return parts[2] if is_plain else None


class _RanksByEnd(dict[str, Rank | None]):
    """The best rank of the tags that the three compressed sets at a wheel's end stand for.

    None where a target has none of them. Of the target that was asked for last: a run has one.
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

    def __missing__(self, end: str) -> Rank | None:
        triples = product(*(part.split(".") for part in end.lower().split("-")))
        ranks = [self.tags[tag] for triple in triples if (tag := "-".join(triple)) in self.tags]
        best = self[end] = ((), -min(ranks)) if ranks else None
        return best


_RANKS = _RanksByEnd()


def _build_tag(text: str | None) -> _BuildTag:
    """To sort by its number, of which Python would not read thousands of digits, and its rest."""
    if text is None:
        return ()
    rest = text.lstrip("0123456789")
    number = text.removesuffix(rest).lstrip("0")
    return len(number), number, rest


def rank_of_tags(file: LockedFile, tags: Tags) -> int | None:
    """How well a wheel's tags fit, 0 for the best, whatever its build tag; None for no fit."""
    rank = _rank(file, tags) if file.is_wheel else None
    return -rank[1] if rank else None


def is_undecided(files: tuple[LockedFile, ...], tags: Tags | None) -> bool:
    """Whether the two best files are equally good, so that the index's order decides."""
    return len(files) > 1 and tags is not None and _rank(files[0], tags) == _rank(files[1], tags)

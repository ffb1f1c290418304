"""`Chooser.choose_for` (poetry/installation/chooser.py): which file of a package is installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

from poetry.console.exceptions import PoetryRuntimeError
from poetry.core.packages.package import Package
from poetry.core.packages.utils.link import Link
from poetry.installation.chooser import Chooser
from upstream.comparison import Answer, IncomparableError
from upstream.conversion import source

from hybrid_install.core.contest import Contest
from hybrid_install.core.deferral import Deferral
from hybrid_install.core.file_choice import BinaryPolicy, Tags, candidates
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    Hash,
    LockedFile,
    LockedPackage,
    normalize_name,
)
from hybrid_install.core.pylock import OfferedFile, PinnedFile
from hybrid_install.core.requirements import Requirement


def file_choice(answer: Answer, chooser: Chooser, package: Package) -> tuple[str, str]:
    """Our choice among the files that the test's index offers; a lock would hold just these."""
    if answer.error is not None and not isinstance(answer.error, PoetryRuntimeError):
        raise IncomparableError(f"Poetry raises {type(answer.error).__name__}")
    tags = {str(tag): rank for rank, tag in enumerate(chooser._env.supported_tags)}
    links = list(_locked_links(chooser, package))
    locked = LockedPackage(
        name=normalize_name(package.name),
        version=package.pretty_version,
        source=source(package),
        groups=frozenset(),
        markers={},
        files=tuple(LockedFile(link.filename, _hash_of(link)) for link in links),
    )
    files = candidates(locked, tags, _policy(chooser))
    requirement = Requirement(locked.name, locked.version, DEFAULT_INDEX, files)
    verdict = _verdict(requirement, {link.filename: link for link in links}, tags)
    if verdict is Deferral.EQUAL_FILES:
        raise IncomparableError("two files are equally good: the index's order decides")
    theirs = answer.value.filename if answer.error is None else "none"
    return verdict.name if isinstance(verdict, PinnedFile) else "none", theirs


def _verdict(
    requirement: Requirement, links: Mapping[str, Link], tags: Tags
) -> PinnedFile | Deferral | None:
    """Our choice where whatever we ask of the index is answered."""
    offer = tuple(
        OfferedFile(f"https://x.invalid/{name}", (_hash_of(links[name]),)) for name in links
    )
    # What uv would take by itself is not known here: all has to be asked.
    contest = replace(Contest.begin(requirement, offer, tags, is_yanked=False), yanked={})
    while file := contest.question:
        contest = contest.knowing(is_yanked=bool(links[file.name].yanked))
    return contest.verdict


def _hash_of(link: Link) -> Hash:
    """One of its own: the links that are asked about are all locked."""
    return Hash("sha256", sha256(link.filename.encode()).hexdigest())


def _locked_links(chooser: Chooser, package: Package) -> Iterator[Link]:
    """What the index offers of what is locked; all of it where the test has locked nothing."""
    locked = {file["hash"] for file in package.files}
    links = list(chooser._get_repository(package).find_links_for_package(package))
    for link in links:
        if locked and not link.hashes.keys() & {text.partition(":")[0] for text in locked}:
            raise IncomparableError("the index offers no hash: Poetry downloads to compute it")
        offered = {f"{algorithm}:{digest}" for algorithm, digest in link.hashes.items()}
        if not locked or locked & offered:
            yield link


def _policy(chooser: Chooser) -> BinaryPolicy:
    return BinaryPolicy(
        frozenset(chooser._no_binary_policy.packages),
        frozenset(chooser._only_binary_policy.packages),
    )

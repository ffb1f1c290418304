"""`Chooser.choose_for` (poetry/installation/chooser.py): which file of a package is installed."""

from __future__ import annotations

from collections.abc import Iterator

from poetry.console.exceptions import PoetryRuntimeError
from poetry.core.packages.package import Package
from poetry.core.packages.utils.link import Link
from poetry.installation.chooser import Chooser
from upstream.comparison import Answer, IncomparableError
from upstream.conversion import source

from hybrid_install.core.file_choice import BinaryPolicy, candidates, is_undecided
from hybrid_install.core.model import Hash, LockedFile, LockedPackage, normalize_name


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
        files=tuple(LockedFile(link.filename, Hash("sha256", "0" * 64)) for link in links),
    )
    found = candidates(locked, tags, _policy(chooser))
    if is_undecided(found, tags):
        raise IncomparableError("two files are equally good: the index's order decides")
    theirs = answer.value.filename if answer.error is None else "none"
    return found[0].name if found else "none", theirs


def _locked_links(chooser: Chooser, package: Package) -> Iterator[Link]:
    """What the index offers of what is locked; all of it where the test has locked nothing."""
    locked = {file["hash"] for file in package.files}
    links = list(chooser._get_repository(package).find_links_for_package(package))
    if len({link.yanked for link in links}) > 1:
        raise IncomparableError("some files are yanked: the lock does not say which")
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

"""What is installed, as values; reading it from disk is `environment.installed`'s part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from hybrid_install.core.git_urls import git_url
from hybrid_install.core.model import (
    DirectorySource,
    DirectSource,
    FileSource,
    GitSource,
    LockedPackage,
    NormalizedName,
    RegistrySource,
    UrlSource,
)
from hybrid_install.core.redaction import without_credentials

BY_UV = "uv"
"""What uv writes into INSTALLER."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a distribution came from other than an index, as Poetry reads it.

    `kind` is `file`, `directory`, `url`, the name of a version control system, or empty where it
    is unknown. `url` is a path for a file and a directory. Mirrors
    `InstalledRepository._create_package_from_pep610` (poetry/repositories/installed_repository.py).
    """

    kind: str
    url: str
    reference: str | None = None
    resolved_reference: str | None = None
    subdirectory: str | None = None
    editable: bool = False

    @property
    def text(self) -> str:
        """For people, without credentials."""
        commit = self.resolved_reference or self.reference
        at = f"@{commit}" if commit else ""
        below = f"#subdirectory={self.subdirectory}" if self.subdirectory else ""
        editable = " (editable)" if self.editable else ""
        return f"{self.kind} {without_credentials(self.url)}{at}{below}{editable}".lstrip()

    def is_of(self, source: DirectSource, *, develop: bool) -> bool:
        """Whether Poetry would leave the distribution alone.

        `PackageSpecification.is_same_source_as` (poetry-core), and the comparison of `develop` in
        `Transaction.calculate_operations`.
        """
        expected = origin_of(source, develop=develop)
        if (self.kind, self.url) != (expected.kind, expected.url):
            return False
        if (self.subdirectory or None) != (expected.subdirectory or None):
            return False
        if expected.kind in {"git", "directory"} and self.editable != develop:
            return False
        return self._has_reference_of(expected)

    def _has_reference_of(self, expected: Origin) -> bool:
        """The same commit, whatever led there; a branch that has moved is another reference."""
        commits = {self.resolved_reference, expected.resolved_reference}
        if len(commits) == 1 and all(commits):
            return True
        ours, theirs = self.reference or "", expected.reference or ""
        if not ours and not theirs:
            return True
        is_same = ours.startswith(theirs) or theirs.startswith(ours)
        return bool(ours and theirs) and is_same and not all(commits)


def origin_of(source: DirectSource, *, develop: bool) -> Origin:
    """The origin of a distribution that Poetry has installed from `source`."""
    match source:
        case GitSource(url, reference, resolved, subdirectory):
            return Origin("git", git_url(url), reference, resolved, subdirectory, develop)
        case UrlSource(url, subdirectory):
            return Origin("url", url, subdirectory=subdirectory)
        case FileSource(location=location, subdirectory=subdirectory):
            return Origin("file", location, subdirectory=subdirectory)
        case DirectorySource(location=location):
            return Origin("directory", location, editable=develop)


def locked_origin(package: LockedPackage) -> Origin | None:
    """The origin of a locked package, None for one from an index."""
    if isinstance(package.source, RegistrySource):
        return None
    return origin_of(package.source, develop=package.develop)


def is_from(package: LockedPackage, origin: Origin | None) -> bool:
    """Whether an installed distribution's origin is the locked one; an index leaves none."""
    if isinstance(package.source, RegistrySource) or origin is None:
        return origin is None and isinstance(package.source, RegistrySource)
    return origin.is_of(package.source, develop=package.develop)


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution.

    `origin` is None where it came from an index. `is_whole` is False where an installer was cut
    off: it then lacks one of INSTALLER, METADATA and RECORD. `has_checkout` marks one that Poetry
    takes for a git dependency, because a folder of its name is left in the environment's `src`.
    `is_legacy` marks an .egg-info in the environment's library, made by distutils or an old
    setuptools. `hides` are the versions of its name that are installed beside it.
    `stamp` changes when it is installed again: who did it, and when. `path` is its .dist-info or
    .egg-info.
    """

    name: NormalizedName
    version: str
    origin: Origin | None = None
    is_whole: bool = True
    is_system: bool = False
    has_checkout: bool = False
    is_legacy: bool = False
    hides: tuple[str, ...] = ()
    stamp: tuple[str, int] = ("", 0)
    path: str = field(default="", compare=False)


Installed = Mapping[NormalizedName, Distribution]


def changed(
    before: Iterable[Distribution], after: Iterable[Distribution]
) -> tuple[NormalizedName, ...]:
    """Names that were added, removed or installed again between two looks, sorted.

    Every distribution counts, also one that another of its name hides.
    """
    differing = Counter(before)
    differing.subtract(Counter(after))
    return tuple(sorted({each.name for each, count in differing.items() if count}))


def by_name(distributions: Iterable[Distribution]) -> Installed:
    """The first distribution of each name, as the interpreter finds them on its path."""
    installed: dict[NormalizedName, Distribution] = {}
    for each in distributions:
        first = installed.setdefault(each.name, each)
        if first is not each and not (first.is_system or each.is_system):
            installed[each.name] = replace(
                first,
                hides=(*first.hides, each.version),
                is_legacy=first.is_legacy or each.is_legacy,
            )
    return installed

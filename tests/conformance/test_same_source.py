"""Whether what is installed is what is locked, for everything that is not from an index."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from poetry.core.packages.package import Package

from hybrid_install.core.distribution import Origin
from hybrid_install.core.model import DirectorySource, FileSource, GitSource, UrlSource

pytestmark = pytest.mark.conformance

_URLS = ("https://example.com/a.git", "https://example.com/b.git")
_REFERENCES = (None, "main", "HEAD", "0123", "0123456789abcdef")
_COMMITS = (None, "0123456789abcdef", "fedcba9876543210")


@pytest.mark.parametrize("develop", [False, True])
def test_references_of_repositories(develop: bool, tally: Counter[str]) -> None:
    """A branch that has moved is another source, and a commit the same by whatever name."""
    sides = list(product(_URLS, _REFERENCES, _COMMITS, (None, "sub")))
    packages = {side: _package("git", *side) for side in sides}
    for installed, locked in product(sides, sides):
        origin = Origin("git", *installed, editable=develop)
        theirs = packages[installed].is_same_package_as(packages[locked])
        tally["origins"] += 1
        assert origin.is_of(GitSource(*locked), develop=develop) is theirs, (installed, locked)
        tally["origins equal"] += 1


@pytest.mark.parametrize("installed", ["url", "file", "directory"])
@pytest.mark.parametrize("subdirectories", list(product([None, "", "sub"], repeat=2)))
def test_kinds_of_sources(
    installed: str, subdirectories: tuple[str | None, str | None], tally: Counter[str]
) -> None:
    ours, locked = subdirectories
    for source in (
        UrlSource("/there", locked),
        FileSource("there", locked, "/there"),
        DirectorySource("there", "/there"),
    ):
        kind = type(source).__name__.removesuffix("Source").lower()
        expected = locked if kind != "directory" else None
        theirs = _package(installed, "/there", subdirectory=ours).is_same_package_as(
            _package(kind, "/there", subdirectory=expected)
        )
        origin = Origin(installed, "/there", subdirectory=ours)
        tally["origins"] += 1
        assert origin.is_of(source, develop=False) is theirs
        tally["origins equal"] += 1


def _package(
    kind: str,
    url: str,
    reference: str | None = None,
    commit: str | None = None,
    subdirectory: str | None = None,
) -> Package:
    return Package(
        "a",
        "1.0",
        source_type=kind,
        source_url=url,
        source_reference=reference,
        source_resolved_reference=commit,
        source_subdirectory=subdirectory,
    )

"""What changed between two looks at an environment, and whether an origin is the locked one."""

from __future__ import annotations

import pytest
from support.fakes import distribution

from hybrid_install.core.distribution import Distribution, Origin, by_name, changed, origin_of
from hybrid_install.core.model import (
    DirectorySource,
    DirectSource,
    FileSource,
    GitSource,
    UrlSource,
)

A = distribution("a", stamp=("uv", 1))


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ([], [], ()),
        ([A], [A], ()),
        ([], [A], ("a",)),
        ([A], [], ("a",)),
        ([A], [distribution("a", "2.0", stamp=("uv", 1))], ("a",)),
        ([A], [distribution("a", stamp=("uv", 2))], ("a",)),
        ([A], [distribution("a", stamp=("poetry", 1))], ("a",)),
        ([A], [distribution("c"), distribution("b")], ("a", "b", "c")),
        ([A], [A, distribution("a", "0.9")], ("a",)),
        ([A, distribution("b")], [distribution("b"), A], ()),
    ],
)
def test_what_was_added_removed_or_installed_again(
    before: list[Distribution], after: list[Distribution], names: tuple[str, ...]
) -> None:
    assert changed(before, after) == names


def test_the_first_of_a_name_is_the_one_that_is_imported() -> None:
    found = by_name([distribution("a", "1.0"), distribution("b"), distribution("a", "2.0")])
    assert {name: each.version for name, each in found.items()} == {"a": "1.0", "b": "1.0"}
    assert {name: each.hides for name, each in found.items()} == {"a": ("2.0",), "b": ()}


def test_what_the_system_has_is_hidden_by_right() -> None:
    ours, systems = distribution("a"), distribution("a", "2.0", is_system=True)
    for pair in ([ours, systems], [systems, ours]):
        assert by_name(pair) == {"a": pair[0]}


COMMIT, OTHER = "0123456789abcdef0123456789abcdef01234567", "f" * 40
HTTPS = "https://x.invalid/a"


def git(commit: str | None = COMMIT, reference: str | None = "main") -> GitSource:
    return GitSource(HTTPS, reference, commit, None)


def origin(commit: str | None, reference: str | None, subdirectory: str | None = None) -> Origin:
    return Origin("git", HTTPS, reference, commit, subdirectory)


@pytest.mark.parametrize("develop", [True, False])
@pytest.mark.parametrize(
    "source",
    [
        git(),
        GitSource("git@x.invalid:o/a.git", None, COMMIT, "sub"),
        UrlSource("https://x.invalid/a.whl#sha256=00", None),
        UrlSource("https://x.invalid/a.zip", "sub"),
        FileSource("../a.zip", "sub", "/src/a.zip"),
        DirectorySource("../a", "/src/a"),
    ],
)
def test_what_was_installed_from_a_source_is_of_it(source: DirectSource, develop: bool) -> None:
    found = origin_of(source, develop=develop)
    assert found.is_of(source, develop=develop)
    is_project = isinstance(source, GitSource | DirectorySource)
    assert found.is_of(source, develop=not develop) is not is_project


@pytest.mark.parametrize(
    ("found", "source", "same"),
    [
        # The commit decides; whoever names it may name a branch, a tag or the commit itself.
        (origin(COMMIT, "main"), git(), True),
        (origin(COMMIT, COMMIT), git(), True),
        (origin(COMMIT, None), git(), True),
        (origin(OTHER, "other"), git(), False),
        (origin(None, COMMIT[:7]), git(COMMIT, COMMIT), True),
        (origin(None, COMMIT), git(None, COMMIT[:7]), True),
        (origin(None, None), git(None, "main"), False),
        (origin(None, "main"), git(None, None), False),
        (origin(None, None), git(None, None), True),
        (origin(None, ""), git(None, None), True),
        (origin(COMMIT, "main", "sub"), git(), False),
        (origin(COMMIT, "main", ""), git(), True),
        (Origin("hg", HTTPS, "main", COMMIT), git(), False),
        (Origin("git", f"{HTTPS}.git", "main", COMMIT), git(), False),
        (Origin("url", HTTPS), UrlSource(f"{HTTPS}#sha256=00", None), False),
        (Origin("url", HTTPS), UrlSource(HTTPS, "sub"), False),
        (Origin("file", "/src/a"), DirectorySource("../a", "/src/a"), False),
        (Origin("directory", "/src/a"), DirectorySource("../a", "/src/b"), False),
        (Origin("", "an unreadable direct_url.json"), DirectorySource("../a", "/src/a"), False),
    ],
)
def test_whether_an_origin_is_the_locked_one(
    found: Origin, source: DirectSource, same: bool
) -> None:
    assert found.is_of(source, develop=False) is same

"""Which of a package's files is installed, and when that is not ours to say."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations

import pytest
from support.fakes import digest, locked, sdist, wheel

from hybrid_install.core.file_choice import (
    BinaryPolicy,
    candidates,
    files_of,
    is_undecided,
    rank_of_tags,
)
from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    Hash,
    LockedFile,
    Source,
    UrlSource,
    normalize_name,
)

TAGS = {"cp311-cp311-linux": 0, "cp311-abi3-linux": 1, "py3-none-linux": 2, "py3-none-any": 3}
ANYTHING = BinaryPolicy()
A = normalize_name("a")


def policy(no_binary: str = "", only_binary: str = "") -> BinaryPolicy:
    return BinaryPolicy(frozenset(no_binary.split()), frozenset(only_binary.split()))


def named(*names: str) -> list[LockedFile]:
    return [LockedFile(name, Hash("sha256", digest(name))) for name in names]


def ordered(files: Iterable[LockedFile], allowed: BinaryPolicy = ANYTHING) -> list[str]:
    """The suffixes of the candidates, best first, whatever order the lock has them in."""
    (answer,) = {
        tuple(file.name for file in candidates(locked("a", files=turned), TAGS, allowed))
        for turned in permutations(files)
    }
    return [name.removeprefix("a-1.0") for name in answer]


def test_tags_rank_wheels_whatever_their_build_tag() -> None:
    names = ("a-1.0-py3-none-any.whl", "a-1.0-7-py3-none-linux.any.whl", "a-1.0-py2-none-any.whl")
    ranks = [rank_of_tags(file, TAGS) for file in [*named(*names), sdist("a")]]
    assert ranks == [3, 2, None, None]


def test_the_best_tag_comes_first_and_an_sdist_last() -> None:
    files = [wheel("a", tag=tag) for tag in TAGS]
    assert ordered([sdist("a"), *files]) == [*(f"-{tag}.whl" for tag in TAGS), ".tar.gz"]


def test_what_does_not_fit_is_no_candidate() -> None:
    foreign = [wheel("a", tag=tag) for tag in ("cp311-cp311-win32", "py2-none-any")]
    assert ordered([*foreign, wheel("a")]) == ["-py3-none-any.whl"]
    assert ordered(foreign) == []


def test_a_build_tag_counts_before_the_tags() -> None:
    names = [
        *("a-1.0-10-py3-none-any.whl", "a-1.0-2b-py3-none-any.whl", "a-1.0-2a-py3-none-any.whl"),
        *("a-1.0-2-py3-none-any.whl", "a-1.0-cp311-cp311-linux.whl", "a-1.0.zip"),
    ]
    assert ordered(named(*names)) == [name.removeprefix("a-1.0") for name in names]


def test_a_build_tag_may_have_any_number_of_digits() -> None:
    """Python reads no number of thousands of them."""
    many = "9" * 5000
    builds = ("1" + many, many + "b", many, "0" * 5000 + "12", "010", "9", "00")
    names = [f"a-1.0-{build}-py3-none-any.whl" for build in builds]
    assert ordered(named(*names[::-1])) == [name.removeprefix("a-1.0") for name in names]


def test_the_best_of_a_compressed_set_of_tags_counts() -> None:
    several = "a-1.0-py2.py3-none-any.linux.win32.whl"
    assert ordered(named("a-1.0-py3-none-any.whl", several)) == [
        *("-py2.py3-none-any.linux.win32.whl", "-py3-none-any.whl")
    ]


def test_the_case_of_tags_does_not_matter() -> None:
    assert ordered(named("a-1.0-CP311-cp311-Linux.whl")) == ["-CP311-cp311-Linux.whl"]


@pytest.mark.parametrize(
    "name",
    [
        *("a.whl", "a-1.0.whl", "a-1.0-any.whl", "a-1.0-none-any.whl", "a-one-py3-none-any.whl"),
        *("a-1.0-x1-py3-none-any.whl", "-1.0-py3-none-any.whl", "a-1.0-py3-none-any-more.whl"),
        *(".whl", "a-1.0--none-any.whl"),
    ],
)
def test_a_wheel_of_an_odd_name_is_no_candidate(name: str) -> None:
    assert ordered(named(name)) == []


@pytest.mark.parametrize("suffix", [".egg", ".exe", ".msi", ".rpm", ".srpm"])
def test_what_poetry_never_installs_is_no_candidate(suffix: str) -> None:
    assert ordered([sdist("a", suffix=suffix), sdist("a")]) == [".tar.gz"]


@pytest.mark.parametrize(
    ("no_binary", "only_binary", "wheels", "sdists"),
    [
        ("", "", True, True),
        ("a", "", False, True),
        ("b", "", True, True),
        (":all:", "", False, True),
        (":none:", ":none:", True, True),
        (":none: a", "", False, True),
        ("", "a", True, False),
        ("", ":all:", True, False),
        # A name beats `:all:` of the other policy.
        (":all:", "a", True, False),
        ("a", ":all:", False, True),
        (":all:", "b", False, True),
        ("a", "a", False, False),
        (":all:", ":all:", False, False),
    ],
)
def test_policies(no_binary: str, only_binary: str, wheels: bool, sdists: bool) -> None:
    found = policy(no_binary, only_binary)
    assert (found.allows_wheels(A), found.allows_sdists(A)) == (wheels, sdists)
    expected = [*(["-py3-none-any.whl"] if wheels else []), *([".tar.gz"] if sdists else [])]
    assert ordered([sdist("a"), wheel("a")], found) == expected


@pytest.mark.parametrize("suffix", [".tar.xz", ".tar.Z", ".tar", ".tgz"])
def test_what_poetry_does_not_call_an_sdist_is_under_no_policy(suffix: str) -> None:
    assert ordered([sdist("a", suffix=suffix)], policy(only_binary=":all:")) == [suffix]


def test_for_every_target_all_wheels_come_first_in_the_lock_s_order() -> None:
    files = [sdist("a"), wheel("a", tag="x-y-z"), wheel("a"), sdist("a", suffix=".zip")]
    found = candidates(locked("a", files=files), None, ANYTHING)
    assert list(found) == [files[1], files[2], files[0], files[3]]
    assert not is_undecided(found, None)


@pytest.mark.parametrize(
    ("files", "undecided"),
    [
        ([], False),
        ([sdist("a")], False),
        ([wheel("a"), sdist("a")], False),
        ([sdist("a"), sdist("a", suffix=".zip")], True),
        (named("a-1.0-py3-none-any.whl", "A-1.0-py3-none-any.whl"), True),
        (named("a-1.0-1-py3-none-any.whl", "a-1.0-01-py3-none-any.whl"), True),
        (named("a-1.0-1-py3-none-any.whl", "a-1.0-py3-none-any.whl"), False),
        # Only the best two matter.
        ([wheel("a"), sdist("a"), sdist("a", suffix=".zip")], False),
    ],
)
def test_what_only_the_index_s_order_decides(files: list[LockedFile], undecided: bool) -> None:
    assert is_undecided(candidates(locked("a", files=files), TAGS, ANYTHING), TAGS) is undecided


WHEEL = wheel("a", tag="x-y-z")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (UrlSource(f"https://x.invalid/p/{WHEEL.name}", None), [WHEEL]),
        (UrlSource(f"https://x.invalid/p/{WHEEL.name}?sig=1#sha256=00", None), [WHEEL]),
        (UrlSource("https://x.invalid/a%2D1.0-x-y-z.whl", None), [WHEEL]),
        (UrlSource("https://x.invalid/other.whl", None), []),
        (FileSource(f"../w/{WHEEL.name}", None), [WHEEL]),
        (FileSource(WHEEL.name, None), [WHEEL]),
        (FileSource("../w/other.whl", None), []),
        (GitSource("https://x.invalid/a", "main", None, None), []),
        (DirectorySource(f"../{WHEEL.name}"), []),
    ],
)
def test_an_archive_is_its_own_file_whatever_fits(source: Source, found: list[LockedFile]) -> None:
    package = locked("a", source=source, files=[sdist("a"), WHEEL])
    assert list(files_of(package, TAGS, policy(":all:", ":all:"))) == found


@pytest.mark.parametrize("order", [*permutations(("md5", "sha256", "sha384", "sha512"))])
def test_the_strongest_of_several_hashes_of_an_archive_comes_first(order: tuple[str, ...]) -> None:
    """`Executor._validate_archive_hash` looks at that one alone, wherever the lock has it."""
    files = [LockedFile(WHEEL.name, Hash(algorithm, "00")) for algorithm in order]
    found = files_of(locked("a", source=FileSource(WHEEL.name, None), files=files), TAGS, ANYTHING)
    assert [file.hash.algorithm for file in found] == ["sha512", "sha384", "sha256", "md5"]


def test_the_strong_hash_of_an_archive_comes_first() -> None:
    weak = LockedFile(WHEEL.name, Hash("md5", "00"))
    package = locked("a", source=FileSource(WHEEL.name, None), files=[weak, WHEEL])
    assert files_of(package, TAGS, ANYTHING) == (WHEEL, weak)

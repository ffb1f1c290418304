"""Every reason for which a package is Poetry's, and that nothing else is one."""

from __future__ import annotations

import pytest
from support.fakes import locked, sdist, wheel

from hybrid_install.core.deferral import (
    BuildPolicy,
    Deferral,
    Handover,
    deferral,
    usable_files,
)
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    DirectorySource,
    FileSource,
    GitSource,
    Hash,
    Index,
    LockedFile,
    LockedPackage,
    UrlSource,
    normalize_name,
)

NOTHING = BuildPolicy()
INDEX = Index("My_Index", "https://example.invalid/simple")


def with_hash(algorithm: str, digest: str) -> LockedPackage:
    return locked("a", files=[LockedFile(wheel("a").name, Hash(algorithm, digest))])


def with_files(*suffixes: str) -> LockedPackage:
    return locked("a", files=[sdist("a", suffix=suffix) for suffix in suffixes])


def single_page(url: str) -> Index:
    return Index("page", url)


CASES: list[tuple[Deferral | None, LockedPackage, Index | None, BuildPolicy]] = [
    (Deferral.GIT, locked("a", source=GitSource("x", None, None, None)), None, NOTHING),
    (Deferral.URL, locked("a", source=UrlSource("x", None)), None, NOTHING),
    (Deferral.FILE, locked("a", source=FileSource("x", None)), None, NOTHING),
    (Deferral.DIRECTORY, locked("a", source=DirectorySource("x")), None, NOTHING),
    (Deferral.SINGLE_PAGE, locked("a"), single_page("https://x.invalid/p.html"), NOTHING),
    (Deferral.SINGLE_PAGE, locked("a"), single_page("https://x.invalid/p.htm"), NOTHING),
    (None, locked("a"), single_page("https://x.invalid/html"), NOTHING),
    (
        Deferral.CERTIFICATES,
        locked("a"),
        INDEX,
        BuildPolicy(with_certificates=frozenset({"my-index"})),
    ),
    (None, locked("a"), INDEX, BuildPolicy(with_certificates=frozenset({"other"}))),
    (Deferral.NO_HASHES, locked("a", files=[]), INDEX, NOTHING),
    (Deferral.WEAK_HASH, with_hash("md5", "00"), INDEX, NOTHING),
    (Deferral.WEAK_HASH, with_hash("sha1", "00"), INDEX, NOTHING),
    (Deferral.WEAK_HASH, with_hash("", "00"), INDEX, NOTHING),
    (Deferral.WEAK_HASH, with_hash("sha256", ""), INDEX, NOTHING),
    (Deferral.WEAK_HASH, with_hash("sha256", "00\nevil===1.0"), INDEX, NOTHING),
    (None, with_hash("sha384", "00"), INDEX, NOTHING),
    (None, with_hash("sha512", "AB"), INDEX, NOTHING),
    (Deferral.FILE_FORMAT, with_files(".tar.bz2"), INDEX, NOTHING),
    (Deferral.FILE_FORMAT, with_files(".tar.xz", ".tar.gz"), INDEX, NOTHING),
    (Deferral.FILE_FORMAT, with_files(".egg"), INDEX, NOTHING),
    (Deferral.FILE_FORMAT, with_files(".exe", ".rpm"), INDEX, NOTHING),
    (None, with_files(".tar.gz"), INDEX, NOTHING),
    (None, with_files(".zip"), INDEX, NOTHING),
    (None, with_files(".tar.gz", ".egg", ".exe", ".msi", ".rpm", ".srpm"), INDEX, NOTHING),
    (None, locked("a", files=[wheel("a"), sdist("a", suffix=".tar.bz2")]), INDEX, NOTHING),
    (
        Deferral.FILE_FORMAT,
        locked("a", files=[wheel("a", tag="cp311-cp311-win32"), sdist("a", suffix=".tgz")]),
        INDEX,
        NOTHING,
    ),
    (
        Deferral.BINARY_POLICY,
        locked("a"),
        INDEX,
        BuildPolicy(binary_policy_for=frozenset({"a"})),
    ),
    (
        Deferral.BINARY_POLICY,
        locked("a"),
        INDEX,
        BuildPolicy(binary_policy_for=frozenset({":all:"})),
    ),
    (None, locked("a"), INDEX, BuildPolicy(binary_policy_for=frozenset({"b"}))),
    (
        Deferral.BUILD_SETTINGS,
        locked("a"),
        INDEX,
        BuildPolicy(build_settings_for=frozenset({normalize_name("a")})),
    ),
    (
        None,
        locked("a"),
        INDEX,
        BuildPolicy(build_settings_for=frozenset({normalize_name("b")})),
    ),
    (None, locked("a"), DEFAULT_INDEX, NOTHING),
]


@pytest.mark.parametrize(("reason", "package", "index", "policy"), CASES)
def test_why_uv_cannot_install_it(
    reason: Deferral | None, package: LockedPackage, index: Index | None, policy: BuildPolicy
) -> None:
    assert deferral(package, index, policy) is reason


def test_the_table_above_has_every_reason_that_a_package_alone_can_have() -> None:
    """The others are seen in the plan: beside other packages, or beside what is installed."""
    in_the_plan = {Deferral.SEVERAL_VERSIONS, Deferral.CHECKOUT, Deferral.OWN_INTERPRETER}
    assert {reason for reason, *_ in CASES} == {*Deferral, None} - in_the_plan


def test_a_hash_that_uv_never_needs_is_no_reason() -> None:
    """Only the usable files' hashes are given to uv."""
    egg = LockedFile("a-1.0.egg", Hash("md5", "00"))
    assert deferral(locked("a", files=[wheel("a"), egg]), INDEX, NOTHING) is None


def test_one_weak_hash_among_strong_ones_is_a_reason() -> None:
    weak = LockedFile(sdist("a").name, Hash("md5", "00"))
    assert deferral(locked("a", files=[wheel("a"), weak]), INDEX, NOTHING) is Deferral.WEAK_HASH


def test_the_files_that_both_poetry_and_uv_accept() -> None:
    suffixes = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".egg")
    files = [wheel("a"), *(sdist("a", suffix=suffix) for suffix in suffixes)]
    names = [file.name for file in usable_files(locked("a", files=files))]
    assert names == ["a-1.0-py3-none-any.whl", "a-1.0.tar.gz", "a-1.0.zip"]


@pytest.mark.parametrize("reason", [*Deferral, *Handover], ids=lambda reason: reason.name)
def test_every_reason_is_the_end_of_a_sentence(reason: Deferral | Handover) -> None:
    """`a 1.0 is Poetry's: <reason>`, `The whole run is Poetry's: <reason>.`"""
    assert len(reason.value.split()) > 3
    assert not reason.value.endswith(".")

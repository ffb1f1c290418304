"""Every reason for which a package is Poetry's, and that nothing else is one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.fakes import locked, sdist, wheel

from hybrid_install.core.deferral import (
    Ambiguity,
    BuildPolicy,
    Deferral,
    Handover,
    deferral,
    usable_files,
)
from hybrid_install.core.file_choice import BinaryPolicy, files_of
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
NO_GIT = BuildPolicy(has_git=False)
INDEX = Index("My_Index", "https://example.invalid/simple")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TAGS = {"cp311-cp311-linux_x86_64": 0, "py3-none-any": 1}


def with_hash(algorithm: str, digest: str) -> LockedPackage:
    return locked("a", files=[LockedFile(wheel("a").name, Hash(algorithm, digest))])


def with_files(*suffixes: str) -> LockedPackage:
    return locked("a", files=[sdist("a", suffix=suffix) for suffix in suffixes])


def git(url: str, commit: str | None = COMMIT, *, develop: bool = False) -> LockedPackage:
    package = locked("a", source=GitSource(url, "main", commit, None), files=[])
    return replace(package, develop=develop)


def archive(url: str, *files: LockedFile) -> LockedPackage:
    return locked("a", source=UrlSource(url, None), files=files or [wheel("a")])


def file(path: str, *files: LockedFile) -> LockedPackage:
    return locked("a", source=FileSource(path, None), files=files or [wheel("a")])


def folder(*, develop: bool = False) -> LockedPackage:
    return replace(locked("a", source=DirectorySource("../a"), files=[]), develop=develop)


def odd_constraints(name: str) -> BuildPolicy:
    return BuildPolicy(odd_constraints=frozenset({normalize_name(name)}))


def without(*, wheels: bool = False, sdists: bool = False) -> BuildPolicy:
    names = frozenset({"a"})
    return BuildPolicy(
        BinaryPolicy(names if wheels else frozenset(), names if sdists else frozenset())
    )


HTTPS = "https://x.invalid/a.git"
URL = f"https://x.invalid/p/{wheel('a').name}"
WINDOWS = wheel("a", tag="cp311-cp311-win32")

CASES: list[tuple[Deferral | None, LockedPackage, Index | None, BuildPolicy]] = [
    (Deferral.GIT_DEVELOP, git(HTTPS, develop=True), None, NOTHING),
    (Deferral.GIT_REFERENCE, git(HTTPS, None), None, NOTHING),
    (Deferral.GIT_REFERENCE, git(HTTPS, ""), None, NOTHING),
    (Deferral.GIT_REFERENCE, git(HTTPS, "main"), None, NOTHING),
    (Deferral.GIT_REFERENCE, git(HTTPS, COMMIT[:7]), None, NOTHING),
    (Deferral.GIT_REFERENCE, git(HTTPS, COMMIT.upper()), None, NOTHING),
    (Deferral.GIT_REFERENCE, git(HTTPS, f"{COMMIT}\n"), None, NOTHING),
    (Deferral.GIT_SCHEME, git("http://x.invalid/a.git"), None, NOTHING),
    (Deferral.GIT_SCHEME, git("git://x.invalid/a.git"), None, NOTHING),
    (Deferral.GIT_SCHEME, git("../a"), None, NOTHING),
    (Deferral.GIT_SCHEME, git(""), None, NOTHING),
    (Deferral.URL_CREDENTIALS, git("https://me:secret@x.invalid/a.git"), None, NOTHING),
    (Deferral.URL_CREDENTIALS, git("https://token@x.invalid/a.git"), None, NOTHING),
    (Deferral.GIT_CREDENTIALS, git(HTTPS), None, BuildPolicy(git_urls=frozenset({HTTPS}))),
    (None, git(HTTPS), None, BuildPolicy(git_urls=frozenset({"https://x.invalid"}))),
    (Deferral.NO_GIT, git(HTTPS), None, NO_GIT),
    (
        Deferral.FOREIGN_CREDENTIALS,
        archive("https://x.invalid:1/a.whl"),
        None,
        BuildPolicy(hosts=frozenset({"x.invalid:1"})),
    ),
    (
        None,
        archive(f"https://x.invalid/{wheel('a').name}"),
        None,
        BuildPolicy(hosts=frozenset({"x.invalid:1"})),
    ),
    (
        Deferral.RESTLESS,
        locked("a", source=UrlSource("https://x.invalid/a.zip", "b")),
        None,
        NOTHING,
    ),
    (Deferral.RESTLESS, locked("a", source=FileSource("a.zip", "b", "/a.zip")), None, NOTHING),
    (Deferral.RESTLESS, locked("a", source=DirectorySource("a", "/100%25/a")), None, NOTHING),
    (None, git(HTTPS), None, NOTHING),
    (None, git("git@x.invalid:o/a.git"), None, NOTHING),
    (None, git("ssh://git@x.invalid/o/a.git"), None, NOTHING),
    (Deferral.URL_CREDENTIALS, git("ssh://git:secret@x.invalid/o/a.git"), None, NOTHING),
    (None, git("file:///src/a"), None, NOTHING),
    (Deferral.BUILD_CONSTRAINTS, git(HTTPS), None, odd_constraints("a")),
    (None, git(HTTPS), None, odd_constraints("b")),
    (
        Deferral.URL_CREDENTIALS,
        archive(f"https://me:secret@x.invalid/{wheel('a').name}"),
        None,
        NOTHING,
    ),
    (Deferral.NO_HASHES, archive("https://x.invalid/other.whl"), None, NOTHING),
    (
        Deferral.FILE_FORMAT,
        archive("https://x.invalid/a-1.0.tgz", sdist("a", suffix=".tgz")),
        None,
        NOTHING,
    ),
    (
        Deferral.WEAK_HASH,
        archive(URL, LockedFile(wheel("a").name, Hash("md5", "00"))),
        None,
        NOTHING,
    ),
    (
        Deferral.BUILD_CONSTRAINTS,
        archive("https://x.invalid/a-1.0.zip", sdist("a", suffix=".zip")),
        None,
        odd_constraints("a"),
    ),
    (None, archive(URL), None, odd_constraints("a")),
    (None, archive(f"{URL}?token=t#sha256=00"), None, NOTHING),
    (
        Deferral.FOREIGN_WHEEL,
        archive("https://x.invalid/" + WINDOWS.name, WINDOWS),
        None,
        without(wheels=True),
    ),
    (Deferral.NO_HASHES, file("../other.whl"), None, NOTHING),
    (Deferral.FILE_FORMAT, file("a-1.0.tar.bz2", sdist("a", suffix=".tar.bz2")), None, NOTHING),
    (None, file(f"../{wheel('a').name}"), None, NOTHING),
    (None, folder(), None, NOTHING),
    (None, folder(develop=True), None, NO_GIT),
    (Deferral.BUILD_CONSTRAINTS, folder(), None, odd_constraints("a")),
    (Deferral.CLIENT_CERTIFICATE, locked("a"), INDEX, BuildPolicy(refused=frozenset({"My_Index"}))),
    (None, locked("a"), INDEX, BuildPolicy(refused=frozenset({"other"}))),
    (None, locked("a"), Index("page", "https://x.invalid/p.html"), NOTHING),
    (Deferral.NO_HASHES, locked("a", files=[]), INDEX, NOTHING),
    (Deferral.WEAK_HASH, with_hash("md5", "00"), INDEX, NOTHING),
    (Deferral.WEAK_HASH, with_hash("sha1", "00"), INDEX, NOTHING),
    (Deferral.WEAK_HASH, with_hash("", "00"), INDEX, NOTHING),
    (Deferral.WEAK_HASH, with_hash("sha256", ""), INDEX, NOTHING),
    (Deferral.WEAK_HASH, with_hash("sha256", "00\nevil===1.0"), INDEX, NOTHING),
    (None, with_hash("sha384", "00"), INDEX, NOTHING),
    (None, with_hash("sha512", "AB"), INDEX, NOTHING),
    (Deferral.FILE_FORMAT, with_files(".tar.bz2"), INDEX, NOTHING),
    (Deferral.FILE_FORMAT, with_files(".tgz"), INDEX, NOTHING),
    (Deferral.NO_FILE, with_files(".egg"), INDEX, NOTHING),
    (Deferral.NO_FILE, with_files(".exe", ".rpm"), INDEX, NOTHING),
    (Deferral.NO_FILE, locked("a", files=[WINDOWS]), INDEX, NOTHING),
    (Deferral.NO_FILE, locked("a"), INDEX, without(wheels=True)),
    (Deferral.NO_FILE, with_files(".tar.gz"), INDEX, without(sdists=True)),
    (None, locked("a"), INDEX, without(sdists=True)),
    (Deferral.EQUAL_FILES, with_files(".tar.gz", ".zip"), INDEX, NOTHING),
    (Deferral.EQUAL_FILES, with_files(".tar.xz", ".tar.gz"), INDEX, NOTHING),
    (None, with_files(".tar.gz"), INDEX, NOTHING),
    (None, with_files(".zip"), INDEX, NOTHING),
    (None, with_files(".tar.gz", ".egg", ".exe", ".msi", ".rpm", ".srpm"), INDEX, NOTHING),
    (None, locked("a", files=[wheel("a"), sdist("a", suffix=".tar.bz2")]), INDEX, NOTHING),
    (
        Deferral.FILE_FORMAT,
        locked("a", files=[WINDOWS, sdist("a", suffix=".tgz")]),
        INDEX,
        NOTHING,
    ),
    (Deferral.BUILD_CONSTRAINTS, with_files(".zip"), INDEX, odd_constraints("a")),
    (None, locked("a"), INDEX, odd_constraints("a")),
    (None, locked("a"), DEFAULT_INDEX, NOTHING),
]


@pytest.mark.parametrize(("reason", "package", "index", "policy"), CASES)
def test_why_uv_cannot_install_it(
    reason: Deferral | None, package: LockedPackage, index: Index | None, policy: BuildPolicy
) -> None:
    assert why(package, index, policy) is reason


def why(package: LockedPackage, index: Index | None, policy: BuildPolicy) -> Deferral | None:
    files = files_of(package, TAGS, policy.binary)
    return deferral(package, index, files, policy, TAGS)


def test_the_table_above_has_every_reason_that_a_package_alone_can_have() -> None:
    """The others are seen in the plan: beside other packages, or beside what is installed.

    One is seen on the index alone (`core/contest.py`).
    """
    in_the_plan = {
        Deferral.SEVERAL_VERSIONS,
        Deferral.BUILT_VERSION,
        Deferral.CHECKOUT,
        Deferral.LEGACY,
        Deferral.OWN_INTERPRETER,
        Deferral.YANKED_FILES,
    }
    assert {reason for reason, *_ in CASES} == {*Deferral, None} - in_the_plan


def test_a_hash_that_uv_never_needs_is_no_reason() -> None:
    """Neither that of a file that nobody installs nor that of a worse file."""
    egg = LockedFile("a-1.0.egg", Hash("md5", "00"))
    weak = LockedFile(sdist("a").name, Hash("md5", "00"))
    assert why(locked("a", files=[egg, weak, wheel("a")]), INDEX, NOTHING) is None


def test_without_tags_nothing_is_undecided() -> None:
    """For `export` to every platform all files count."""
    package = with_files(".tar.gz", ".zip")
    assert deferral(package, INDEX, package.files, NOTHING, None) is None


def test_the_strongest_hash_of_an_archive_counts() -> None:
    weak = LockedFile(wheel("a").name, Hash("md5", "00"))
    assert why(archive(URL, weak, wheel("a")), None, NOTHING) is None


def test_the_files_that_both_poetry_and_uv_accept() -> None:
    suffixes = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".egg")
    weak = LockedFile("a-1.0-py2-none-any.whl", Hash("md5", "00"))
    files = (wheel("a"), weak, *(sdist("a", suffix=suffix) for suffix in suffixes))
    names = [file.name for file in usable_files(files)]
    assert names == ["a-1.0-py3-none-any.whl", "a-1.0.tar.gz", "a-1.0.zip"]


@pytest.mark.parametrize("reason", [*Deferral, *Handover], ids=lambda reason: reason.name)
def test_every_reason_is_the_end_of_a_sentence(reason: Deferral | Handover) -> None:
    """`a 1.0 is Poetry's: <reason>`, `The whole run is Poetry's: <reason>.`"""
    assert len(reason.value.split()) > 3
    assert not reason.value.endswith(".")


def test_an_ambiguity_is_the_end_of_a_sentence_too() -> None:
    assert Ambiguity("a is locked twice").value.endswith("selects: a is locked twice")

"""What uv is asked for urls, what of its answer is believed, and what it is told to install."""

from __future__ import annotations

import tomllib
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import digest, requirement, sdist, wheel

from hybrid_install.core.git_urls import git_url
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    DirectorySource,
    DirectSource,
    FileSource,
    GitSource,
    Hash,
    Index,
    LockedFile,
    UrlSource,
    normalize_name,
)
from hybrid_install.core.pylock import (
    Offer,
    OfferedFile,
    PinnedFile,
    locked_files,
    pylock,
    read_offers,
    synthetic_project,
)
from hybrid_install.core.requirements import DirectRequirement, Requirement
from hybrid_install.core.uv_config import NamedIndex
from hybrid_install.errors import InvalidDataError, ToolError

PRIVATE = Index("private", "https://private.invalid/simple")
NAMED = {
    DEFAULT_INDEX: NamedIndex("hi0", "https://default.invalid/simple/"),
    PRIVATE: NamedIndex("hi1", "https://private.invalid/simple"),
    Index("unused", "https://unused.invalid"): NamedIndex("hi2", "https://unused.invalid"),
}
WHEEL, SDIST = wheel("a"), sdist("a")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def offered(file: LockedFile, *hashes: Hash, size: int | None = None) -> OfferedFile:
    return OfferedFile(f"https://files.invalid/{file.name}", hashes, size)


def pinned(file: LockedFile, size: int | None = None) -> PinnedFile:
    return PinnedFile(file.name, f"https://files.invalid/{file.name}", file.hash, size)


A = requirement("a", files=[WHEEL, SDIST])


def test_the_question_asks_each_index_for_its_own_pins() -> None:
    asked = [requirement("a"), requirement("b", "2.0+cpu", PRIVATE)]
    assert tomllib.loads(synthetic_project(asked, NAMED, "==3.11.7")) == {
        "project": {
            "name": "hybrid-install-asks-for-urls",
            "version": "0",
            "requires-python": "==3.11.7",
            "dependencies": ["a===1.0", "b===2.0+cpu"],
        },
        "tool": {
            "uv": {
                "package": False,
                "sources": {"a": {"index": "hi0"}, "b": {"index": "hi1"}},
                "index": [
                    {"name": "hi0", "url": "https://default.invalid/simple/", "explicit": True},
                    {"name": "hi1", "url": "https://private.invalid/simple", "explicit": True},
                ],
            }
        },
    }


def test_an_index_that_is_not_needed_is_not_named() -> None:
    document = tomllib.loads(synthetic_project([requirement("a", index=PRIVATE)], NAMED, "3.11.7"))
    assert [index["name"] for index in document["tool"]["uv"]["index"]] == ["hi1"]


def test_offers_are_read_from_wheels_and_sdist() -> None:
    document = {
        "packages": [
            {
                "name": "A.b",
                "wheels": [
                    {"url": "https://x.invalid/w.whl", "hashes": {"sha256": "00"}, "size": 5},
                    {"url": "https://x.invalid/v.whl"},
                ],
                "sdist": {"url": "https://x.invalid/s.zip", "hashes": {"sha256": "1", "md5": "2"}},
            },
            {"name": "empty"},
        ]
    }
    assert read_offers(document) == {
        "a-b": (
            OfferedFile("https://x.invalid/w.whl", (Hash("sha256", "00"),), 5),
            OfferedFile("https://x.invalid/v.whl", ()),
            OfferedFile("https://x.invalid/s.zip", (Hash("sha256", "1"), Hash("md5", "2"))),
        ),
        "empty": (),
    }


@pytest.mark.parametrize(
    ("package", "place"),
    [
        ({}, "packages"),
        ({"name": "a", "wheels": [{}]}, "url"),
        ({"name": "a", "wheels": [{"url": 5}]}, "url"),
        ({"name": "a", "sdist": "https://x.invalid"}, "sdist"),
        ({"name": "a", "wheels": [{"url": "https://x.invalid/\x8e"}]}, "url"),
        ({"name": "a", "wheels": [{"url": "u", "hashes": {"sha256": "\x1b[2J"}}]}, "hashes"),
    ],
)
def test_an_answer_of_another_shape_is_an_error_that_names_the_place(
    package: dict[str, Any], place: str
) -> None:
    with pytest.raises(InvalidDataError, match=place if package else "name") as error:
        read_offers({"packages": [package]})
    assert str(error.value).startswith("the pylock.toml that uv has compiled: ")


def test_a_file_is_known_by_the_last_segment_of_its_url() -> None:
    file = OfferedFile("https://x.invalid/p/a-1.0%2Bcpu-py3-none-any.whl?sig=b.zip#sha256=0", ())
    assert file.name == "a-1.0+cpu-py3-none-any.whl"


@pytest.mark.parametrize("name", ["a.whl", "a.WHL", "a.whl.zip", "a.zip"])
def test_a_pinned_file_is_a_wheel_by_its_name(name: str) -> None:
    assert PinnedFile(name, "u", WHEEL.hash, None).is_wheel is name.endswith(".whl")


def best(requirement: Requirement, offer: Offer) -> PinnedFile | None:
    """The first of the files."""
    return next(iter(locked_files(requirement, offer)), None)


def test_a_file_whose_hash_is_locked_is_chosen() -> None:
    assert best(A, (offered(WHEEL, WHEEL.hash, size=7),)) == pinned(WHEEL, 7)


def test_a_file_whose_hash_is_locked_is_chosen_under_any_name() -> None:
    """What it is, is known by the lock's name for it."""
    renamed = OfferedFile("https://files.invalid/other", (WHEEL.hash,))
    assert best(A, (renamed,)) == PinnedFile(WHEEL.name, renamed.url, WHEEL.hash, None)


def test_the_locked_one_of_several_offered_hashes_is_demanded() -> None:
    other = Hash("sha512", digest("other"))
    assert best(A, (offered(WHEEL, other, WHEEL.hash),)) == pinned(WHEEL)


def test_where_the_index_states_no_hash_the_locked_one_of_that_name_is_demanded() -> None:
    assert best(A, (offered(WHEEL),)) == pinned(WHEEL)


def test_where_the_index_states_another_algorithm_the_locked_hash_is_demanded() -> None:
    assert best(A, (offered(WHEEL, Hash("md5", "00")),)) == pinned(WHEEL)


def test_a_file_of_another_name_without_a_hash_is_not_believed() -> None:
    assert best(A, (offered(wheel("a", tag="cp311-cp311-any")),)) is None


def test_files_that_are_not_locked_are_left_out() -> None:
    later = wheel("a", tag="cp311-cp311-linux_x86_64")
    offer = (offered(later, later.hash), offered(SDIST, SDIST.hash))
    assert best(A, offer) == pinned(SDIST)


def test_the_requirement_s_order_counts_and_not_the_index_s() -> None:
    """Which of them suits the target has been said before."""
    second = wheel("a", tag="cp311-cp311-linux_x86_64")
    both = requirement("a", files=[second, WHEEL, SDIST])
    offer = tuple(offered(file, file.hash) for file in (SDIST, WHEEL, second))
    assert best(both, offer) == pinned(second)
    assert best(both, offer[:2]) == pinned(WHEEL)
    assert best(both, offer[:1]) == pinned(SDIST)


def test_all_that_is_locked_and_offered_is_known() -> None:
    offer = (offered(SDIST, SDIST.hash), offered(wheel("b")), offered(WHEEL))
    assert locked_files(A, offer) == (pinned(WHEEL), pinned(SDIST))


def test_nothing_offered_is_nothing_chosen() -> None:
    assert best(A, ()) is None


def test_a_locked_name_with_other_contents_is_refused_by_package_file_and_index() -> None:
    wrong = Hash("sha256", digest("something else"))
    with pytest.raises(ToolError) as refusal:
        best(requirement("a", "1.0", PRIVATE), (offered(WHEEL, wrong),))
    assert refusal.value.message == (
        "Hash mismatch for a 1.0: private offers a-1.0-py3-none-any.whl with other contents than"
        " poetry.lock names"
    )


def test_a_changed_wheel_is_left_out_where_the_locked_sdist_remains() -> None:
    wrong = Hash("sha256", digest("something else"))
    assert best(A, (offered(WHEEL, wrong), offered(SDIST, SDIST.hash))) == pinned(SDIST)


def test_the_pylock_names_one_index_and_one_file_for_each_package() -> None:
    wheel_of_a = (requirement("a"), pinned(WHEEL, 7))
    sdist_of_b = (requirement("b", "2.0", PRIVATE, [sdist("b", "2.0")]), pinned(sdist("b", "2.0")))
    assert tomllib.loads(pylock([wheel_of_a, sdist_of_b], [], NAMED)) == {
        "lock-version": "1.0",
        "created-by": "hybrid-install",
        "packages": [
            {
                "name": "a",
                "version": "1.0",
                "index": "https://default.invalid/simple",
                "wheels": [
                    {
                        "url": f"https://files.invalid/{WHEEL.name}",
                        "size": 7,
                        "hashes": {"sha256": WHEEL.hash.digest},
                    },
                ],
            },
            {
                "name": "b",
                "version": "2.0",
                "index": "https://private.invalid/simple",
                "sdist": {
                    "url": "https://files.invalid/b-2.0.tar.gz",
                    "hashes": {"sha256": digest("b-2.0.tar.gz")},
                },
            },
        ],
    }


def test_a_file_that_is_here_has_a_path_and_no_index() -> None:
    here = PinnedFile(WHEEL.name, "", WHEEL.hash, None, '/house/"a".whl')
    [package] = tomllib.loads(pylock([(requirement("a"), here)], [], NAMED))["packages"]
    assert package == {
        "name": "a",
        "version": "1.0",
        "wheels": [{"path": '/house/"a".whl', "hashes": HASHES}],
    }


HASHES = {"sha256": WHEEL.hash.digest}


@pytest.mark.parametrize(
    ("source", "place"),
    [
        (
            GitSource("git@x.invalid:o/a.git", "main", COMMIT, "sub/dir"),
            {
                "vcs": {
                    "type": "git",
                    "url": "ssh://git@x.invalid/o/a.git",
                    "commit-id": COMMIT,
                    "requested-revision": "main",
                    "subdirectory": "sub/dir",
                }
            },
        ),
        (
            GitSource("https://x.invalid/a", None, COMMIT, None),
            {"vcs": {"type": "git", "url": "https://x.invalid/a", "commit-id": COMMIT}},
        ),
        (
            UrlSource("https://x.invalid/a.whl?sig=1#sha256=00", None),
            {"archive": {"url": "https://x.invalid/a.whl?sig=1", "hashes": HASHES}},
        ),
        (
            UrlSource("https://x.invalid/a.zip", "sub"),
            {
                "archive": {
                    "url": "https://x.invalid/a.zip",
                    "subdirectory": "sub",
                    "hashes": HASHES,
                }
            },
        ),
        (
            FileSource("../a b.whl", None, "/src/a b.whl"),
            {"archive": {"path": "/src/a b.whl", "hashes": HASHES}},
        ),
        (
            DirectorySource("../a b", "/src/a b"),
            {"directory": {"path": "/src/a b", "editable": False}},
        ),
    ],
)
def test_what_is_from_no_index_has_its_place(source: DirectSource, place: dict[str, Any]) -> None:
    """Without a version: what a project on disk builds may differ from what was locked."""
    each = DirectRequirement(normalize_name("a"), "1.0", source, WHEEL)
    assert tomllib.loads(pylock([], [each], NAMED))["packages"] == [{"name": "a", **place}]


def test_a_project_in_develop_mode_is_editable() -> None:
    source = DirectorySource("../a", "/src/a")
    each = DirectRequirement(normalize_name("a"), "1.0", source, None, develop=True)
    (package,) = tomllib.loads(pylock([], [each], NAMED))["packages"]
    assert package == {"name": "a", "directory": {"path": "/src/a", "editable": True}}


HOSTILE = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_string_breaks_out_of_the_toml(name: str, version: str, url: str) -> None:
    """Quotes, backslashes, line breaks, DEL, anything beyond the Basic Multilingual Plane."""
    index = Index("i", url)
    hostile = Requirement(normalize_name(name), version, index, (WHEEL,))
    named = {index: NamedIndex(name, url)}
    question = tomllib.loads(synthetic_project([hostile], named, version))
    assert question["project"]["dependencies"] == [hostile.pin]
    assert question["tool"]["uv"]["index"] == [{"name": name, "url": url, "explicit": True}]
    file = PinnedFile("a.whl", url, Hash("sha256", version), None)
    (package,) = tomllib.loads(pylock([(hostile, file)], [], named))["packages"]
    assert package == {
        "name": normalize_name(name),
        "version": version,
        "index": url.rstrip("/"),
        "wheels": [{"url": url, "hashes": {"sha256": version}}],
    }


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_string_of_a_direct_origin_breaks_out_either(name: str, text: str, other: str) -> None:
    def place(source: DirectSource) -> dict[str, Any]:
        file = LockedFile("a", Hash("sha256", other))
        each = DirectRequirement(normalize_name(name), "1.0", source, file)
        (package,) = tomllib.loads(pylock([], [each], {}))["packages"]
        assert package.pop("name") == normalize_name(name)
        (found,) = package.values()
        assert isinstance(found, dict)
        return found

    def filled(**values: str | None) -> dict[str, str]:
        return {key.replace("_", "-"): value for key, value in values.items() if value}

    hashes = {"hashes": {"sha256": other}}
    repository = f"https://x.invalid/{quote(text)}"
    vcs = filled(requested_revision=other, subdirectory=text)
    assert place(GitSource(repository, other, text, text)) == {
        "type": "git",
        "url": git_url(repository),
        "commit-id": "",
        **vcs,
    }
    below = filled(subdirectory=text)
    url = text.partition("#")[0]
    assert place(UrlSource(url, text)) == {"url": url, **below, **hashes}
    assert place(FileSource("", text, other)) == {"path": other, **below, **hashes}
    assert place(DirectorySource("", other)) == {"path": other, "editable": False}

"""Names, hashes, files and indexes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from hybrid_install.core.model import (
    DEFAULT_INDEX,
    GitSource,
    Hash,
    Index,
    LockedFile,
    LockedPackage,
    RegistrySource,
    normalize_name,
)


@pytest.mark.parametrize(
    ("name", "normalized"),
    [
        ("a", "a"),
        ("Foo_Bar", "foo-bar"),
        ("zope.interface", "zope-interface"),
        ("ruamel.yaml.clib", "ruamel-yaml-clib"),
        ("A-_-.b", "a-b"),
        ("foo--bar__baz", "foo-bar-baz"),
    ],
)
def test_names(name: str, normalized: str) -> None:
    assert normalize_name(name) == normalized


@given(st.text(st.sampled_from("aB1-_."), max_size=8))
def test_names_are_normalized_as_packaging_does_and_once(name: str) -> None:
    assert str(normalize_name(name)) == str(canonicalize_name(name))
    assert normalize_name(normalize_name(name)) == normalize_name(name)


@pytest.mark.parametrize(
    ("text", "algorithm", "digest", "is_strong"),
    [
        ("sha256:abc", "sha256", "abc", True),
        ("sha384:abc", "sha384", "abc", True),
        ("sha512:abc", "sha512", "abc", True),
        ("md5:abc", "md5", "abc", False),
        ("sha1:abc", "sha1", "abc", False),
        ("SHA256:abc", "SHA256", "abc", False),
        ("blake2b:a:b", "blake2b", "a:b", False),
        ("ABC", "sha256", "ABC", True),
        ("sha256:xyz", "sha256", "xyz", False),
        ("sha256:abc\n", "sha256", "abc\n", False),
        ("", "sha256", "", False),
    ],
)
def test_hashes(text: str, algorithm: str, digest: str, is_strong: bool) -> None:
    parsed = Hash.parse(text)
    assert (parsed.algorithm, parsed.digest, parsed.is_strong) == (algorithm, digest, is_strong)


def test_a_hash_prints_as_it_was_written_and_a_bare_one_with_its_algorithm() -> None:
    assert str(Hash.parse("md5:abc")) == "md5:abc"
    assert str(Hash.parse("abc")) == "sha256:abc"


@pytest.mark.parametrize(
    ("name", "is_wheel"),
    [("a-1-py3-none-any.whl", True), ("a-1.tar.gz", False), ("a.whl.zip", False)],
)
def test_wheels_are_known_by_their_name(name: str, is_wheel: bool) -> None:
    assert LockedFile(name, Hash.parse("a")).is_wheel is is_wheel


def test_a_pin_shows_the_version_verbatim() -> None:
    package = LockedPackage(
        normalize_name("A_b"), "2024.01.01", RegistrySource(), frozenset(), {}, ()
    )
    assert package.pin == "a-b (2024.01.01)"


def test_the_default_index_has_no_url() -> None:
    assert DEFAULT_INDEX.is_default
    assert not Index("PyPI", "https://mirror.invalid/simple").is_default


@pytest.mark.parametrize(
    ("reference", "resolved", "commit"),
    [
        ("main", "a" * 40, "a" * 40),
        ("b" * 40, "a" * 40, "a" * 40),
        ("a" * 40, None, "a" * 40),
        ("main", None, None),
        (None, None, None),
        ("main", "a" * 12, None),
        ("main", "a" * 40 + "\n", None),
    ],
)
def test_the_commit_of_a_repository(
    reference: str | None, resolved: str | None, commit: str | None
) -> None:
    """The oldest locks name it as the reference."""
    assert GitSource("https://x.invalid/a", reference, resolved, None).commit == commit

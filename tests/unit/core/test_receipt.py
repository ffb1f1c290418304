"""What a receipt says, keeps to itself, and remembers from run to run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import locked, wheel

from hybrid_install.core.distribution import BY_UV, Origin
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    DirectorySource,
    Hash,
    Index,
    LockedFile,
    LockedPackage,
    normalize_name,
)
from hybrid_install.core.receipt import (
    BY_POETRY,
    BY_SOMEONE,
    Found,
    Present,
    Receipt,
    Received,
    account,
    from_json,
    provision,
    public_url,
    to_json,
)
from hybrid_install.errors import InvalidDataError

PRIVATE = Index("private", "https://user:secret@private.invalid/simple?token=secret")
RECEIPT = Receipt(
    hybrid_install="0.1.0",
    uv="0.13.9",
    poetry="2.5.1",
    project="root",
    content_hash="abc",
    lock_sha256="def",
    groups=("dev", "main"),
    extras=(),
    python="3.11.7",
    packages=(),
)
A = normalize_name("a")
BY_UV_NOW = Present("1.0", "uv", "sha256:1")
BY_POETRY_NOW = Present("1.0", "Poetry 2.5.1", "sha256:1")
FILES = (wheel("a"),)
KNOWN = Received(A, "1.0", "index", BY_UV, "sha256:1", Index("old", "https://old.invalid"), FILES)


def accounted(
    present: Present | None,
    package: LockedPackage | None = None,
    told: tuple[LockedFile, ...] | None = None,
    earlier: Received | None = None,
) -> list[Received]:
    return list(
        account(
            [(package or locked("a"), DEFAULT_INDEX)],
            {A: present} if present else {},
            {} if told is None else {A: told},
            replace(RECEIPT, packages=(earlier,)) if earlier else None,
        )
    )


def test_what_uv_was_told() -> None:
    assert accounted(BY_UV_NOW, told=FILES) == [
        Received(A, "1.0", "index", BY_UV, "sha256:1", DEFAULT_INDEX, FILES)
    ]


def test_an_index_without_secrets() -> None:
    (found,) = account([(locked("a"), PRIVATE)], {A: BY_UV_NOW}, {A: FILES}, None)
    assert found.index == Index("private", "https://private.invalid/simple")


def test_what_poetry_has_installed_over_it_is_not_uvs() -> None:
    assert accounted(BY_POETRY_NOW, told=FILES) == [
        Received(A, "1.0", "index", BY_POETRY, "sha256:1")
    ]


def test_what_was_there_before() -> None:
    assert accounted(BY_UV_NOW) == [Received(A, "1.0", "index", BY_SOMEONE, "sha256:1")]
    assert accounted(BY_POETRY_NOW) == [Received(A, "1.0", "index", BY_POETRY, "sha256:1")]


def test_what_the_earlier_receipt_knew_is_kept() -> None:
    assert accounted(BY_UV_NOW, earlier=KNOWN) == [KNOWN]
    assert accounted(BY_POETRY_NOW, earlier=KNOWN) == [KNOWN]


@pytest.mark.parametrize(
    "earlier", [replace(KNOWN, version="0.9"), replace(KNOWN, contents="sha256:2")]
)
def test_what_does_not_fit_any_more_is_forgotten(earlier: Received) -> None:
    (found,) = accounted(BY_UV_NOW, earlier=earlier)
    assert (found.by, found.index, found.files) == (BY_SOMEONE, None, ())


@pytest.mark.parametrize("present", [None, replace(BY_UV_NOW, version="2.0")])
def test_what_is_not_there_is_not_claimed(present: Present | None) -> None:
    assert accounted(present, told=FILES, earlier=KNOWN) == []


def test_a_direct_origin() -> None:
    origin = Origin("directory", "/src/a", editable=True)
    found = accounted(
        replace(BY_UV_NOW, origin=origin), replace(locked("a"), source=DirectorySource("a"))
    )
    assert [(each.source, each.origin) for each in found] == [
        ("directory", "directory /src/a (editable)")
    ]


def test_it_is_sorted_and_has_every_name() -> None:
    packages = [(locked(name), DEFAULT_INDEX) for name in ("b", "a", "C")]
    present = {package.name: BY_UV_NOW for package, _ in packages}
    assert [each.name for each in account(packages, present, {}, None)] == ["a", "b", "c"]


FULL = replace(
    RECEIPT,
    packages=(
        KNOWN,
        Received(A, "2.0", "git", BY_POETRY, "sha256:2", origin="git https://x.invalid@abc"),
        Received(A, "3.0", "index", BY_UV, "sha256:3", DEFAULT_INDEX, FILES),
    ),
)


@pytest.mark.parametrize(
    "receipt", [RECEIPT, FULL, replace(FULL, poetry=None, project=None, content_hash=None)]
)
def test_there_and_back(receipt: Receipt) -> None:
    assert from_json(to_json(receipt)) == receipt


def test_what_was_provided() -> None:
    selected = [locked("a", "1.0+cpu"), locked("a", "1.0+gpu"), locked("b"), locked("c")]
    names = frozenset({A, normalize_name("c")})
    found = provision(selected, names, {A: "0.9", normalize_name("b"): "1.0"})
    assert found == (Found(A, "0.9", ("1.0+cpu", "1.0+gpu")),)
    given = replace(RECEIPT, provided=found, editable=False)
    assert from_json(to_json(given)) == given


def test_a_receipt_of_a_time_without_it() -> None:
    document = json.loads(to_json(RECEIPT))
    del document["provided"], document["editable"]
    assert from_json(json.dumps(document)) == RECEIPT


def test_the_text_is_the_same_to_the_byte() -> None:
    other = replace(FULL, groups=("main", "dev"))
    assert to_json(FULL) == to_json(other)
    assert next(iter(json.loads(to_json(FULL)))) == "schema"
    assert to_json(FULL).endswith("}\n")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[]", "table"),
        ("{}", "schema: is missing"),
        ('{"schema": 2}', "schema: 2 is not known"),
        ('{"schema": true}', "schema"),
        (to_json(FULL).replace('"packages": [', '"packages": [5,'), r"packages\[0\]"),
        (to_json(FULL).replace('"uv": "0.13.9"', '"uv": 5'), "uv"),
        (to_json(FULL).replace('"poetry": "2.5.1"', '"poetry": 5'), "poetry"),
        (to_json(FULL).replace('"files": [', '"files": [{},', 1), r"packages\[0\].files\[0\]"),
        (to_json(FULL).replace('"lock": {', '"lock": 5, "x": {'), "lock"),
    ],
)
def test_what_is_refused(text: str, place: str) -> None:
    with pytest.raises(InvalidDataError, match=place):
        from_json(text)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["schema", "lock", "packages", "name", "files", "index"]) | st.text(), inner)))  # fmt: skip
def test_no_other_document_is_a_bug(document: object) -> None:
    with pytest.raises(InvalidDataError):
        from_json(json.dumps({"schema": 1, "packages": document}))
    with pytest.raises(InvalidDataError):
        from_json(json.dumps(document))


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://user:secret@x.invalid/simple/", "https://x.invalid/simple"),
        ("https://x.invalid/simple?sig=secret", "https://x.invalid/simple"),
        ("https://x.invalid/simple?sig=secret#part", "https://x.invalid/simple"),
        ("https://x.invalid/simple", "https://x.invalid/simple"),
        ("https://u:p@ss@x.invalid/?a@b", "https://x.invalid"),
    ],
)
def test_a_public_url(url: str, public: str) -> None:
    assert public_url(url) == public


def test_a_hash_of_any_kind_survives() -> None:
    file = LockedFile("a.whl", Hash("md5", "ab"))
    receipt = replace(RECEIPT, packages=(replace(KNOWN, files=(file,)),))
    assert from_json(to_json(receipt)) == receipt

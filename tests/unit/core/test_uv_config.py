"""The uv.toml that uv is given: who is searched, and no secret in it."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_install.core.credentials import Credentials
from hybrid_install.core.model import DEFAULT_INDEX, Index, Priority
from hybrid_install.core.uv_config import IndexAccess, NamedIndex, Trust, toml_string

PRIMARY = Index("one", "https://one.invalid")
SECOND = Index("two", "https://two.invalid")
SUPPLEMENTAL = Index("three", "https://three.invalid", Priority.SUPPLEMENTAL)
EXPLICIT = Index("four", "https://four.invalid", Priority.EXPLICIT)
EXPLICIT_DEFAULT = Index("PyPI", None, Priority.EXPLICIT)


NOTHING_ELSE: dict[str, object] = {"no-sources": True, "config-settings-package": {}}


def access(*indexes: Index, **credentials: Credentials) -> IndexAccess:
    named = {index: NamedIndex(f"hi{at}", f"https://{at}") for at, index in enumerate(indexes)}
    return IndexAccess(named, credentials)


def table(at: int, **flags: bool) -> dict[str, object]:
    return {"name": f"hi{at}", "url": f"https://{at}", **flags}


@pytest.mark.parametrize(
    ("indexes", "expected"),
    [
        # uv knows its own default index without being told.
        ([DEFAULT_INDEX], []),
        ([SUPPLEMENTAL, DEFAULT_INDEX], [table(0)]),
        ([DEFAULT_INDEX, EXPLICIT], [table(1, explicit=True)]),
        # Where Poetry does not search PyPI, uv must not either.
        ([PRIMARY], [table(0, default=True)]),
        ([PRIMARY, SECOND], [table(0, default=True), table(1)]),
        ([EXPLICIT, PRIMARY], [table(0, explicit=True), table(1, default=True)]),
        ([EXPLICIT_DEFAULT, PRIMARY], [table(1, default=True)]),
    ],
)
def test_what_a_build_may_search(indexes: list[Index], expected: list[dict[str, object]]) -> None:
    assert tomllib.loads(access(*indexes).uv_toml()).get("index", []) == expected


def test_one_index_alone_is_the_default_even_if_it_is_explicit() -> None:
    alone = access(DEFAULT_INDEX, EXPLICIT)
    document = tomllib.loads(alone.uv_toml_of(EXPLICIT))
    assert document == {**NOTHING_ELSE, "index": [table(1, default=True)]}
    assert tomllib.loads(alone.uv_toml_of(DEFAULT_INDEX)) == NOTHING_ELSE


def test_a_mirror_stands_in_for_the_default_index() -> None:
    mirror = NamedIndex("hi0", "https://mirror.invalid", is_mirror=True)
    known = IndexAccess({DEFAULT_INDEX: mirror, EXPLICIT: NamedIndex("hi1", "https://1")})
    default = {"name": "hi0", "url": "https://mirror.invalid", "default": True}
    assert tomllib.loads(known.uv_toml())["index"] == [default, table(1, explicit=True)]
    assert tomllib.loads(known.uv_toml_of(DEFAULT_INDEX))["index"] == [default]


def test_a_page_of_links_is_named_as_one() -> None:
    known = IndexAccess({PRIMARY: NamedIndex("hi0", "https://0/p.html", is_page=True)})
    (only,) = tomllib.loads(known.uv_toml())["index"]
    expected = {"name": "hi0", "url": "https://0/p.html", "format": "flat", "default": True}
    assert only == expected


def test_build_backends_are_told_by_package() -> None:
    settings: dict[str, dict[str, str | list[str]]] = {
        "b": {"--opt": 'a "quoted"\nvalue', "list": ["x", "\x7f"]},
        "a.odd name": {},
    }
    known = IndexAccess({DEFAULT_INDEX: NamedIndex("hi0", "u")}, config_settings=settings)
    for text in (known.uv_toml(), known.uv_toml_of(DEFAULT_INDEX)):
        document = tomllib.loads(text)
        assert document == {"no-sources": True, "config-settings-package": settings}
        assert list(document["config-settings-package"]) == ["a.odd name", "b"]


def test_a_bundle_is_a_file_and_a_client_certificate_a_variable() -> None:
    known = IndexAccess({}, trust=Trust("the bundle", "/me.pem", ("x.invalid",)))
    assert known.files() == {"authorities.pem": "the bundle"}
    assert known.variables() == {"SSL_CLIENT_CERT": "/me.pem"}
    assert IndexAccess({}).files() == {}
    assert "the bundle" not in repr(known)


SECRET = Credentials("user-of-mine", "password-of-mine")


def test_credentials_go_by_variables_that_carry_the_name_of_the_index() -> None:
    assert access(DEFAULT_INDEX, PRIMARY, hi1=SECRET).variables() == {
        "UV_INDEX_HI1_USERNAME": "user-of-mine",
        "UV_INDEX_HI1_PASSWORD": "password-of-mine",
    }


def test_no_text_holds_credentials() -> None:
    known = access(PRIMARY, EXPLICIT, hi0=SECRET, hi1=SECRET)
    texts = [known.uv_toml(), known.uv_toml_of(PRIMARY), repr(known), repr(SECRET)]
    assert not any("of-mine" in text for text in texts)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_string_is_read_back_as_it_was(value: str) -> None:
    assert tomllib.loads(f"key = {toml_string(value)}") == {"key": value}


@pytest.mark.parametrize("value", ['"', "\\", "\x7f", "\x00", "\n", "\u2028", "🐍", "\U0010ffff"])
def test_strings_that_json_and_toml_escape_differently(value: str) -> None:
    assert tomllib.loads(f"key = {toml_string(value)}") == {"key": value}

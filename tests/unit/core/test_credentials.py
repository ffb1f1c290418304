"""Urls and the credentials in them are told apart."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_install.core.credentials import Credentials, refuse_odd_authority, split_userinfo
from hybrid_install.errors import InvalidDataError


@pytest.mark.parametrize(
    ("url", "bare", "credentials"),
    [
        ("https://h/simple", "https://h/simple", None),
        ("https://u:p@h/simple", "https://h/simple", Credentials("u", "p")),
        ("https://u@h:8443/s?q=1#f", "https://h:8443/s?q=1#f", Credentials("u", "")),
        ("https://:p@h/", "https://h/", Credentials("", "p")),
        ("https://u:p%40%3As@h/", "https://h/", Credentials("u", "p@:s")),
        ("https://u:p@ss:word@h/", "https://h/", Credentials("u", "p@ss:word")),
        ("https://h/@scope", "https://h/@scope", None),
        ("https://[::1]:80/s", "https://[::1]:80/s", None),
    ],
)
def test_userinfo_is_taken_out(url: str, bare: str, credentials: Credentials | None) -> None:
    assert split_userinfo(url) == (bare, credentials)


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1/simple",
        "https://user:sesame/seed@h/simple",
        "https://user:sesame seed@h/simple",
        "https://user:sesame seed/x@h/simple",
        "https://h:port/simple",
        "https://h:99999/simple",
    ],
)
def test_a_url_whose_host_cannot_be_told_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidDataError, match="%2F") as error:
        refuse_odd_authority(url)
    assert "sesame" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["https://h/simple", "https://u:p%2Fq@h:80/x y@z", "http://[::1]:80/", "file:///a b"]
)
def test_a_url_that_can_be_read_is_not_refused(url: str) -> None:
    refuse_odd_authority(url)


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_whatever_was_quoted_comes_back(username: str, password: str) -> None:
    url = f"https://{quote(username, safe='')}:{quote(password, safe='')}@h/simple"
    assert split_userinfo(url) == ("https://h/simple", Credentials(username, password))


def test_neither_user_nor_password_is_printed() -> None:
    shown = f"{Credentials('alice', 'sesame')!r} {Credentials('alice', 'sesame')}"
    assert "alice" not in shown
    assert "sesame" not in shown

"""Urls and the credentials in them are told apart."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_install.core.credentials import Credentials, split_userinfo


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

"""Nothing that is shown holds a password or a signature of a url."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_install.core.redaction import without_credentials

# What `urlsplit` takes for part of the userinfo: anything up to the last `@` of the authority.
SECRETS = st.text(
    st.characters(min_codepoint=33, exclude_characters="/?#", exclude_categories=["Z", "C"]),
    min_size=8,
)


@given(SECRETS, SECRETS, st.sampled_from(["https", "git+ssh", "file"]), st.text(max_size=10))
def test_userinfo_never_survives(user: str, password: str, scheme: str, before: str) -> None:
    url = f"{scheme}://{user}:{password}@example.invalid/simple"
    assert without_credentials(f"{before} {url} after").endswith(
        f" {scheme}://example.invalid/simple after"
    )


PASSWORDS = st.text(
    st.characters(exclude_characters="@\n", exclude_categories=["C"]), min_size=8
).filter(lambda text: "://" not in text and not text[0].isdigit())


@given(PASSWORDS)
def test_nor_does_a_password_that_nobody_has_encoded(password: str) -> None:
    """Where a slash or a blank ends the authority too early; as well as that can be told."""
    shown = without_credentials(f"see https://user:{password}@example.invalid/simple!")
    assert shown == "see https://example.invalid/simple!"


@given(st.text().filter(lambda text: "://" not in text))
def test_text_without_a_url_is_unchanged(text: str) -> None:
    assert without_credentials(text) == text


@given(st.text())
def test_what_was_redacted_once_has_nothing_left_to_redact(text: str) -> None:
    once = without_credentials(text)
    assert without_credentials(once) == once


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://u:p@h/x https://v:q@i/y", "https://h/x https://i/y"),
        ("https://u:p@ss@h/x", "https://h/x"),
        ("https://token@h", "https://h"),
        ("https://u:a b/c@h/x", "https://h/x"),
        ("https://u:a/b@h/x, https://v:c d@i/y", "https://h/x, https://i/y"),
        ("https://h:8080/x of me@h", "https://h:8080/x of me@h"),
        ("https://[::1]:8080/x of me@h", "https://[::1]:8080/x of me@h"),
        ("git+https://u:p@h/x.git@v1.0", "git+https://h/x.git@v1.0"),
        ("https://u:@h", "https://h"),
        ("https://h/@scope/package", "https://h/@scope/package"),
        ("https://h/a#egg=b@c", "https://h/a#egg=b@c"),
        ("write to me@h or see https://h", "write to me@h or see https://h"),
        ("git@github.invalid:a/b.git", "git@github.invalid:a/b.git"),
        ("(https://h/a.whl?X-Sig=abc%2F&E=5)", "(https://h/a.whl?...)"),
        ("https://u:p@h/a?k=v#sha256=0", "https://h/a?...#sha256=0"),
        ("did you mean https://h/a? No", "did you mean https://h/a? No"),
        ("is a?b=c a url", "is a?b=c a url"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert without_credentials(text) == shown

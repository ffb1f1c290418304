"""Git urls as Poetry compares and records them."""

from __future__ import annotations

import pytest

from hybrid_install.core.git_urls import git_url


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://x.invalid/o/a.git", "https://x.invalid/o/a.git"),
        ("https://me:secret@x.invalid/o/a", "https://me:secret@x.invalid/o/a"),
        ("git+https://x.invalid/o/a", "https://x.invalid/o/a"),
        ("git@x.invalid:o/a.git", "ssh://git@x.invalid/o/a.git"),
        ("ssh://git@x.invalid:22/o/a.git", "ssh://git@x.invalid:22/o/a.git"),
        ("git+ssh://git@x.invalid/o/a", "ssh://git@x.invalid/o/a"),
        # A slip of poetry-core's; git does not look at the host.
        ("file:///src/a", "file://None/src/a"),
        ("", ""),
        ("no url", "no url"),
    ],
)
def test_one_spelling_for_each_repository(url: str, known: str) -> None:
    assert git_url(url) == known
    assert git_url(known) == known

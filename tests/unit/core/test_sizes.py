"""Sizes as people write them."""

from __future__ import annotations

import pytest

from hybrid_install.core.sizes import parse_size, size_text
from hybrid_install.errors import UsageError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1024", 1024),
        ("50MB", 50_000_000),
        (" 1.5 gb ", 1_500_000_000),
        ("64MiB", 64 * 1024**2),
        ("2kB", 2000),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "MB", "50 parsecs", "-1MB", "1,5MB", "nan", "inf", "9" * 400, f"{'9' * 305}GB"]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError, match="is no size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1500, "1.5 kB"),
        (54_400_000, "54 MB"),
        (2_150_000_000, "2.1 GB"),
    ],
)
def test_for_people(size: int, text: str) -> None:
    assert size_text(size) == text

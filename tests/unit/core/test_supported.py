"""Which versions the tests run with, and what is said of others."""

from __future__ import annotations

import pytest

from hybrid_install.core.supported import Misfit, Supported, release_of

UV, POETRY = Supported((0, 13), (0, 14)), Supported((1, 8), (3,))


@pytest.mark.parametrize(
    ("supported", "version", "covered"),
    [
        (UV, "0.13.0", True),
        (UV, "0.13.99", True),
        (UV, "0.12.24", False),
        (UV, "0.14.0", False),
        (UV, "1.0", False),
        (POETRY, "1.8", True),
        (POETRY, "1.8.5", True),
        (POETRY, "2.5.1", True),
        (POETRY, "1.7.1", False),
        (POETRY, "3", False),
        (POETRY, "3.0.0b1", False),
        (POETRY, "9.0.0", False),
        (POETRY, "2.6.0.dev0", True),
    ],
)
def test_what_is_covered(supported: Supported, version: str, *, covered: bool) -> None:
    assert supported.covers(version) is covered


def test_numbers_of_thousands_of_digits() -> None:
    """Whatever it is, it is not one that we know; Python would not read it."""
    many = "9" * 5000
    assert not POETRY.covers(many)
    assert POETRY.covers(f"2.5.{many}")
    assert release_of(f"2.5.1+{many}") == (2, 5, 1)
    assert release_of("of unknown version") == ()


def test_the_cause_names_the_version_first() -> None:
    old, new = (Misfit("uv", each, UV, "install uv") for each in ("0.4.30", "0.99"))
    assert old.cause == "uv 0.4.30 is too old: >=0.13,<0.14 is supported. "
    assert new.cause == "uv 0.99 is newer than what is tested: >=0.13,<0.14 is supported. "
    assert ">=0.13,<0.14" in old.note

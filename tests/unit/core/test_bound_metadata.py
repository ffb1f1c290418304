"""The requirements of the project as it was bound, and as pyproject.toml has them."""

from __future__ import annotations

import pytest

from hybrid_install.core.bound_metadata import outdated

HEAD = "Metadata-Version: 2.3\nName: a\nVersion: 1\n"


def metadata(*requirements: str, head: str = HEAD) -> bytes:
    return (head + "".join(f"Requires-Dist: {each}\n" for each in requirements)).encode()


@pytest.mark.parametrize(
    ("installed", "made"),
    [
        (metadata(), metadata()),
        (metadata("b (>=1,<2)", "c[x]"), metadata("c[x]", "B (<2,>=1)")),
        (metadata("c[x_y]"), metadata("c[x-y]")),
        (metadata("b ; python_version >= '3.8'"), metadata('b ; python_version > "3.7"')),
        (metadata("b", head=HEAD.replace("2.3", "2.1")), metadata("b")),
        (metadata("b @ file:///src/b"), metadata("b @ file:///src/b")),
        (metadata("what is this?"), metadata("what is this?")),
    ],
)
def test_the_same_requirements(installed: bytes, made: bytes) -> None:
    assert outdated(installed, made) == ""


@pytest.mark.parametrize(
    ("installed", "made", "told"),
    [
        (metadata("b<2"), metadata("b>=2"), "lacks b>=2, has b<2"),
        (metadata(), metadata("b[x]"), "lacks b[x]"),
        (metadata("b", "c"), metadata("c"), "has b"),
        (metadata("b @ file:///old"), metadata("b"), "lacks b, has b @ file:///old"),
        (b"\xff\x00", metadata("b"), "lacks b"),
    ],
)
def test_other_requirements(installed: bytes, made: bytes, told: str) -> None:
    assert outdated(installed, made) == told


def test_a_token_in_a_url_is_not_told() -> None:
    told = outdated(metadata("b @ git+https://me:secret@git.invalid/b.git"), metadata("b"))
    assert "git.invalid/b.git" in told
    assert "secret" not in told

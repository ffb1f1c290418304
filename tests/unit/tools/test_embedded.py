"""The pip that virtualenv would seed, as virtualenv itself tells."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from virtualenv.seed.wheels.embed import get_embed_wheel

from hybrid_install.tools import embedded
from hybrid_install.tools.embedded import embedded_pip

PYTHONS = [f"3.{minor}" for minor in range(6, 20)]


def told(version: str) -> Path | None:
    wheel = get_embed_wheel("pip", version)
    return None if wheel is None else wheel.path


@pytest.mark.parametrize("version", PYTHONS)
def test_it_is_the_one_that_virtualenv_would_take(version: str) -> None:
    assert embedded_pip(version) == told(version)


def test_virtualenv_is_not_asked_for_a_python_that_it_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedded, "_asked_for", lambda _: pytest.fail("it was asked"))
    assert embedded_pip("{}.{}".format(*sys.version_info)) is not None


TABLES = """\
BUNDLE_SUPPORT = {"3.11": {"pip": "pip-1-py3-none-any.whl"}}
BUNDLE_SHA256: Final[dict[str, str]] = {"pip-1-py3-none-any.whl": "%s"}
"""
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        (TABLES % EMPTY, True),
        (TABLES.partition("\n")[0], True),
        (TABLES % ("0" * 64), False),
        (TABLES.replace("pip-1", "pip-2"), False),
        ("BUNDLE_SUPPORT = dict()", False),
        ("this is no Python", False),
        ("", False),
    ],
)
def test_what_is_not_said_plainly_is_asked_for(
    text: str, is_found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel that was tampered with, or is not there, as well."""
    wheel, asked = tmp_path / "pip-1-py3-none-any.whl", tmp_path / "asked"
    wheel.touch()
    (tmp_path / "__init__.py").write_text(text, "utf-8")
    monkeypatch.setattr(embedded, "_folder", lambda: tmp_path)
    monkeypatch.setattr(embedded, "_asked_for", lambda _: asked)
    assert embedded_pip("3.11") == (wheel if is_found else asked)

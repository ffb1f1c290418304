"""Where uv's cache is, and what can be seen in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fakes import sdist, wheel

from hybrid_install.core.model import LockedFile, normalize_name
from hybrid_install.core.pylock import PinnedFile
from hybrid_install.tools.uv_cache import UvCache, uv_cache_dir

A = normalize_name("a")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"UV_CACHE_DIR": "/uv", "XDG_CACHE_HOME": "/xdg", "HOME": "/me"}, "/uv"),
        ({"UV_CACHE_DIR": "", "XDG_CACHE_HOME": "/xdg", "HOME": "/me"}, "/xdg/uv"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/me"}, "/me/.cache/uv"),
        ({"HOME": "/me"}, "/me/.cache/uv"),
        ({}, "/.cache/uv"),
    ],
)
def test_where_it_is(environ: dict[str, str], expected: str) -> None:
    assert uv_cache_dir(environ) == Path(expected)


def lacks(folder: Path, file: LockedFile) -> bool:
    return UvCache(folder).lacks(A, PinnedFile(file.name, "u", file.hash, None))


@pytest.mark.parametrize("bucket", ["wheels-v8/pypi", "wheels-v8/index/0123", "wheels-v9/pypi"])
def test_a_wheel_that_was_fetched(tmp_path: Path, bucket: str) -> None:
    assert lacks(tmp_path, wheel("a"))
    folder = tmp_path / bucket / "a"
    folder.mkdir(parents=True)
    (folder / "1.0-py3-none-any.lock").touch()
    (folder / "2.0-py3-none-any.http").touch()
    assert lacks(tmp_path, wheel("a"))
    (folder / "1.0-py3-none-any.http").touch()
    assert not lacks(tmp_path, wheel("a"))


@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
def test_an_sdist_that_was_fetched(tmp_path: Path, suffix: str) -> None:
    assert lacks(tmp_path, sdist("a", suffix=suffix))
    (tmp_path / "sdists-v11" / "index" / "0123" / "a" / "1.0").mkdir(parents=True)
    assert not lacks(tmp_path, sdist("a", suffix=suffix))


def test_a_cache_that_cannot_be_read_has_nothing(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    assert lacks(tmp_path / "cache", wheel("a"))

"""Room is lacking for certain, perhaps, or not at all."""

from __future__ import annotations

import pytest

from hybrid_install.core.space import Load, Volume, shortage

MB = 1_000_000


def volume(place: str, free: int, device: int = 1, total: int = 1000 * MB) -> Volume:
    return Volume(place, device, total, free)


def lack(load: Load, cache: Volume, environment: Volume) -> tuple[str, bool] | None:
    found = shortage(load, cache, environment)
    return (found.volume.place, found.is_certain) if found else None


@pytest.mark.parametrize(
    ("free", "expected"),
    [(100, ("/cache", True)), (200, ("/cache", False)), (599, ("/cache", False)), (600, None)],
)
def test_the_cache_alone_where_both_are_on_one_file_system(
    free: int, expected: tuple[str, bool] | None
) -> None:
    load = Load(to_fetch=200 * MB, to_add=500 * MB)
    assert lack(load, volume("/cache", free * MB), volume("/venv", free * MB)) == expected


def test_what_is_cached_needs_room_where_it_cannot_be_linked() -> None:
    load = Load(to_fetch=0, to_add=200 * MB)
    cache, other = volume("/cache", 10 * MB), volume("/venv", 100 * MB, device=2)
    assert lack(load, cache, other) == ("/venv", True)
    assert lack(load, cache, volume("/venv", 10 * MB)) is None


def test_what_is_certain_comes_first() -> None:
    load = Load(to_fetch=200 * MB, to_add=200 * MB)
    tight, full = volume("/cache", 300 * MB), volume("/venv", 100 * MB, device=2)
    assert lack(load, tight, full) == ("/venv", True)


def test_subvolumes_share_their_room() -> None:
    """As of btrfs: numbers of their own, and the same bytes."""
    load = Load(to_fetch=0, to_add=200 * MB)
    assert lack(load, volume("/cache", MB), volume("/venv", MB, device=2)) is None
    assert lack(load, volume("/cache", MB), volume("/venv", MB, 2, total=MB)) == ("/venv", True)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [({"is_copied": True}, ("/cache", True)), ({}, ("/cache", False))],
)
def test_copies_take_their_room_twice(
    mode: dict[str, bool], expected: tuple[str, bool] | None
) -> None:
    load = Load(to_fetch=200 * MB, to_add=200 * MB, **mode)
    assert lack(load, volume("/cache", 300 * MB), volume("/venv", 300 * MB)) == expected


def test_links_to_the_cache_take_none() -> None:
    load = Load(to_fetch=0, to_add=200 * MB, is_symlinked=True)
    assert lack(load, volume("/cache", MB), volume("/venv", 2 * MB, device=2)) is None


def test_nothing_to_do_has_room_on_a_full_disk() -> None:
    assert lack(Load(0, 0), volume("/cache", 0), volume("/venv", 0, device=2)) is None


def test_the_words() -> None:
    assert Load(0, 5).words == ""
    assert Load(1_200 * MB, 5).words == "1.2 GB to download"
    assert Load(1_200 * MB, 5, unsized=2).words == "at least 1.2 GB to download"
    found = shortage(Load(2 * MB, 0), volume("/cache", MB), volume("/venv", MB))
    assert found is not None
    assert found.message == (
        "/cache has 1.0 MB free, and is to take 2.0 MB of wheels, which are bigger when unpacked"
    )
    assert "UV_CACHE_DIR" in found.hint

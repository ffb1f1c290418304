"""The file system of a place, also of one that is still to be made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hybrid_install.environment.volumes import volume_of


def test_a_place_that_is_not_there_yet(tmp_path: Path) -> None:
    seen = volume_of(tmp_path / "not" / "yet")
    assert seen is not None
    assert seen.place == str(tmp_path / "not" / "yet")
    assert seen.device == tmp_path.stat().st_dev
    assert 0 < seen.free <= seen.total


def test_a_place_that_cannot_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is said of its room."""

    def refuse(_: Path) -> os.statvfs_result:
        raise PermissionError

    monkeypatch.setattr(os, "statvfs", refuse)
    assert volume_of(tmp_path) is None

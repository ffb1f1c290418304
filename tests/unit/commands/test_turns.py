"""What the user hears of turns, in place and beside."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hybrid_install.commands.atomic import in_line
from hybrid_install.commands.turns import in_turn


@pytest.mark.parametrize("way", [in_turn, in_line])
def test_where_nobody_can_be_kept_waiting_it_is_said(
    way: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    said: list[str] = []
    preparation = SimpleNamespace(
        target=SimpleNamespace(path=tmp_path, exists=True),
        request=SimpleNamespace(wait=0),
        runner=SimpleNamespace(sharing=nullcontext),
    )
    with way(preparation, SimpleNamespace(warn=said.append)):
        pass
    assert [str(tmp_path) in each and "no locks" in each for each in said] == [True]

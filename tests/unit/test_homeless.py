"""A user whom the machine does not know, and no HOME: containers with any uid run so."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import platformdirs
import pytest

from hybrid_install import poetry_config
from hybrid_install.environment.cache import cache_dir
from hybrid_install.errors import ProjectError, TargetError


@pytest.fixture(autouse=True)
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("whose?")

    for name in ("user_config_path", "user_cache_path", "user_data_path"):
        monkeypatch.setattr(platformdirs, name, unknown)


def test_poetry_s_settings_cannot_be_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no home folder") as error:
        poetry_config.load(tmp_path, {})
    assert error.value.hint == "set HOME"


def test_a_cache_of_ours_needs_a_variable(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no home folder") as error:
        cache_dir({})
    assert "HYBRID_INSTALL_CACHE_DIR" in (error.value.hint or "")
    assert cache_dir({"HYBRID_INSTALL_CACHE_DIR": str(tmp_path)}) == tmp_path

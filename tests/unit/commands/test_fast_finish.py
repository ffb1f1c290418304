from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.fakes import interpreter

from hybrid_install.commands.fast_finish import refuse_unfit_for_fast_finish
from hybrid_install.core.plan import Plan
from hybrid_install.core.project import Project
from hybrid_install.core.settings import Finish, Settings
from hybrid_install.environment.cache import VARIABLE
from hybrid_install.errors import TargetError


def preparation(project: Path, written_to: Path, finish: Finish) -> Any:
    """A run that has nothing to install but the project."""
    document = {"project": {"name": "acme", "version": "1.0"}}
    inputs = SimpleNamespace(
        pyproject=document,
        project=Project.from_dict(document),
        project_dir=project,
        settings=Settings(finish=finish),
    )
    target = SimpleNamespace(
        path=written_to, exists=True, interpreter=interpreter(written_to, written_to=(written_to,))
    )
    return SimpleNamespace(
        inputs=inputs,
        target=target,
        plan=Plan(()),
        no_editable=False,
        binds_root=True,
        request=SimpleNamespace(no_plugins=False, environ={VARIABLE: str(project / "cache")}),
    )


def test_an_environment_that_cannot_be_written_to(tmp_path: Path) -> None:
    """A file in the place of a folder is what root cannot write to either."""
    (tmp_path / "acme.py").touch()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "acme"\nversion = "1.0"\n')
    occupied = tmp_path / "occupied"
    occupied.touch()

    with pytest.raises(TargetError, match="occupied cannot be written to"):
        refuse_unfit_for_fast_finish(preparation(tmp_path, occupied, Finish.POETRY_CORE))

    refuse_unfit_for_fast_finish(preparation(tmp_path, tmp_path, Finish.POETRY_CORE))
    refuse_unfit_for_fast_finish(preparation(tmp_path, occupied, Finish.POETRY))

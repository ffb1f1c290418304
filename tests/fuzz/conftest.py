"""The stage of the fuzz tests: a machine that no process ever sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A project and an environment that no process ever sees."""
    return Machine.make(tmp_path)

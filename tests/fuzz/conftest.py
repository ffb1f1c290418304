"""The stage of the fuzz tests: a machine, and a count of what it was given."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.machine import Machine
from support.witness import COUNTED


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A project and an environment that no process ever sees."""
    return Machine.make(tmp_path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"fuzz: {COUNTED['inputs']} inputs, {COUNTED['refused']} refused")

"""`requires-poetry`, asked of whatever Poetry there is: in words, and at its own place."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.machine import FIRST_LINE, Machine
from support.obedient import HONEST

from hybrid_install.errors import DiagnosisError, InvalidDataError

LOCK: dict[str, Any] = {"metadata": {"lock-version": "2.1", "python-versions": "*"}}
MANY = "9" * 5000


def project(required: str) -> dict[str, Any]:
    return {
        "project": {"name": "acme-app", "version": "0.1.0"},
        "tool": {"poetry": {"requires-poetry": required}},
    }


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine.make(tmp_path)


@pytest.fixture
def without_poetry(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """One that has no Poetry: uv has to provide the one that wrote the lock."""
    machine.equip()
    (machine.root / "bin" / "poetry").unlink()
    del machine.environ["HYBRID_INSTALL_POETRY"]
    nowhere = SimpleNamespace(get_path=lambda _: str(machine.root / "nowhere"))
    monkeypatch.setattr("hybrid_install.tools.poetry.sysconfig", nowhere)
    return machine


@pytest.mark.parametrize("said", ["2.5.1~weird!", f"2.5.1.post{MANY}", "2.5.1\x1b[2J", "2.5.1"])
def test_a_poetry_that_fits_whatever_else_it_answers(machine: Machine, said: str) -> None:
    machine.equip({**HONEST, "Poetry": f"Poetry (version {said})"})
    machine.write(project(">=2.0,!=2.4"), LOCK)
    found = machine.run("install", venv=machine.venv)
    assert found.is_good, found.shown
    machine.run("doctor", venv=machine.venv)


@pytest.mark.parametrize("said", ["2.5.1..weird", "2.4.0"])
def test_a_poetry_that_does_not_fit(machine: Machine, said: str) -> None:
    """What is no version is none of those that are required."""
    machine.equip({**HONEST, "Poetry": f"Poetry (version {said})"})
    machine.write(project(">=2.0,!=2.4"), LOCK)
    found = machine.run("install", venv=machine.venv)
    assert "This project requires Poetry >=2.0,!=2.4, but you are using Poetry " in found.shown
    assert found.error is not None
    assert found.error.hint
    diagnosed = machine.run("doctor", venv=machine.venv)
    assert isinstance(diagnosed.error, DiagnosisError)
    assert "the project requires >=2.0,!=2.4, not " in diagnosed.shown


@pytest.mark.parametrize("wrote", ["2..1", MANY, f"2.5.{MANY}", "2.5.1~weird!"])
def test_a_lock_that_no_poetry_wrote(without_poetry: Machine, wrote: str) -> None:
    without_poetry.write(project(">=2.0,!=2.4"), LOCK, FIRST_LINE.replace("2.5.1", wrote))
    without_poetry.run("doctor", venv=without_poetry.venv)
    found = without_poetry.run("install", venv=without_poetry.venv)
    assert "requires Poetry" not in found.shown
    assert "uv provides it" in found.shown


def test_a_lock_that_another_poetry_wrote(without_poetry: Machine) -> None:
    without_poetry.write(project(">=2.0,!=2.4"), LOCK, FIRST_LINE.replace("2.5.1", "2.4.0"))
    found = without_poetry.run("install", venv=without_poetry.venv)
    assert "requires Poetry >=2.0,!=2.4, but you are using Poetry 2.4.0" in found.shown


@pytest.mark.parametrize("command", ["install", "doctor"])
@pytest.mark.parametrize("required", [">=abc", f">={MANY}"])
def test_what_cannot_be_required(machine: Machine, command: str, required: str) -> None:
    """It is named by its own key."""
    machine.equip()
    machine.write(project(required), LOCK)
    found = machine.run(command, venv=machine.venv)
    assert isinstance(found.error, InvalidDataError | DiagnosisError)
    assert "pyproject.toml: tool.poetry.requires-poetry: " in found.shown
    assert "requires-python" not in found.shown

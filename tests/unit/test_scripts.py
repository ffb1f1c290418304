"""The shell of scripts/, ci/ and shell/: every shell that may read a file understands it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = sorted([*REPOSITORY.glob("scripts/**/*.sh"), *REPOSITORY.glob("shell/*.sh")])


def shells(script: Path) -> tuple[str, ...]:
    if script.parent.name == "shell":
        return "bash", "zsh"
    is_bash = script.read_text("utf-8").startswith("#!/usr/bin/env bash")
    return ("bash",) if is_bash else ("sh", "dash", "bash")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_syntax(script: Path) -> None:
    for shell in filter(shutil.which, shells(script)):
        done = subprocess.run([shell, "-n", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_shellcheck() -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed")
    command = [shellcheck, "--exclude=SC1091", *map(str, SCRIPTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout

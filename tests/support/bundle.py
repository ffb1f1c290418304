"""`poetry bundle venv`: what Poetry itself makes of an environment that stands alone."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.projects import POETRY, Project
from support.sandbox import Sandbox, run

_PLUGIN = "poetry-plugin-bundle"


@dataclass(frozen=True)
class Bundler:
    """Poetry with poetry-plugin-bundle, which is in a folder of its own."""

    plugin: Path

    def bundle(self, project: Project, path: Path, sandbox: Sandbox, *options: str) -> Path:
        """Make the environment at `path`."""
        variables = {**sandbox.environ, "PYTHONPATH": str(self.plugin)}
        argv = [*POETRY, "bundle", "venv", str(path), "--no-interaction", "--no-ansi", *options]
        run(argv, variables, project.folder)
        return path


def bundler(folder: Path) -> Bundler:
    """Take the plugin from the index that pip and uv use here; skip where there is none."""
    argv = [sys.executable, "-m", "uv", "pip", "install", "-q", "--no-deps", "--target"]
    try:
        subprocess.run(
            [*argv, str(folder), _PLUGIN],
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"{_PLUGIN} cannot be had")
    return Bundler(folder)

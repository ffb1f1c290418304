"""A project on disk whose path holds a blank, in an exported requirements.txt."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hybrid_install.core.model import DirectorySource, normalize_name
from hybrid_install.core.requirements import DirectRequirement

_BACKEND = """\
import os


def prepare_metadata_for_build_editable(folder, settings=None):
    os.mkdir(os.path.join(folder, "a_b-1.0.dist-info"))
    with open(os.path.join(folder, "a_b-1.0.dist-info", "METADATA"), "w") as file:
        file.write("Metadata-Version: 2.1\\nName: a-b\\nVersion: 1.0\\n")
    return "a_b-1.0.dist-info"


def build_editable(folder, settings=None, metadata=None):
    raise NotImplementedError
"""


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_pip_and_uv_read_an_editable_line_alike(tool: str, tmp_path: Path) -> None:
    """Neither quotes nor backslashes mean the same to both."""
    folder = tmp_path / "a b"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "a-b"\nversion = "1.0"\n'
    )
    (folder / "backend.py").write_text(_BACKEND)
    (tmp_path / "in").mkdir()
    requirement = DirectRequirement(
        normalize_name("a-b"), "1.0", DirectorySource("../a b", str(folder)), None, develop=True
    )
    (tmp_path / "in" / "r.txt").write_text(f"{requirement.portable_line()}\n")
    programs = {"pip": ["-m", "pip"], "uv": ["-m", "uv", "pip"]}
    command = [sys.executable, *programs[tool], "install", "--dry-run", "--no-deps", "--no-index"]
    command += ["--target", str(tmp_path / "there"), "-r", "r.txt"]
    done = subprocess.run(command, cwd=tmp_path / "in", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"a[-_]b(-1\.0| @ file)", done.stdout + done.stderr)

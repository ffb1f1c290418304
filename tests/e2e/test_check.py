"""`check` and the hooks of pre-commit that call it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
from support import plain_yaml
from support.bare import REPOSITORY
from support.cli import HybridInstall
from support.lab import Lab, contents
from support.projects import POETRY, Project
from support.sandbox import run

# Whoever starts one of these fails.
NO_TOOLS = {
    "HYBRID_INSTALL_UV": "/nonexistent/uv",
    "HYBRID_INSTALL_POETRY": "/nonexistent/poetry",
}


def as_poetry_says(lab: Lab, project: Project) -> int:
    """`poetry check --lock`, whose own complaints about pyproject.toml are not about the lock."""
    result = run(
        [*POETRY, "check", "--lock", "--no-ansi"], lab.sandbox.environ, project.folder, check=False
    )
    return int("changed significantly" in result.stderr)


def test_fresh_and_stale(lab: Lab, standard: Project) -> None:
    """As Poetry judges; without an environment, a network, uv or Poetry."""
    lab.hybrid_install.environ({})
    before = contents(standard.folder)
    with lab.index.watched() as requests:
        result = lab.install(standard, "check", **NO_TOOLS)
        assert lab.install(standard, "check", "-q", **NO_TOOLS).output == ""
    assert not requests
    assert contents(standard.folder) == before
    assert "belongs to pyproject.toml (7 packages)" in result.stderr
    assert as_poetry_says(lab, standard) == 0

    # What the lock does not depend on.
    standard.edit("pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"')
    lab.install(standard, "check")
    assert as_poetry_says(lab, standard) == 0

    standard.edit("pyproject.toml", "alpha[fast]", "alpha")
    stale = lab.refuse(standard, "check", **NO_TOOLS)
    assert (
        "pyproject.toml changed significantly since poetry.lock was last generated." in stale.stderr
    )
    assert as_poetry_says(lab, standard) == 1


def test_no_lock(lab: Lab, standard: Project) -> None:
    standard.lock.unlink()
    assert "there is no poetry.lock" in lab.refuse(standard, "check").stderr


def test_the_files_of_several_projects(lab: Lab, standard: Project) -> None:
    """Each file stands for its folder; all that is wrong is told in one run."""
    for name in ("stale", "worse", "unlocked"):
        shutil.copytree(standard.folder, lab.folder / name)
    (lab.folder / "unlocked" / "poetry.lock").unlink()
    for name in ("stale", "worse"):
        path = lab.folder / name / "pyproject.toml"
        path.write_text(path.read_text().replace("alpha[fast]", "alpha"))
    own = standard.folder.name
    fresh = [f"{own}/poetry.lock", f"{own}/pyproject.toml", "unlocked/pyproject.toml"]

    lab.hybrid_install.succeeding("check", *fresh, cwd=lab.folder)
    stale = ["stale/poetry.lock", "worse/pyproject.toml"]
    result = lab.hybrid_install.refusing("check", *fresh, *stale, cwd=lab.folder)
    assert "stale/poetry.lock: pyproject.toml changed" in result.stderr
    assert "worse/poetry.lock: pyproject.toml changed" in result.stderr
    assert f"{own}/poetry.lock:" not in result.stderr.replace("belongs", "")


@pytest.mark.parametrize("path", ["pyproject.toml", "poetry.lock", "libs/a/poetry.lock"])
def test_the_hook_is_for_these_files(path: str) -> None:
    hooks = plain_yaml.load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"))
    [files] = [hook["files"] for hook in hooks if hook["id"] == "hybrid-install-lock"]
    assert re.search(files, path)
    assert not re.search(files, f"{path}.orig")


def test_the_hooks_run(lab: Lab, standard: Project) -> None:
    """Their entries are commands that there are. scripts/check-pre-commit.sh asks pre-commit."""
    for hook in plain_yaml.load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8")):
        name, *words = shlex.split(hook["entry"].removeprefix("env -u VIRTUAL_ENV "))
        assert name == "hybrid-install"
        assert hook["language"] == "python"
        files: list[str | Path] = [] if hook.get("pass_filenames") is False else ["poetry.lock"]
        command: HybridInstall = lab.hybrid_install
        command.succeeding(*words, *files, cwd=standard.folder)


def test_the_hook_s_own_environment_is_not_the_project_s(lab: Lab, tmp_path: Path) -> None:
    """`get_env_patch` (pre_commit/languages/python.py) activates it: it may be another Python's."""
    command = tmp_path / "hybrid-install"
    command.write_text('#!/bin/sh\necho "$1 in ${VIRTUAL_ENV-none}"\n')
    command.chmod(0o755)
    environ = {
        **lab.sandbox.environ,
        "VIRTUAL_ENV": "/hook",
        "PATH": f"{tmp_path}{os.pathsep}{lab.sandbox.environ['PATH']}",
    }
    hooks = plain_yaml.load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"))
    [entry] = [hook["entry"] for hook in hooks if hook["id"] == "hybrid-install-exports"]
    assert run(shlex.split(entry), environ, tmp_path).stdout == "export in none\n"

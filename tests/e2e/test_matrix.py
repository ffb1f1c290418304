"""Poetries and Pythons of other versions: `scripts/test-matrix.sh` brings them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from support.compare import assert_same, snapshot
from support.index import Source
from support.lab import Lab
from support.projects import POETRY, Project, write_files
from support.sandbox import run

pytestmark = pytest.mark.matrix

POETRIES = [Path(each) for each in os.environ.get("HYBRID_INSTALL_POETRIES", "").split(":") if each]
TARGETS = [Path(each) for each in os.environ.get("HYBRID_INSTALL_TARGETS", "").split(":") if each]

PYPROJECT = """\
[tool.poetry]
name = "acme-app"
version = "0.1.0"
description = ""
authors = ["A <a@example.invalid>"]
packages = [{{ include = "acme_app", from = "src" }}]

[tool.poetry.scripts]
acme-app = "acme_app:main"

[tool.poetry.dependencies]
python = ">=3.8"
alpha = {{ version = "*", extras = ["fast"] }}
delta = {{ version = "*", optional = true }}

[tool.poetry.extras]
more = ["delta"]

[tool.poetry.group.dev.dependencies]
echo-dev = "*"

[[tool.poetry.source]]
name = "shop"
url = "{url}"

[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""


def locked_by(poetry: Path, lab: Lab, shop: Source) -> Project:
    """A project as it has been written for years, with the lock that this Poetry writes."""
    spec = lab.spec("alpha", sources=(shop,))
    project = Project(lab.folder / "acme-app", spec)
    write_files(
        project.folder,
        {
            "src/acme_app/__init__.py": spec.code,
            "poetry.toml": "[virtualenvs]\nin-project = true\n",
            "pyproject.toml": PYPROJECT.format(url=lab.index.url(shop)),
        },
    )
    run([poetry, "lock", "--no-interaction"], lab.sandbox.environ, project.folder)
    return project


@pytest.mark.parametrize("poetry", POETRIES, ids=lambda path: path.parent.parent.name)
@pytest.mark.parametrize("options", [(), ("--extras", "more"), ("--without", "dev")])
def test_another_poetry_finishes(
    lab: Lab, shop: Source, poetry: Path, options: tuple[str, ...]
) -> None:
    """As this Poetry alone makes it, and it finds nothing left to do."""
    project = locked_by(poetry, lab, shop)
    copy = Project(lab.folder / "copy" / "acme-app", project.spec)
    shutil.copytree(project.folder, copy.folder)
    run([poetry, "install", *options, "--no-interaction"], lab.sandbox.environ, copy.folder)

    lab.install(project, *options, HYBRID_INSTALL_POETRY=str(poetry))

    # Each virtualenv brings pips and setuptools of its own time.
    seeds = ("pip", "setuptools", "wheel")
    theirs = snapshot(copy.venv, copy.folder).without(*seeds)
    assert_same(snapshot(project.venv, project.folder).without(*seeds), theirs)
    argv: list[str | Path] = [
        poetry,
        "install",
        *options,
        "--dry-run",
        "--no-interaction",
        "--no-ansi",
    ]
    said = run(argv, lab.sandbox.environ, project.folder).stdout
    assert "No dependencies to install or update" in said or "0 installs, 0 updates" in said


@pytest.mark.parametrize("python", TARGETS, ids=lambda path: path.name)
def test_a_python_for_the_target(lab: Lab, shop: Source, python: Path) -> None:
    """An environment of that Python is the one that Poetry makes of it."""
    project = lab.project(lab.spec("alpha[fast]", sources=(shop,), requires_python=">=3.8"))

    def make(copy: Project) -> None:
        run(_making(python, copy), lab.sandbox.environ, copy.folder)

    if _is_too_old_for_virtualenv(python):
        make(project)
    lab.install(project, "--python", str(python))

    seen = lab.assert_as_poetry_makes_it(project, before=make)
    assert {"alpha", "acme-app"} <= set(seen.distributions)
    assert (project.venv / "bin" / python.name).exists()


def _making(python: Path, project: Project) -> list[str | Path]:
    if _is_too_old_for_virtualenv(python):
        return [python, "-m", "venv", project.venv]
    return [*POETRY, "env", "use", python]


def _is_too_old_for_virtualenv(python: Path) -> bool:
    """Poetry can install into an environment of 3.8 and cannot make one any more."""
    return python.name == "python3.8"

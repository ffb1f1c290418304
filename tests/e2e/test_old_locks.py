"""Locks that Poetry 1.0.10, 1.1.15 and 1.8.5 wrote: the same environment as by today's Poetry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.index import Source
from support.lab import Lab
from support.projects import Project, Spec, write_files
from support.venvs import launch
from support.wheels import Release, Sdist, Wheel, sha256, source_tree

pytestmark = pytest.mark.extended

LOCKS = Path(__file__).parent / "old_locks"
IN_FOLDER = Release("in-folder", "1.7")
WHEEL_FILE = Wheel(Release("wheel-file", "1.5"))
BEHIND_URL = Wheel(Release("behind-url", "1.2"))
SDIST_ONLY = Sdist(Release("sdist-only", "1.3"))

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
charlie-tools = "*"
sdist-only = "*"
delta = {{ version = "*", optional = true }}
in-folder = {{ path = "vendor/in-folder", develop = false }}
wheel-file = {{ path = "vendor/{wheel}" }}
behind-url = {{ url = "{url}" }}

[tool.poetry.extras]
more = ["delta"]

[tool.poetry.dev-dependencies]
echo-dev = "*"

[[tool.poetry.source]]
name = "shop"
url = "{shop}"

[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""


@pytest.fixture
def old_shop(lab: Lab, shop: Source) -> Source:
    """The standard shop's wheels and what the old locks name besides."""
    return lab.source(*shop.archives.values(), BEHIND_URL, SDIST_ONLY)


def old_project(lab: Lab, shop: Source, version: str) -> Project:
    """The lock as it was written, but for this index's port and this machine's archives."""
    imports = ("alpha", "bravo", "golf", "sdist_only", "in_folder", "wheel_file", "behind_url")
    spec = Spec({"shop": lab.index.url(shop)}, imports=imports)
    project = Project(lab.folder / "acme-app", spec)
    folder = {f"vendor/in-folder/{path}": text for path, text in source_tree(IN_FOLDER).items()}
    write_files(
        project.folder,
        {
            **folder,
            f"vendor/{WHEEL_FILE.filename}": WHEEL_FILE.content,
            "src/acme_app/__init__.py": spec.code,
            "poetry.toml": "[virtualenvs]\nin-project = true\n",
            "pyproject.toml": PYPROJECT.format(
                wheel=WHEEL_FILE.filename,
                url=lab.index.file_url(shop, BEHIND_URL),
                shop=lab.index.url(shop),
            ),
        },
    )
    lock = (LOCKS / f"{version}.lock").read_text("utf-8")
    lock = lock.replace("http://127.0.0.1:0/shop", f"{lab.index.address}/{shop.name}")
    for archive in (*shop.archives.values(), WHEEL_FILE):
        pattern = rf'("{re.escape(archive.filename)}", hash = "sha256:)[0-9a-f]+'
        lock = re.sub(pattern, rf"\g<1>{sha256(archive.content)}", lock)
    project.lock.write_text(lock, "utf-8")
    lab.locksmith.declare_fresh(project)
    return project


@pytest.mark.parametrize("version", ["1.0", "1.1", "2.0"])
def test_a_lock_of_an_older_poetry(lab: Lab, old_shop: Source, version: str) -> None:
    """Only a url without a hash is left to Poetry: before 2.0 no lock has one."""
    project = old_project(lab, old_shop, version)
    assert f'lock-version = "{version}"' in project.lock.read_text("utf-8")
    lab.environ["POETRY_INSTALLER_PARALLEL"] = "false"
    for options in ((), ("--without", "dev"), ("--extras", "more")):
        lab.install(project, "--sync", *options)
        seen = lab.assert_as_poetry_makes_it(project, *options, command="sync")
        others = {each.name for each in seen.distributions.values() if each.installer != "uv"}
        left = {"behind-url"} if version < "2.0" else set()
        assert others - {"acme-app", "pip"} == left
    said = launch(project.venv, "acme-app", lab.sandbox).stdout
    assert "behind_url 1.2 plain" in said
    assert "sdist_only 1.3 plain" in said

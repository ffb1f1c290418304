"""Projects of every kind: what Poetry binds, what it refuses, and that we do the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import tomlkit
from support.index import Source
from support.lab import Lab
from support.projects import Project
from support.rebuilt import with_dependencies
from support.wheels import Release, Wheel

Change = Callable[[tomlkit.TOMLDocument], object]


def changed(lab: Lab, project: Project, change: Change, **files: str) -> Project:
    """pyproject.toml with a change that its lock does not mind."""
    document = tomlkit.parse(project.pyproject.read_text("utf-8"))
    change(document)
    project.pyproject.write_text(tomlkit.dumps(document), "utf-8")
    for name, text in files.items():
        (project.folder / name.replace("__", ".")).write_text(text, "utf-8")
    lab.locksmith.declare_fresh(project)
    return project


def dynamic_version(document: tomlkit.TOMLDocument) -> None:
    del document["project"]["version"]
    document["project"]["dynamic"] = ["version"]
    document["tool"]["poetry"]["version"] = "3.2.1"


def foreign_backend(document: tomlkit.TOMLDocument) -> None:
    document["build-system"] = {"requires": ["flit-core"], "build-backend": "flit_core.buildapi"}


def no_backend(document: tomlkit.TOMLDocument) -> None:
    del document["build-system"]


def file_script(document: tomlkit.TOMLDocument) -> None:
    script = {"reference": "tool.sh", "type": "file"}
    document["tool"]["poetry"]["scripts"] = {"tool": script}


def entry_points(document: tomlkit.TOMLDocument) -> None:
    document["project"]["entry-points"] = {"acme.plugins": {"first": "acme_app:main"}}
    document["project"]["gui-scripts"] = {"acme-window": "acme_app:main"}


def plugins(document: tomlkit.TOMLDocument) -> None:
    document["tool"]["poetry"]["plugins"] = {"acme.plugins": {"first": "acme_app:main"}}


KINDS: dict[str, tuple[Change, dict[str, str]]] = {
    "dynamic version": (dynamic_version, {}),
    "another backend": (foreign_backend, {}),
    "no backend": (no_backend, {}),
    "file script": (file_script, {"tool__sh": "#!/bin/sh\necho a file\n"}),
    "entry points": (entry_points, {}),
    "plugins": (plugins, {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_projects_that_poetry_binds(lab: Lab, standard: Project, kind: str) -> None:
    change, files = KINDS[kind]
    project = changed(lab, standard, change, **files)
    lab.install(project, "--strict")
    seen = lab.assert_as_poetry_makes_it(project)
    assert seen.distributions["acme-app"].installer != "uv"


def test_a_build_script(lab: Lab) -> None:
    """It runs in an environment of its own, whose requirements come from the project's sources."""
    source = lab.source(Wheel(Release("alpha")), *with_dependencies("poetry-core"))
    project = lab.project(lab.spec("alpha", sources=(source,), imports=("alpha",)))

    def with_script(document: tomlkit.TOMLDocument) -> None:
        document["tool"]["poetry"]["build"] = {"script": "make.py", "generate-setup-file": False}

    script = "from pathlib import Path\nPath('src/acme_app/made.py').write_text('MADE = 1')\n"
    changed(lab, project, with_script, make__py=script)
    lab.install(project, "--strict")
    assert (project.folder / "src/acme_app/made.py").is_file()
    lab.assert_as_poetry_makes_it(project)


def missing_readme(document: tomlkit.TOMLDocument) -> None:
    document["project"]["readme"] = "README.md"


def missing_package(document: tomlkit.TOMLDocument) -> None:
    document["tool"]["poetry"]["packages"] = [{"include": "not_there", "from": "src"}]


def bad_script(document: tomlkit.TOMLDocument) -> None:
    document["project"]["scripts"] = {"acme": "acme_app"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (missing_readme, "README.md"),
        (missing_package, "not_there"),
        (bad_script, "acme"),
    ],
)
def test_projects_that_poetry_cannot_bind(
    lab: Lab, standard: Project, change: Change, words: str
) -> None:
    """Poetry's words, our hint; what uv has installed stays for the next try."""
    project = changed(lab, standard, change)
    refused = lab.refuse(project)
    assert words in refused.stderr
    assert "error: Poetry failed with exit code 1" in refused.stderr
    assert "hint: mend the cause and run the same command again" in refused.stderr


def test_another_poetry_is_required(lab: Lab, standard: Project) -> None:
    standard.edit(
        "pyproject.toml",
        "[build-system]",
        '[tool.poetry]\nrequires-poetry = ">=99"\n[build-system]',
    )
    refused = lab.refuse(standard)
    assert "This project requires Poetry >=99, but you are using Poetry" in refused.stderr
    assert not standard.venv.exists()


def test_plugins_that_the_project_requires(lab: Lab, standard: Project) -> None:
    """Poetry sees to them before anything else, unless it is told not to."""
    pytest.importorskip("poetry_plugin_pypi_mirror", reason="the plugin is not installed here")
    required = '[tool.poetry.requires-plugins]\n{} = "*"\n[build-system]'
    standard.edit("pyproject.toml", "[build-system]", required.format("poetry-plugin-pypi-mirror"))
    lab.install(standard, "--strict")
    lab.assert_as_poetry_makes_it(standard)

    standard.edit("pyproject.toml", "poetry-plugin-pypi-mirror", "acme-plugin")
    refused = lab.refuse(standard)
    assert "acme-plugin" in refused.stderr
    assert "error: Poetry failed with exit code 1" in refused.stderr
    lab.install(standard, "--no-plugins", "--strict")


def test_all_groups_without_directories(lab: Lab, standard: Project) -> None:
    lab.install(standard, "--all-groups", "--all-extras", "--no-directory", "--strict")
    lab.assert_as_poetry_makes_it(standard, "--all-groups", "--all-extras", "--no-directory")


def test_without_package_mode_nothing_is_bound(lab: Lab, shop: Source) -> None:
    project = lab.project(lab.spec("alpha", sources=(shop,), package_mode=False))
    lab.install(project, "--strict")
    lab.assert_as_poetry_makes_it(project)

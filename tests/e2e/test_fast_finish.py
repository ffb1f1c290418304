"""`--finish poetry-core`: the project bound in the files that Poetry leaves, without any Poetry."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable, Mapping

import pytest
import tomlkit
from support.bound import bound
from support.cli import CommandLines, HybridInstall
from support.compare import assert_same, site_packages, snapshot, versions
from support.index import Source
from support.lab import Lab
from support.poetry_in_process import content_hash
from support.projects import POETRY, Project, Spec, write_files
from support.sandbox import run
from support.shapes import SHAPES
from support.venvs import install_wheels, launch
from support.wheels import Release, Wheel

from hybrid_install.core.deferral import Deferral

pytestmark = pytest.mark.extended

FAST = ("--finish", "poetry-core")

Change = Callable[[tomlkit.TOMLDocument], object]


def shaped(lab: Lab, shape: str) -> Project:
    """A project of that shape, with a lock of nothing."""
    folder = lab.folder / "projekt ü"
    empty = lab.locksmith.project(
        Spec({}, name="acme", requires_python=">=3.9"), lab.folder / "empty"
    )
    write_files(folder, {**SHAPES[shape], "poetry.toml": "[virtualenvs]\nin-project = true\n"})
    shutil.copy(empty.lock, folder)
    project = Project(folder, empty.spec)
    hashes = [
        content_hash(tomllib.loads(each.pyproject.read_text("utf-8"))) for each in (empty, project)
    ]
    project.edit("poetry.lock", *hashes)
    return project


def run_poetry(lab: Lab, project: Project, *options: str) -> None:
    argv = [*POETRY, "install", "--no-interaction", "--no-ansi", *options]
    run(argv, lab.sandbox.environ, project.folder)


@pytest.mark.parametrize("shape", ["commands", "legacy metadata", "odd names"])
def test_the_files_that_poetry_leaves(lab: Lab, shape: str) -> None:
    """In the same place, so that they are equal to the byte."""
    project = shaped(lab, shape)
    run_poetry(lab, project)
    theirs, seen = bound(project.venv), snapshot(project.venv, project.folder)
    shutil.rmtree(project.venv)

    result = lab.install(project, *FAST, "--strict")

    assert bound(project.venv) == theirs
    ours = snapshot(project.venv, project.folder)
    assert (ours.versions, ours.strays) == (seen.versions, seen.strays)
    assert "binding the project" in result.stderr
    lab.hybrid_install.succeeding("verify", "--deep", cwd=project.folder)


def test_commands_that_poetry_leaves_out_are_named(lab: Lab) -> None:
    result = lab.install(shaped(lab, "legacy metadata"), *FAST)
    assert "File script acme-lost references bin/lost.sh which does not exist" in result.stderr
    assert "File script acme-folder references bin which is not a file" in result.stderr


def test_a_project_with_dependencies(lab: Lab, standard: Project) -> None:
    with CommandLines.watched(str(lab.folder)) as lines:
        lab.install(standard, *FAST, "--all-extras", "--with", "docs", "--strict")
    assert not [line for line in lines.seen if "poetry install" in line]
    lab.assert_as_poetry_makes_it(standard, "--all-extras", "--with", "docs")
    said = launch(standard.venv, "acme-app", lab.sandbox).stdout
    assert "alpha 1.0 plain" in said

    lab.install(standard, *FAST, "--sync")
    lab.assert_as_poetry_makes_it(standard, command="sync")


def test_a_machine_without_poetry_and_network(
    lab: Lab, standard: Project, without_poetry: HybridInstall
) -> None:
    lab.hybrid_install.succeeding("download", cwd=standard.folder)
    unshare = [*("unshare", "--map-root-user", "--net", "--")]
    if run([*unshare, "true"], {}, lab.folder, check=False).exit_code != 0:
        pytest.skip("this machine lets nobody make a network namespace")
    argv = without_poetry.argv((*FAST, "--offline", "--find-links", "wheelhouse"))
    run([*unshare, *argv], without_poetry.environ({}), standard.folder)
    lab.assert_as_poetry_makes_it(standard)
    without_poetry.succeeding("verify", "--deep", cwd=standard.folder)


def test_settings_and_variables(lab: Lab, standard: Project, without_poetry: HybridInstall) -> None:
    """The variable over the table, the option over both."""
    standard.edit(
        "pyproject.toml",
        "[build-system]",
        '[tool.hybrid-install]\nfinish = "poetry"\n[build-system]',
    )
    variables = {"HYBRID_INSTALL_FINISH": "poetry-core", "UV_DEFAULT_INDEX": "http://127.0.0.1:1/"}
    without_poetry.succeeding(cwd=standard.folder, **variables)
    lab.assert_as_poetry_makes_it(standard)

    refused = without_poetry.refusing("--finish", "poetry", cwd=standard.folder, **variables)
    assert "there is no Poetry on this machine" in refused.stderr


def dist_infos(project: Project) -> list[str]:
    return sorted(
        info.name for site in site_packages(project.venv) for info in site.glob("acme_app[-.]*")
    )


def test_an_earlier_binding_is_removed(lab: Lab, standard: Project) -> None:
    """Poetry's, a wheel's, our own of another version and with other commands."""
    lab.install(standard, "--no-editable")
    lab.install(standard, *FAST)
    assert dist_infos(standard) == ["acme_app-0.1.0.dist-info", "acme_app.pth"]

    run_poetry(lab, standard)
    standard.edit("pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"')
    standard.edit("pyproject.toml", "acme-app =", "acme-new =")
    lab.install(standard, *FAST)
    by_us = bound(standard.venv)
    assert not (standard.venv / "bin" / "acme-app").exists()
    assert dist_infos(standard) == ["acme_app-0.2.0.dist-info", "acme_app.pth"]

    run_poetry(lab, standard)
    assert bound(standard.venv) == by_us
    lab.install(standard, *FAST)
    assert bound(standard.venv) == by_us
    lab.assert_as_poetry_makes_it(standard)
    assert dist_infos(standard) == ["acme_app-0.2.0.dist-info", "acme_app.pth"]


def test_a_wheel_of_the_project(lab: Lab, standard: Project) -> None:
    run_poetry(lab, standard)
    before = {path for path in standard.folder.rglob("*") if ".venv" not in path.parts}
    lab.install(standard, *FAST, "--no-editable", "--strict")
    ours = snapshot(standard.venv, standard.folder)
    lab.hybrid_install.succeeding("verify", "--deep", "--no-editable", cwd=standard.folder)
    assert {path for path in standard.folder.rglob("*") if ".venv" not in path.parts} == before

    lab.install(standard, "--no-editable", "--strict")
    assert_same(ours, snapshot(standard.venv, standard.folder))


def test_an_environment_for_any_place(lab: Lab, standard: Project) -> None:
    lab.install(standard, *FAST, "--relocatable")
    moved = standard.venv.rename(lab.folder / "moved")
    shutil.rmtree(standard.folder)
    assert "alpha 1.0 plain" in launch(moved, "acme-app", lab.sandbox).stdout


def test_what_is_provided_stays(lab: Lab, standard: Project) -> None:
    """Another version than the locked one is what Poetry alone would replace."""
    lab.install(standard, *FAST)
    install_wheels(standard.venv, [Wheel(Release("golf", "6.0"))], lab.sandbox)
    before = bound(standard.venv)
    lab.install(standard, *FAST, "--provided", "golf", "--provided-mismatch", "warn")
    assert versions(standard.venv)["golf"] == "6.0"
    assert bound(standard.venv) == before


def test_without_package_mode_there_is_nothing_to_bind(lab: Lab, shop: Source) -> None:
    project = lab.project(lab.spec("alpha", sources=(shop,), package_mode=False))
    lab.install(project, *FAST, "--strict")
    lab.assert_as_poetry_makes_it(project)


def build_script(document: tomlkit.TOMLDocument) -> None:
    document["tool"]["poetry"]["build"] = {"script": "make.py"}


def build_script_alone(document: tomlkit.TOMLDocument) -> None:
    document["tool"]["poetry"]["build"] = "make.py"


def plugins(document: tomlkit.TOMLDocument) -> None:
    document["tool"]["poetry"]["requires-plugins"] = {"acme-plugin": "*"}


def dynamic_versioning(document: tomlkit.TOMLDocument) -> None:
    document["tool"]["poetry-dynamic-versioning"] = {"enable": True}


def foreign_backend(document: tomlkit.TOMLDocument) -> None:
    document["build-system"] = {"requires": ["flit-core"], "build-backend": "flit_core.buildapi"}


def backend_of_its_own(document: tomlkit.TOMLDocument) -> None:
    document["build-system"]["backend-path"] = ["."]


def newer_poetry_core(document: tomlkit.TOMLDocument) -> None:
    document["build-system"]["requires"] = ["poetry-core>=99"]


def missing_readme(document: tomlkit.TOMLDocument) -> None:
    document["project"]["readme"] = "README.md"


def missing_package(document: tomlkit.TOMLDocument) -> None:
    document["tool"]["poetry"]["packages"] = [{"include": "not_there", "from": "src"}]


def bad_script(document: tomlkit.TOMLDocument) -> None:
    document["project"]["scripts"] = {"acme": "acme_app"}


def script_elsewhere(document: tomlkit.TOMLDocument) -> None:
    document["project"]["scripts"] = {"../../acme": "acme_app:main"}


REFUSED: Mapping[str, tuple[Change, str]] = {
    "build script": (build_script, "it has a build script ([tool.poetry.build])"),
    "build script alone": (build_script_alone, "it has a build script ([tool.poetry.build])"),
    "plugins": (plugins, "it requires plugins of Poetry: acme-plugin"),
    "dynamic version": (dynamic_versioning, "[tool.poetry-dynamic-versioning]"),
    "another backend": (foreign_backend, "its build backend is flit_core.buildapi"),
    "a backend of its own": (backend_of_its_own, "its build backend is poetry.core.masonry.api"),
    "poetry-core": (newer_poetry_core, "its build requires poetry-core>=99"),
    "readme": (missing_readme, "README.md"),
    "package": (missing_package, "not_there"),
    "script": (bad_script, "Bad script (acme)"),
    "script elsewhere": (script_elsewhere, "'../../acme'"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_projects_that_are_refused(lab: Lab, standard: Project, kind: str) -> None:
    """Before anything is made, and only where the project is to be bound."""
    change, words = REFUSED[kind]
    document = tomlkit.parse(standard.pyproject.read_text("utf-8"))
    change(document)
    standard.pyproject.write_text(tomlkit.dumps(document), "utf-8")

    refused = lab.refuse(standard, *FAST)

    assert words in refused.stderr
    assert "hint:" in refused.stderr
    assert not standard.venv.exists()
    if kind == "build script":
        lab.install(standard, *FAST, "--no-root")
        assert "alpha" in versions(standard.venv)


def test_without_plugins_none_is_in_the_way(lab: Lab, standard: Project) -> None:
    document = tomlkit.parse(standard.pyproject.read_text("utf-8"))
    plugins(document)
    dynamic_versioning(document)
    standard.pyproject.write_text(tomlkit.dumps(document), "utf-8")
    lab.install(standard, *FAST, "--no-plugins")


def test_what_is_left_to_poetry_is_refused(lab: Lab) -> None:
    source = lab.source(Wheel(Release("alpha")))
    spec = lab.spec("alpha", sources=(source,))
    project = lab.project(spec)
    lock = tomlkit.parse(project.lock.read_text("utf-8"))
    (entry,) = lock["package"]
    entry["files"] = []
    project.lock.write_text(tomlkit.dumps(lock), "utf-8")

    refused = lab.refuse(project, *FAST)

    assert "only Poetry can install\n  alpha 1.0: the lock holds no hashes for it" in refused.stderr
    assert "hint: `--finish poetry`, the default," in refused.stderr
    assert not project.venv.exists()
    assert "left to Poetry" in lab.install(project, *FAST, "--dry-run").stdout


def test_what_turns_out_to_be_left_to_poetry_is_refused(lab: Lab) -> None:
    """The indexes say so, after the environment was made and before anything is in it."""
    files = [Wheel(Release("bravo"), tag=tag) for tag in ("py311-none-any", "py2.py3-none-any")]
    source = lab.source(Wheel(Release("bravo")), *files)
    project = lab.project(lab.spec("bravo", sources=(source,)))
    source.yanked.add(files[0].filename)

    refused = lab.refuse(project, *FAST)

    assert f"only Poetry can install\n  bravo 1.0: {Deferral.EQUAL_FILES.value}" in refused.stderr
    assert versions(project.venv).keys() <= {"pip"}


def test_a_run_that_is_poetrys_is_refused(lab: Lab, standard: Project) -> None:
    variables = {"POETRY_VIRTUALENVS_OPTIONS_ALWAYS_COPY": "true"}
    refused = lab.refuse(standard, *FAST, **variables)
    assert "the whole run is Poetry's: virtualenvs.options ask" in refused.stderr
    assert not standard.venv.exists()

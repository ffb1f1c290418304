"""Without an environment of its own: `virtualenvs.create = false`, and the system's packages."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support.cli import HybridInstall
from support.compare import Snapshot, assert_same, site_packages, snapshot, versions
from support.interpreters import copy_interpreter, poetry_run_by, put_into
from support.lab import Lab
from support.projects import Project
from support.sandbox import Result, run
from support.venvs import install_wheels, make_with_virtualenv
from support.wheels import Release, Wheel
from uv import find_uv_bin

from hybrid_install.core.deferral import Deferral

pytestmark = pytest.mark.extended

OUR_DEPENDENCIES = ("typer", "sh", "tomllib")
"""Those that Poetry does not need too."""

COMMANDS = {False: "install", True: "sync"}


@dataclass(frozen=True)
class Machine:
    """An interpreter with a Poetry of its own and a copy of the project, as in a small image."""

    lab: Lab
    prefix: Path
    project: Project
    poetry: Path

    @property
    def variables(self) -> dict[str, str]:
        """`python` on PATH is another one: it is not asked."""
        return {
            "POETRY_VIRTUALENVS_CREATE": "false",
            "POETRY_VIRTUALENVS_IN_PROJECT": "false",
            "HYBRID_INSTALL_POETRY": str(self.poetry),
        }

    def install(self, *options: str) -> Result:
        """By us."""
        return self.lab.install(self.project, *options, **self.variables)

    def run_poetry(self, *arguments: str) -> str:
        """By Poetry alone."""
        environ = {**self.lab.sandbox.environ, **self.variables}
        argv: list[str | Path] = [self.poetry, *arguments, "--no-interaction", "--no-ansi"]
        return run(argv, environ, self.project.folder).output

    def seen(self) -> Snapshot:
        """What is in the interpreter's library now."""
        return snapshot(self.prefix, self.project.folder)


Make = Callable[..., Machine]


@pytest.fixture
def machine(lab: Lab, standard: Project) -> Make:
    """Makes machines that are alike."""

    def make(name: str, *, externally_managed: bool = False) -> Machine:
        root = lab.folder / name
        python = copy_interpreter(root / "python", externally_managed=externally_managed)
        poetry = poetry_run_by(python, root / "poetry", lab.sandbox)
        shutil.copytree(standard.folder, root / "project")
        (root / "project" / "poetry.toml").unlink()
        project = Project(root / "project", standard.spec)
        return Machine(lab, root / "python", project, poetry)

    return make


def assert_alike(ours: Machine, twin: Machine, command: str = "install") -> Snapshot:
    """The same as in the twin that Poetry has filled, and Poetry finds nothing to do."""
    seen = ours.seen()
    assert_same(seen, twin.seen())
    again = ours.run_poetry(command, "--dry-run")
    assert "No dependencies to install or update" in again or "0 installs, 0 updates" in again
    return seen


@pytest.mark.parametrize("externally_managed", [False, True])
def test_poetry_s_own_interpreter(machine: Make, externally_managed: bool) -> None:
    """The one below the environment that Poetry lives in, whoever manages it."""
    ours = machine("ours", externally_managed=externally_managed)
    twin = machine("twin", externally_managed=externally_managed)

    result = ours.install()
    twin.run_poetry("install")

    seen = assert_alike(ours, twin)
    assert {"alpha", "bravo", "acme-app"} <= seen.distributions.keys()
    assert {each.installer for name, each in seen.distributions.items() if name != "acme-app"} == {
        "uv"
    }
    assert "virtualenvs.create is false" in result.stderr
    assert not list(ours.project.folder.glob(".venv"))


def test_poetry_core_binds_the_project_there_too(machine: Make) -> None:
    """As an image without Poetry has it; what Poetry replaces there is refused."""
    ours, twin = machine("ours"), machine("twin")

    ours.install("--finish", "poetry-core", "--strict")
    twin.run_poetry("install")

    seen = assert_alike(ours, twin)
    said = run([ours.prefix / "bin" / "acme-app"], ours.lab.sandbox.environ, ours.lab.folder)
    assert "alpha 1.0 plain" in said.stdout

    install_wheels(ours.prefix, [Wheel(Release("golf", "6.0"))], ours.lab.sandbox)
    before = ours.seen()
    variables = {**ours.variables, "HYBRID_INSTALL_FINISH": "poetry-core"}
    refused = ours.lab.refuse(ours.project, **variables)
    assert f"golf 7.0: {Deferral.OWN_INTERPRETER.value}" in refused.stderr
    assert ours.seen() == before != seen


@pytest.mark.parametrize("syncs", [False, True])
def test_what_is_there_is_replaced_and_removed_by_poetry(machine: Make, syncs: bool) -> None:
    """It may be what Poetry is made of, or we."""
    ours, twin = machine("ours"), machine("twin")
    for each in (ours, twin):
        put_into(each.prefix / "bin" / "python", ["pip"], each.lab.sandbox)
        before = [Wheel(Release("golf", "6.0")), Wheel(Release("zulu", "3.0"))]
        install_wheels(each.prefix, before, each.lab.sandbox)

    result = ours.install(*(["--sync"] if syncs else []))
    twin.run_poetry(COMMANDS[syncs])

    seen = assert_alike(ours, twin, COMMANDS[syncs])
    assert ("zulu" in seen.distributions) is not syncs
    assert seen.distributions["golf"].installer == f"Poetry {_poetry_version()}"
    assert "left to Poetry" in result.stderr
    assert "to remove" not in result.stderr
    assert "Poetry changed what uv" not in result.stderr


def test_poetry_and_we_live_in_it(lab: Lab) -> None:
    """A small image: one interpreter for all. The lock replaces what one of us is made of."""
    shellingham = Wheel(Release("shellingham", "0.9", flavour="theirs"))
    source = lab.source(Wheel(Release("alpha")), shellingham)
    standard = lab.project(lab.spec("alpha", "shellingham", sources=(source,)))
    (standard.folder / "poetry.toml").unlink()
    seen = []
    for name in ("ours", "twin"):
        python = copy_interpreter(lab.folder / name / "python")
        put_into(python, ["poetry", *OUR_DEPENDENCIES], lab.sandbox)
        shutil.copytree(standard.folder, lab.folder / name / "project")
        project = Project(lab.folder / name / "project", standard.spec)
        [launcher] = (lab.folder / name / "python").glob("**/bin/poetry")
        machine = Machine(lab, lab.folder / name / "python", project, launcher)
        if name == "ours":
            variables = {**machine.variables, "HYBRID_INSTALL_UV": find_uv_bin()}
            command = HybridInstall(lab.sandbox, python)
            result = command.succeeding(cwd=project.folder, **variables)
        else:
            machine.run_poetry("install")
        seen.append(machine.seen())

    assert_same(*seen)
    assert seen[0].versions["shellingham"] == "0.9"
    assert seen[0].distributions["alpha"].installer == "uv"
    assert "1 to install, 1 left to Poetry" in result.stderr


def test_an_installation_that_was_cut_off_is_mended_there_too(machine: Make) -> None:
    ours = machine("ours")
    ours.install()
    whole = ours.seen()
    [info] = (
        info for site in site_packages(ours.prefix) for info in site.glob("bravo-1.2.dist-info")
    )
    (info / "INSTALLER").unlink()
    (info.parent / "bravo" / "__init__.py").unlink()

    ours.install()

    assert_same(ours.seen(), whole)


def test_another_python_cannot_be_asked_for(machine: Make) -> None:
    ours = machine("ours")

    result = ours.lab.refuse(ours.project, "--python", "3.5", **ours.variables)

    assert "Poetry's interpreter in" in result.stderr


@pytest.mark.parametrize("exists", [False, True])
def test_an_environment_that_includes_the_system_s_packages(
    lab: Lab, standard: Project, exists: bool
) -> None:
    """The right version is kept, a wrong one hidden by a right one, and none of them removed."""
    python = copy_interpreter(lab.folder / "system")
    system = [Wheel(Release(name, "3.0")) for name in ("golf", "zulu")]
    right = Wheel(Release("delta", "0.3"))
    right_too = Wheel(Release("Charlie.Tools", "2.0"))
    install_wheels(lab.folder / "system", [*system, right, right_too], lab.sandbox)
    variables = {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "POETRY_VIRTUALENVS_OPTIONS_SYSTEM_SITE_PACKAGES": "true",
    }
    lab.environ.update(variables)
    sandbox = replace(lab.sandbox, bin=python.parent)

    def fill(project: Project) -> None:
        if exists:
            make_with_virtualenv(project.venv, sandbox, "--system-site-packages")
            install_wheels(project.venv, [Wheel(Release("yankee", "1.0"))], lab.sandbox)

    fill(standard)
    result = lab.install(standard, "--sync", **variables)

    seen = lab.assert_as_poetry_makes_it(standard, command="sync", before=fill)
    assert {"golf", "alpha", "acme-app"} <= seen.distributions.keys()
    assert {"charlie-tools", "zulu", "yankee"}.isdisjoint(seen.distributions)
    assert versions(lab.folder / "system").items() >= {"golf": "3.0", "zulu": "3.0"}.items()
    assert "whole run" not in result.stderr
    config = (standard.venv / "pyvenv.cfg").read_text("utf-8")
    assert "include-system-site-packages = true" in config
    code = "import golf, charlie_tools, alpha"
    run([standard.venv / "bin" / "python", "-c", code], lab.sandbox.environ, lab.folder)


def _poetry_version() -> str:
    from poetry.__version__ import __version__

    return __version__

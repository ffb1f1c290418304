"""Environments that others made are used as they are; whatever is wrong in them is mended."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from support.compare import snapshot, versions
from support.git import commit_files
from support.lab import Lab, contents
from support.projects import Project, write_files
from support.sandbox import run
from support.venvs import install_wheels, launch, make_with_venv, make_with_virtualenv
from support.wheels import Release, Wheel

SEEDS = ("pip", "setuptools", "wheel")


def test_an_environment_made_by_venv_in_the_project(lab: Lab, standard: Project) -> None:
    make_with_venv(standard.venv, lab.sandbox)
    seeds = versions(standard.venv)
    made = (standard.venv / "pyvenv.cfg").read_bytes()
    assert "pip" in seeds

    lab.install(standard)

    assert (standard.venv / "pyvenv.cfg").read_bytes() == made
    seen = lab.assert_as_poetry_makes_it(standard, apart_from=SEEDS)
    assert seeds.items() <= seen.versions.items()


def test_the_active_environment_made_by_virtualenv(lab: Lab, standard: Project) -> None:
    """It is used even where the project has one of its own."""
    active = make_with_virtualenv(lab.folder / "active", lab.sandbox)
    make_with_virtualenv(standard.venv, lab.sandbox, "--no-pip")
    unused = contents(standard.venv)

    lab.install(standard, VIRTUAL_ENV=str(active))

    lab.assert_as_poetry_makes_it(standard, venv=active)
    assert contents(standard.venv) == unused


def test_a_named_environment_that_exists(lab: Lab, standard: Project) -> None:
    named = make_with_venv(lab.folder / "named env", lab.sandbox, "--without-pip")

    lab.install(standard, "--venv", named)

    seen = lab.assert_as_poetry_makes_it(standard, venv=named, apart_from=("pip",))
    assert "pip" not in seen.distributions
    assert not standard.venv.exists()
    # Poetry's launcher of the root does not start by itself where the path has a blank.
    argv = [named / "bin" / "python", named / "bin" / "acme-app"]
    assert run(argv, lab.sandbox.environ, lab.folder).stdout.startswith("alpha 1.0")


def test_a_named_environment_that_is_missing(lab: Lab, standard: Project) -> None:
    lab.install(standard, "--venv", Path("..") / "made")

    lab.assert_as_poetry_makes_it(standard, venv=lab.folder / "made")
    assert not standard.venv.exists()


def test_poetry_s_own_place(lab: Lab, standard: Project) -> None:
    """Without an environment in the project: the very one that Poetry finds by itself."""
    (standard.folder / "poetry.toml").unlink()

    lab.install(standard)

    [made] = lab.sandbox.folder("poetry-cache/virtualenvs").glob("acme-app-*")
    seen = snapshot(made, standard.folder)
    assert "alpha" in seen.distributions
    lab.assert_poetry_finds_nothing_to_do(standard)
    assert not standard.venv.exists()


def test_a_broken_environment_is_made_anew(lab: Lab, standard: Project) -> None:
    make_with_virtualenv(standard.venv, lab.sandbox)
    for python in (standard.venv / "bin").glob("python*"):
        python.unlink()

    lab.install(standard)

    lab.assert_as_poetry_makes_it(standard)


def test_a_folder_with_other_things_in_it_is_no_environment(lab: Lab, standard: Project) -> None:
    folder = lab.folder / "precious"
    write_files(folder, {"thesis.txt": "all of it"})

    result = lab.refuse(standard, "--venv", folder)
    assert str(folder) in result.stderr
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_a_leftover_in_src_is_poetry_s_to_clear_away(lab: Lab, standard: Project) -> None:
    """Poetry takes the package for a git dependency, and would install it again on each run."""

    def fill(project: Project) -> None:
        make_with_virtualenv(project.venv, lab.sandbox, "--no-pip")
        install_wheels(project.venv, [Wheel(Release("golf", "7.0"))], lab.sandbox)
        commit_files(project.venv / "src" / "golf", {"golf.py": ""}, "https://example.com/golf.git")

    fill(standard)
    result = lab.install(standard)

    assert "1 left to Poetry" in result.stderr
    assert "Poetry changed" not in result.stderr
    lab.assert_as_poetry_makes_it(standard, before=fill)
    assert not (standard.venv / "src" / "golf").exists()


def test_a_folder_that_is_not_utf_8(lab: Lab, standard: Project) -> None:
    moved = Project(Path(os.fsdecode(os.fsencode(lab.folder) + b"/caf\xe9")), standard.spec)
    shutil.copytree(standard.folder, moved.folder)

    result = lab.hybrid_install("plan", "--json", cwd=moved.folder)

    assert result.exit_code == 0, str(result)


def test_a_path_with_blanks_and_letters(lab: Lab, standard: Project) -> None:
    moved = Project(lab.folder / "my projécts" / "the app", standard.spec)
    shutil.copytree(standard.folder, moved.folder)
    lab.install(moved)

    lab.assert_as_poetry_makes_it(moved)


def test_whatever_is_wrong_is_mended(lab: Lab, standard: Project) -> None:
    """A half-linked package, a wrong version, one from a local file, one removed."""
    lab.install(standard)
    [site] = standard.venv.glob("lib/python3*/site-packages")
    (site / "bravo-1.2.dist-info" / "INSTALLER").unlink()
    (site / "bravo" / "__init__.py").unlink()
    install_wheels(standard.venv, [Wheel(Release("golf", "6.0"))], lab.sandbox)
    local = Wheel(Release("charlie.tools", "2.0", flavour="local"))
    install_wheels(standard.venv, [local], lab.sandbox, keep_origin=True)
    shutil.rmtree(site / "alpha-1.0.dist-info")

    result = lab.install(standard)

    lab.assert_as_poetry_makes_it(standard)
    assert "3 to reinstall" in result.stderr
    assert launch(standard.venv, "acme-app", lab.sandbox).stdout.count("plain") == 4


def test_sync_removes_what_poetry_removes(lab: Lab, standard: Project) -> None:
    """A group that is left out, a package of the user's, a setuptools; not pip, not the root."""

    def fill(project: Project) -> None:
        make_with_virtualenv(project.venv, lab.sandbox)
        foreign = [Wheel(Release("zulu", "3.0")), Wheel(Release("setuptools", "1.0"))]
        install_wheels(project.venv, foreign, lab.sandbox)

    fill(standard)
    lab.install(standard)
    assert {"zulu", "setuptools", "echo-dev", "acme-app"} <= versions(standard.venv).keys()

    options = ("--without", "dev")
    result = lab.install(standard, "--sync", *options)
    seen = lab.assert_as_poetry_makes_it(standard, *options, command="sync", before=fill)
    assert {"zulu", "setuptools", "echo-dev"}.isdisjoint(seen.distributions)
    assert {"pip", "acme-app", "alpha"} <= seen.distributions.keys()
    removed = re.findall(r"^ - (\S+)==", result.stderr, re.MULTILINE)
    assert sorted(removed) == ["echo-dev", "setuptools", "zulu"]
    assert "Removing" not in result.stderr, "Poetry was left something to remove"


def test_without_sync_nothing_is_removed(lab: Lab, standard: Project) -> None:
    make_with_virtualenv(standard.venv, lab.sandbox)
    install_wheels(standard.venv, [Wheel(Release("zulu", "3.0"))], lab.sandbox)

    lab.install(standard, "--without", "dev")

    assert versions(standard.venv)["zulu"] == "3.0"
    lab.assert_as_poetry_makes_it(standard, "--without", "dev", apart_from=("zulu",))


def test_a_lock_that_manages_pip(lab: Lab) -> None:
    """The locked pip replaces the one that the environment began with, by either command."""
    source = lab.source(Wheel(Release("pip", "99.0")), Wheel(Release("alpha")))
    project = lab.project(lab.spec("pip", "alpha", sources=(source,)))

    lab.install(project)
    seen = lab.assert_as_poetry_makes_it(project)
    assert seen.versions["pip"] == "99.0"

    lab.install(project, "--sync")
    assert versions(project.venv)["pip"] == "99.0"
    lab.assert_poetry_finds_nothing_to_do(project, command="sync")


def test_options_that_only_poetry_s_virtualenv_has(lab: Lab, standard: Project) -> None:
    """The whole run is Poetry's, the environment included."""
    (standard.folder / "poetry.toml").write_text(
        "[virtualenvs]\nin-project = true\n[virtualenvs.options]\nalways-copy = true\n"
    )
    result = lab.install(standard)
    assert "virtualenvs.options ask for what only Poetry's virtualenv does" in result.stderr
    seen = lab.assert_as_poetry_makes_it(standard)
    assert not [each for each in seen.distributions.values() if each.installer == "uv"]
    assert not (standard.venv / "bin" / "python").is_symlink()


def test_what_has_lost_its_pyvenv_cfg_is_refused(lab: Lab, standard: Project) -> None:
    """Its python is the machine's then, which `--sync` would empty: looked at with `plan` alone."""
    make_with_virtualenv(standard.venv, lab.sandbox)
    (standard.venv / "pyvenv.cfg").unlink()

    for options in ((), ("--venv", standard.venv)):
        result = lab.hybrid_install.refusing("plan", "--sync", *options, cwd=standard.folder)
        assert f"{standard.venv} is not an environment of its own" in result.stderr
        assert "remove the folder" in result.stderr

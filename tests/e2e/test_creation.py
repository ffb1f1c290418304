"""An environment is made whole or not at all, whoever is killed, fails or comes second."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

from support.compare import versions
from support.index import until
from support.lab import Lab
from support.projects import Project
from support.sandbox import run
from support.venvs import install_wheels, make_with_virtualenv
from support.wheels import Release, Wheel
from uv import find_uv_bin

MARKER = "hybrid-install.unfinished-environment"


def wrapped_uv(lab: Lab, before: str = ":", after: str = ":") -> str:
    """A uv with shell code around it; `$1` and `$2` are what uv is told."""
    wrapper = lab.folder / "wrapped uv"
    code = f'#!/bin/sh\n{before}\n"{find_uv_bin()}" "$@" || exit $?\n{after}\n'
    wrapper.write_text(code, "utf-8")
    wrapper.chmod(0o755)
    return str(wrapper)


def kill_after_venv(lab: Lab, project: Project) -> None:
    """Kill -9 us between `uv venv` and the seeding of pip."""
    killing = wrapped_uv(lab, after='if [ "$1" = venv ]; then kill -9 $PPID; fi')
    result = lab.hybrid_install(cwd=project.folder, HYBRID_INSTALL_UV=killing)
    assert result.exit_code == -signal.SIGKILL, str(result)
    until((project.venv / "pyvenv.cfg").is_file, 10, "uv has made the environment")
    assert "pip" not in versions(project.venv)


def leftovers(project: Project) -> list[Path]:
    return list(project.venv.glob("*unfinished*"))


def test_killed_before_pip_was_seeded(lab: Lab, standard: Project) -> None:
    kill_after_venv(lab, standard)
    assert leftovers(standard)

    result = lab.install(standard, "--strict")

    assert "made anew" in result.stderr
    assert not leftovers(standard)
    assert "pip" in lab.assert_as_poetry_makes_it(standard).versions


def test_killed_while_a_broken_environment_was_made_anew(lab: Lab, standard: Project) -> None:
    make_with_virtualenv(standard.venv, lab.sandbox)
    install_wheels(standard.venv, [Wheel(Release("zulu"))], lab.sandbox)
    for python in (standard.venv / "bin").glob("python*"):
        python.unlink()
    kill_after_venv(lab, standard)

    lab.install(standard)

    assert not leftovers(standard)
    lab.assert_as_poetry_makes_it(standard)


def test_what_was_used_since_is_kept(lab: Lab, standard: Project) -> None:
    """Poetry takes it as it is, and so do we: what a user has put there is worth more."""
    kill_after_venv(lab, standard)
    install_wheels(standard.venv, [Wheel(Release("zulu"))], lab.sandbox)

    result = lab.install(standard)

    assert "made anew" not in result.stderr
    assert "zulu" in versions(standard.venv)
    assert not leftovers(standard)


def test_pip_that_cannot_be_seeded(lab: Lab, standard: Project) -> None:
    """Nothing is left of it, and a folder that was there stays, empty."""
    failing = wrapped_uv(lab, before='[ "$1 $2" = "pip install" ] && exit 1')
    lab.refuse(standard, HYBRID_INSTALL_UV=failing)
    assert not standard.venv.exists()
    standard.venv.mkdir()
    lab.refuse(standard, HYBRID_INSTALL_UV=failing)
    assert list(standard.venv.iterdir()) == []

    lab.install(standard)
    lab.assert_as_poetry_makes_it(standard)


def test_two_runs_at_once(lab: Lab, standard: Project) -> None:
    """The second one waits for the first one's environment, and both end well."""
    slow = wrapped_uv(lab, before='[ "$1" = venv ] && sleep 2')
    runs = [
        lab.hybrid_install.start("--no-root", cwd=standard.folder, HYBRID_INSTALL_UV=slow)
        for _ in range(2)
    ]
    results = [each.result() for each in runs]

    assert [each.exit_code for each in results] == [0, 0], "\n".join(map(str, results))
    said = [each.stderr for each in results]
    assert sum("another run has just made it" in each for each in said) == 1, said
    assert not leftovers(standard)
    lab.install(standard)
    lab.assert_as_poetry_makes_it(standard)


def test_a_place_where_nothing_can_be_made(lab: Lab, standard: Project) -> None:
    (lab.folder / "file").write_text("")
    result = lab.refuse(standard, "--venv", lab.folder / "file" / "venv")
    assert "cannot be made" in result.stderr


def test_a_place_behind_a_link(lab: Lab, standard: Project) -> None:
    """A mount point or a link keeps its place."""
    elsewhere = lab.folder / "elsewhere"
    elsewhere.mkdir()
    standard.venv.symlink_to(elsewhere)
    kill_after_venv(lab, standard)

    lab.install(standard)

    assert standard.venv.is_symlink()
    assert "alpha" in versions(elsewhere)
    shutil.rmtree(elsewhere)
    run(["true"], lab.sandbox.environ, lab.folder)

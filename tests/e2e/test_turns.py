"""Several runs at once: one environment has one run at a time, several share all caches."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from pathlib import Path

import pytest
from support.index import Source
from support.lab import Lab
from support.projects import Project
from support.wheels import Release, Wheel

AT_WORK = "another run is at work in"


def test_runs_in_one_environment_take_turns(lab: Lab, standard: Project) -> None:
    running = [lab.hybrid_install.start(cwd=standard.folder) for _ in range(4)]
    results = [each.result(300) for each in running]

    assert [each.exit_code for each in results] == [0] * 4, [str(each) for each in results]
    lab.assert_as_poetry_makes_it(standard)
    assert "is as poetry.lock says" in lab.install(standard).stderr


def test_with_several_selections_the_last_one_is_whole(lab: Lab, standard: Project) -> None:
    lab.install(standard)
    first = lab.hybrid_install.start("--with", "docs", cwd=standard.folder)
    second = lab.hybrid_install.start("--all-groups", "--all-extras", cwd=standard.folder)

    assert [first.result(300).exit_code, second.result(300).exit_code] == [0, 0]
    lab.assert_poetry_finds_nothing_to_do(standard, "--all-groups", "--all-extras")


def test_it_waits_as_long_as_it_is_told(lab: Lab, standard: Project) -> None:
    lab.install(standard)
    folder = os.open(standard.venv, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        refused = lab.refuse(standard, "--no-receipt", "--wait", "0.5")
    finally:
        os.close(folder)

    assert AT_WORK in refused.stderr
    assert "--wait" in refused.stderr
    assert AT_WORK not in lab.install(standard, "--no-receipt", "--wait", "0.5").stderr


@pytest.mark.parametrize("options", [(), ("--atomic",)])
def test_what_was_locked_meanwhile_is_installed(
    lab: Lab, standard: Project, options: tuple[str, ...]
) -> None:
    """A run that has waited for its turn looks at the lock again."""
    lab.install(standard)
    other = lab.folder / "one-less.lock"
    text = standard.lock.read_text("utf-8")
    other.write_text(text.replace("[[package]]", "# changed\n\n[[package]]", 1), "utf-8")
    folder = os.open(standard.venv, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        waiting = lab.hybrid_install.start("--no-receipt", *options, cwd=standard.folder)
        time.sleep(3)
        standard.lock.write_bytes(other.read_bytes())
    finally:
        os.close(folder)
    result = waiting.result(120)

    assert result.exit_code == 0, str(result)
    assert AT_WORK in result.stderr
    receipt = json.loads((standard.venv / "hybrid-install.json").read_text("utf-8"))
    assert receipt["lock"]["sha256"] == hashlib.sha256(other.read_bytes()).hexdigest()


def test_environments_side_by_side(lab: Lab, shop: Source) -> None:
    """Each has its own lock; uv's cache is everybody's."""
    source = lab.source(Wheel(Release("alpha")), Wheel(Release("bravo")))
    project = lab.project(lab.spec("alpha", "bravo", sources=(source,)))
    places = [Path(project.folder, f"venv{number}") for number in range(3)]
    running = [lab.hybrid_install.start("--venv", place, cwd=project.folder) for place in places]

    assert [each.result(300).exit_code for each in running] == [0, 0, 0]
    for place in places:
        lab.assert_as_poetry_makes_it(project, venv=place)

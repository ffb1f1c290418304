"""`--atomic`: whoever looks sees the old environment or the new one."""

from __future__ import annotations

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event
from unittest import mock

import pytest
from support.index import Source
from support.lab import Lab
from support.projects import Project, Spec
from support.venvs import launch
from support.wheels import Release, Wheel

from hybrid_install.environment.creation import remove
from hybrid_install.environment.exchange import beside


@pytest.fixture
def spec(lab: Lab, shop: Source) -> Spec:
    return lab.spec("alpha[fast]", "charlie-tools", sources=(shop,), imports=("alpha",))


def names_of(folder: Path, text: str) -> list[str]:
    """The files below `folder` that hold a text."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [str(path) for path in files if os.fsencode(text) in path.read_bytes()]


@pytest.mark.parametrize("options", [(), ("--compile",)])
def test_a_new_environment(lab: Lab, spec: Spec, options: tuple[str, ...]) -> None:
    """As Poetry makes it, and nothing names the folder in which it was made."""
    project = lab.project(spec)
    lab.install(project, "--atomic", *options)
    lab.assert_as_poetry_makes_it(project, *options)
    assert not beside(project.venv).exists()
    assert names_of(project.venv, str(beside(project.venv))) == []
    assert "alpha" in launch(project.venv, "acme-app", lab.sandbox).stdout
    said = lab.hybrid_install.succeeding("verify", "--deep", cwd=project.folder).stdout
    assert "all as poetry.lock says" in said


def test_a_change_takes_the_place_of_the_old_one(lab: Lab, spec: Spec) -> None:
    """The folder is another one: what runs in the old one keeps it until it ends."""
    project = lab.project(spec)
    lab.install(project)
    before = project.venv.stat().st_ino
    (project.venv / "lib" / "left-by-hand").write_text("", "utf-8")

    lab.install(project, "--atomic")

    assert project.venv.stat().st_ino == before, "nothing had to be done"
    damage(project)
    lab.install(project, "--atomic")
    assert project.venv.stat().st_ino != before
    assert not (project.venv / "lib" / "left-by-hand").exists()
    assert not beside(project.venv).exists()
    lab.assert_as_poetry_makes_it(project)
    again = lab.install(project, "--atomic").stderr
    assert re.search(r"\d+ kept", again) or "unchanged" in again


def test_a_failure_leaves_the_old_one(lab: Lab, spec: Spec) -> None:
    """Here the index has lost a file."""
    broken = lab.source(wheel := Wheel(Release("bravo", "1.2")))
    project = lab.project(lab.spec("bravo", sources=(broken,), imports=("bravo",)))
    lab.install(project)
    damage(project)
    before = sorted(path.stat().st_ino for path in project.venv.rglob("*"))
    del broken.archives[wheel.filename]

    lab.refuse(project, "--atomic")

    assert sorted(path.stat().st_ino for path in project.venv.rglob("*")) == before
    assert "bravo 1.2" in launch(project.venv, "acme-app", lab.sandbox).stdout

    assert not beside(project.venv).exists()


def test_what_a_killed_run_left_beside_goes(lab: Lab, spec: Spec) -> None:
    """Nothing of it gets into the environment that is made then."""
    project = lab.project(spec)
    left = beside(project.venv) / "lib" / "left.py"
    lab.install(project, "--venv", beside(project.venv))
    left.touch()
    lab.install(project, "--atomic")
    assert not beside(project.venv).exists()
    assert not (project.venv / "lib" / "left.py").exists()
    lab.assert_as_poetry_makes_it(project)


def test_what_a_killed_run_left_beside_goes_where_nothing_else_is_to_be_done(
    lab: Lab, spec: Spec
) -> None:
    """Nor is a run called unchanged beside it."""
    project = lab.project(spec)
    for _ in range(2):
        lab.install(project, "--atomic")
    assert "unchanged" in lab.install(project, "--atomic").stderr
    before = project.venv.stat().st_ino
    for _ in range(2):
        shutil.copytree(project.venv, beside(project.venv), symlinks=True)
        assert "unchanged" not in lab.install(project, "--atomic").stderr
        assert not beside(project.venv).exists()
    assert project.venv.stat().st_ino == before


def test_an_old_environment_that_was_half_removed_goes(lab: Lab, spec: Spec) -> None:
    """Whoever removed it was killed at that."""
    project = lab.project(spec)
    lab.install(project, "--venv", beside(project.venv))
    with mock.patch("shutil.rmtree", side_effect=_Killed), suppress(_Killed):
        remove(beside(project.venv))
    (beside(project.venv) / "pyvenv.cfg").unlink(missing_ok=True)
    lab.install(project, "--atomic")
    assert not beside(project.venv).exists()
    lab.assert_as_poetry_makes_it(project)


class _Killed(BaseException):
    """No more is done after it."""


def test_what_is_no_environment_stays_beside(lab: Lab, spec: Spec) -> None:
    """It is somebody's, even if its name is the one that we would take."""
    project = lab.project(spec)
    beside(project.venv).mkdir()
    (beside(project.venv) / "precious").touch()
    assert "neither empty nor an environment" in lab.refuse(project, "--atomic").stderr
    assert (beside(project.venv) / "precious").exists()
    assert not project.venv.exists()


def test_several_at_once_take_turns(lab: Lab, spec: Spec) -> None:
    """Whoever comes second finds what the first one has put there."""
    project = lab.project(spec)
    running = [lab.hybrid_install.start("--atomic", cwd=project.folder) for _ in range(3)]
    results = [each.result(120) for each in running]
    assert [each.exit_code for each in results] == [0, 0, 0], "\n".join(map(str, results))
    assert not beside(project.venv).exists()
    lab.assert_as_poetry_makes_it(project)


def test_whoever_looks_meanwhile_sees_an_environment(lab: Lab, spec: Spec) -> None:
    """All the time, while one takes the place of another."""
    project = lab.project(spec)
    lab.install(project)
    looks: list[int] = []
    has_ended = Event()

    def look() -> None:
        while not has_ended.is_set():
            seen = launch(project.venv, "acme-app", lab.sandbox)
            looks.append(seen.exit_code if "alpha" in seen.stdout else -1)

    with ThreadPoolExecutor() as pool:
        looking = pool.submit(look)
        try:
            for _ in range(3):
                before = len(looks)
                damage(project)
                lab.install(project, "--atomic")
                assert len(looks) > before
        finally:
            has_ended.set()
        looking.result()
    assert set(looks) == {0}


def damage(project: Project) -> None:
    """As after an accident: something is missing that has to be installed again."""
    name = "bravo" if "bravo" in project.lock.read_text("utf-8") else "alpha"
    for record in project.venv.glob(f"lib/python*/site-packages/{name}-*/RECORD"):
        record.unlink()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--tier", "heavy"), "not for a part of one"),
        (("--only-root",), "not for a part of one"),
        (("--provided", "alpha"), "cannot keep what is provided"),
    ],
)
def test_what_it_is_not_for(lab: Lab, spec: Spec, options: tuple[str, ...], said: str) -> None:
    project = lab.project(spec)
    result = lab.hybrid_install("--atomic", *options, cwd=project.folder)
    assert result.exit_code != 0
    assert said in result.stderr
    assert not project.venv.exists()


def test_a_link_is_not_replaced(lab: Lab, spec: Spec) -> None:
    """Where it leads to is somebody else's business."""
    project = lab.project(spec)
    (lab.folder / "elsewhere").mkdir()
    project.venv.symlink_to(lab.folder / "elsewhere")
    assert "is a link or a mount" in lab.refuse(project, "--atomic").stderr
    assert list((lab.folder / "elsewhere").iterdir()) == []

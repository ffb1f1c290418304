"""Several runs at once: one environment has one run at a time, several share all caches."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.cli import processes
from support.compare import versions
from support.index import until
from support.lab import Lab
from support.projects import Project
from support.wheels import Release, Wheel

from hybrid_install.environment.exchange import beside

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


@pytest.mark.parametrize("options", [(), ("--atomic",)])
def test_environments_side_by_side(lab: Lab, options: tuple[str, ...]) -> None:
    """Each has its own lock, and its own folder beside; uv's cache is everybody's."""
    source = lab.source(Wheel(Release("alpha")), Wheel(Release("bravo")))
    project = lab.project(lab.spec("alpha", "bravo", sources=(source,)))
    places = [Path(project.folder, f"venv{number}") for number in range(3)]
    for _ in range(2):
        running = [
            lab.hybrid_install.start("--venv", place, *options, cwd=project.folder)
            for place in places
        ]
        results = [each.result(300) for each in running]
        assert [each.exit_code for each in results] == [0, 0, 0], "\n".join(map(str, results))
        for place in places:
            lab.assert_as_poetry_makes_it(project, venv=place)
            (record,) = place.glob("lib/python*/site-packages/alpha-*/RECORD")
            record.unlink()  # the next run has something to do


SLOW = Wheel(Release("slow", "1.0"), padding=400_000)

SURVIVES = f'#!/bin/sh\n"{sysconfig.get_path("scripts")}/uv" "$@"\nexit $?\n'
"""uv, of which only the shell that has started it dies with us."""


@dataclass(frozen=True)
class Deploy:
    """A deploy that is rolled back: `later` is the lock of the one, `earlier` of the other."""

    lab: Lab
    later: Project
    earlier: Mapping[Path, bytes]
    options: tuple[str, ...]
    mark: str

    @classmethod
    def of(cls, lab: Lab, options: tuple[str, ...]) -> Deploy:
        source = lab.source(SLOW, Wheel(Release("alpha")))
        first = lab.project(lab.spec("alpha", sources=(source,)))
        earlier = {path: path.read_bytes() for path in (first.lock, first.pyproject)}
        later = lab.project(lab.spec("alpha", "slow", sources=(source,)))
        return cls(lab, later, earlier, ("--sync", *options), f"deploy-{lab.folder}")

    def roll_back(self) -> None:
        for path, content in self.earlier.items():
            path.write_bytes(content)

    @contextmanager
    def is_killed_while_uv_fetches(self, **variables: str) -> Iterator[None]:
        """The command alone, by what leaves it no last word; in the end nobody is left."""
        running = self.lab.hybrid_install.start(
            *self.options, cwd=self.later.folder, TEST_MARK=self.mark, **variables
        )
        begun = len(self.lab.index.diary)
        until(lambda: _is_fetching(self.lab, begun), 60, "the download begins")
        running.interrupt(signal.SIGKILL)
        assert running.process.wait(20) == -signal.SIGKILL
        yield
        until(lambda: not processes(self.mark), 30, "the last one has ended")
        running.result(20)

    def assert_rolled_back(self) -> None:
        """Nothing of the other one is there."""
        assert "slow" not in versions(self.later.venv)
        assert not beside(self.later.venv).exists()
        self.lab.assert_as_poetry_makes_it(self.later)
        self.lab.hybrid_install.succeeding("verify", "--deep", cwd=self.later.folder)


def _is_fetching(lab: Lab, begun: int) -> bool:
    return any(each.path.endswith(SLOW.filename) for each in lab.index.diary[begun:])


OPTIONS = pytest.mark.parametrize("options", [(), ("--atomic",)], ids=["in place", "--atomic"])


@OPTIONS
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "there"])
def test_after_a_killed_run_its_uv_is_waited_for(
    lab: Lab, options: tuple[str, ...], is_new: bool, tmp_path: Path
) -> None:
    """The lock is what it has inherited: the system may not be able to end it with us."""
    deploy = Deploy.of(lab, options)
    if not is_new:
        deploy.roll_back()
        lab.install(deploy.later, *deploy.options)
        lab.project(deploy.later.spec)
    uv = tmp_path / "uv"
    uv.write_text(SURVIVES)
    uv.chmod(0o755)
    is_dripping = lab.index.misbehaving(drips={SLOW.filename: 100_000.0})
    with is_dripping, deploy.is_killed_while_uv_fetches(HYBRID_INSTALL_UV=str(uv)):
        assert processes(deploy.mark), "none is left to wait for"
        deploy.roll_back()
        refused = lab.refuse(deploy.later, *deploy.options, "--wait", "0.3")
        result = lab.install(deploy.later, *deploy.options)

    assert "still at work" in refused.stderr
    assert AT_WORK in result.stderr
    deploy.assert_rolled_back()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing ends it with us")
@OPTIONS
def test_uv_is_killed_with_us(lab: Lab, options: tuple[str, ...]) -> None:
    deploy = Deploy.of(lab, options)
    deploy.roll_back()
    lab.install(deploy.later, *deploy.options)
    lab.project(deploy.later.spec)
    is_dripping = lab.index.misbehaving(drips={SLOW.filename: 10_000.0})
    with is_dripping, deploy.is_killed_while_uv_fetches():
        until(lambda: not processes(deploy.mark), 5, "uv has ended")
        deploy.roll_back()
        lab.install(deploy.later, *deploy.options)
    deploy.assert_rolled_back()


def test_a_service_that_a_child_leaves_behind_does_not_keep_the_lock(
    lab: Lab, standard: Project, tmp_path: Path
) -> None:
    """As a credential helper, or the cache of a compiler."""
    uv, mark = tmp_path / "uv", f"service-{lab.folder}"
    leaves = '#!/bin/sh\ncase "$*" in *"pip install"*) sleep 60 > /dev/null 2>&1 & ;; esac\n'
    uv.write_text(SURVIVES.replace("#!/bin/sh\n", leaves))
    uv.chmod(0o755)
    variables = {"HYBRID_INSTALL_UV": str(uv), "TEST_MARK": mark}
    lab.hybrid_install.succeeding(cwd=standard.folder, **variables)
    left = processes(mark)
    try:
        assert left
        assert AT_WORK not in lab.install(standard, "--no-receipt", "--wait", "0.5").stderr
    finally:
        for number, _ in left:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)

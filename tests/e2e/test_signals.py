"""Whoever ends a run ends all of it, and the next run is none the worse."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from support.cli import Running, processes
from support.compare import versions
from support.index import until
from support.lab import Lab, assert_nothing_is_installed
from support.projects import Project
from support.sandbox import Result
from support.wheels import Release, Repacked, Wheel

SLOW = Wheel(Release("slow", "1.0"), padding=200_000)
SLOW_FOR_POETRY = Repacked(Release("slow", "1.0"), suffix=".tar.bz2")
DRIPS = {SLOW.filename: 10_000.0, SLOW_FOR_POETRY.filename: 50.0}
"""Half a minute, or almost."""


@pytest.fixture
def slow(lab: Lab) -> Project:
    """A project with a dependency that can be made to drip."""
    source = lab.source(SLOW, Wheel(Release("alpha")))
    return lab.project(lab.spec("slow", "alpha", sources=(source,)))


@pytest.fixture
def slow_for_poetry(lab: Lab) -> Project:
    """The same, but the dripping file is of a format that uv refuses: Poetry's to fetch."""
    source = lab.source(SLOW_FOR_POETRY, Wheel(Release("alpha")))
    return lab.project(lab.spec("slow", "alpha", sources=(source,), name="slow-for-poetry"))


@pytest.mark.parametrize(
    ("signum", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_before_the_command_line_is_read(lab: Lab, signum: int, exit_code: int) -> None:
    """While the imports run, which can be seen by their times."""
    tool = lab.hybrid_install
    argv = [str(tool.python), "-X", "importtime", "-m", "hybrid_install", "--help"]
    running = subprocess.Popen(
        argv, env=tool.environ({}), cwd=lab.folder, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    with running.stderr:
        for line in running.stderr:
            if "hybrid_install.errors" in line or "typer" in line:
                break
        running.send_signal(signum)
        rest = running.stderr.read()
    assert running.wait(30) == exit_code
    assert re.search(
        "^error: (interrupted|terminated) before anything was done$", rest, re.MULTILINE
    )
    assert "Traceback" not in rest


INTERRUPTED_AT_ONCE = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "hybrid_install.unchanged":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from hybrid_install.__main__ import start
start()
"""


def test_an_interruption_before_anything_is_imported(lab: Lab) -> None:
    """Not a word, as of any command that does not listen yet."""
    tool = lab.hybrid_install
    argv = [str(tool.python), "-c", INTERRUPTED_AT_ONCE]
    ended = subprocess.run(
        argv, check=False, env=tool.environ({}), cwd=lab.folder, capture_output=True
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")


def to_us_alone(signum: int) -> Callable[[Running], None]:
    return lambda running: running.interrupt(signum)


def to_the_whole_group(signum: int) -> Callable[[Running], None]:
    return lambda running: os.killpg(running.process.pid, signum)


def end_while_dripping(
    lab: Lab, project: Project, send: Callable[[Running], None], exit_code: int
) -> Result:
    """Start a run, end it in the middle of the download, and look for what is left of it."""
    mark = f"{exit_code}-{project.fingerprint}"
    with lab.index.misbehaving(drips=DRIPS), lab.index.watched() as requests:
        running = lab.hybrid_install.start(cwd=project.folder, TEST_MARK=mark)
        begun = len(lab.index.diary)
        until(
            lambda: any(each.path.endswith((*DRIPS,)) for each in lab.index.diary[begun:]),
            30,
            "the download begins",
        )
        time.sleep(0.3)
        assert processes(mark)
        send(running)
        started = time.monotonic()
        result = running.result(20)
        spent = time.monotonic() - started
        until(lambda: not processes(mark), 2, f"no process is left of {processes(mark)}")
    assert requests
    assert result.exit_code == exit_code, str(result)
    assert result.stderr.rstrip().splitlines()[-1].startswith("hint:")
    assert spent < 10, f"it took {spent} s to end"
    assert not list(lab.sandbox.folder("tmp").glob("hybrid-install-*")), "temporary files are left"
    return result


@pytest.mark.parametrize(
    ("send", "exit_code"),
    [
        (to_us_alone(signal.SIGINT), 130),
        (to_the_whole_group(signal.SIGINT), 130),
        (to_us_alone(signal.SIGTERM), 143),
        (to_us_alone(signal.SIGHUP), 129),
    ],
    ids=["SIGINT to us alone", "SIGINT to the group", "SIGTERM to us alone", "SIGHUP to us alone"],
)
def test_while_uv_downloads(
    lab: Lab, slow: Project, send: Callable[[Running], None], exit_code: int
) -> None:
    end_while_dripping(lab, slow, send, exit_code)

    assert_nothing_is_installed(slow)


@pytest.mark.parametrize("is_said_twice", [False, True])
def test_a_terminal_that_goes(lab: Lab, slow: Project, is_said_twice: bool) -> None:
    """Nobody can be told any more, and nobody is left at work; a shell says so as well."""
    ours, its = pty.openpty()
    tool, mark = lab.hybrid_install, f"hangup-{lab.folder}"
    with lab.index.misbehaving(drips={SLOW.filename: 10_000.0}):
        begun = len(lab.index.diary)
        running = subprocess.Popen(
            [sys.executable, "-c", _AT_A_TERMINAL, *tool.argv(())],
            env=tool.environ({"TEST_MARK": mark}),
            cwd=slow.folder,
            stdin=its,
            stdout=its,
            stderr=its,
            start_new_session=True,
        )
        os.close(its)
        until(lambda: _is_asked_for(lab, begun), 30, "the download begins")
        os.close(ours)
        if is_said_twice:
            time.sleep(0.05)
            running.send_signal(signal.SIGHUP)
        assert running.wait(20) == 129
        until(lambda: not processes(mark), 2, f"no process is left of {processes(mark)}")
    assert not list(lab.sandbox.folder("tmp").glob("hybrid-install-*"))


_AT_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def _is_asked_for(lab: Lab, begun: int) -> bool:
    return any(each.path.endswith(SLOW.filename) for each in lab.index.diary[begun:])


def test_nohup(lab: Lab, slow: Project) -> None:
    """What is to go on without a terminal goes on."""
    tool = lab.hybrid_install
    with lab.index.misbehaving(drips={SLOW.filename: 100_000.0}):
        begun = len(lab.index.diary)
        argv = ["nohup", *tool.argv(())]
        running = subprocess.Popen(
            argv, env=tool.environ({}), cwd=slow.folder, stderr=subprocess.DEVNULL
        )
        until(lambda: _is_asked_for(lab, begun), 30, "the download begins")
        running.send_signal(signal.SIGHUP)
        assert running.wait(60) == 0


def test_while_poetry_downloads(lab: Lab, slow_for_poetry: Project) -> None:
    result = end_while_dripping(lab, slow_for_poetry, to_us_alone(signal.SIGTERM), 143)

    assert "1 left to Poetry" in result.stderr
    assert "slow" not in versions(slow_for_poetry.venv)


def test_the_run_after_an_interrupted_one(
    lab: Lab, slow: Project, slow_for_poetry: Project
) -> None:
    for project in (slow, slow_for_poetry):
        end_while_dripping(lab, project, to_us_alone(signal.SIGINT), 130)
        lab.install(project)
        lab.assert_as_poetry_makes_it(project)


def test_whoever_reads_our_data_may_go(lab: Lab, standard: Project) -> None:
    """`hybrid-install plan | head -0`."""
    running = lab.hybrid_install.start("plan", "--json", cwd=standard.folder)
    assert running.process.stdout is not None
    running.process.stdout.close()
    assert running.process.stderr is not None
    said = running.process.stderr.read()
    assert running.process.wait(30) == 1
    assert "Traceback" not in said
    assert "bug" not in said
    running.process.stderr.close()

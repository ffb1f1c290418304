"""Poetry that is started before anything is read: when, which one, and what becomes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hybrid_install import early
from hybrid_install.core.selection import SelectionOptions
from hybrid_install.early import Begun, argv_for, project_that_needs_poetry
from hybrid_install.tools.poetry import Poetry
from hybrid_install.tools.poetry_run import PoetryRun
from hybrid_install.tools.process import (
    Command,
    CommandFailedError,
    CommandNotFoundError,
    ShRunner,
    Waiting,
)
from hybrid_install.unchanged import AHEAD, ENTRY, text_of_stamp, words_if_unchanged

ENVIRON = {"PATH": os.environ["PATH"]}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an environment, as far as it is looked at."""
    folder = tmp_path / "project"
    (folder / ".venv").mkdir(parents=True)
    (folder / ".venv" / "pyvenv.cfg").touch()
    (folder / "pyproject.toml").touch()
    (folder / "poetry.lock").touch()
    return folder


def stamped(project: Path, *, is_ahead: bool = True) -> str:
    files = [project / "pyproject.toml", project / "poetry.lock", project / ".venv/pyvenv.cfg"]
    witnesses = [(ENTRY, str(file)) for file in files]
    if is_ahead:
        witnesses.append((AHEAD, f"{project / '.venv'}\t{project}"))
    stamp = project.parent / "stamp"
    stamp.write_text(text_of_stamp("all is well", witnesses) or "", "utf-8")
    return str(stamp)


def test_what_is_foreseen_is_no_witness(project: Path) -> None:
    stamp = stamped(project)

    assert words_if_unchanged(stamp) == "all is well"
    assert project_that_needs_poetry(stamp) is None


@pytest.mark.parametrize("file", ["pyproject.toml", ".venv/pyvenv.cfg"])
def test_poetry_is_foreseen(project: Path, file: str) -> None:
    stamp = stamped(project, is_ahead=False)
    (project / file).unlink()
    assert project_that_needs_poetry(stamp) is None

    (project / file).touch()
    stamp = stamped(project)
    (project / file).unlink()
    assert project_that_needs_poetry(stamp) == str(project)


def test_it_is_not_where_only_the_lock_has_changed(project: Path) -> None:
    stamp = stamped(project)
    (project / "poetry.lock").write_text("# another")

    assert words_if_unchanged(stamp) is None
    assert project_that_needs_poetry(stamp) is None


def test_without_a_stamp_nothing_is_foreseen(tmp_path: Path) -> None:
    assert project_that_needs_poetry(None) is None
    assert project_that_needs_poetry(str(tmp_path / "none")) is None


def launcher(folder: Path, text: str, first_line: str = "") -> Path:
    python = folder / "bin" / "python"
    python.parent.mkdir(exist_ok=True)
    if not python.exists():
        python.symlink_to(sys.executable)
    script = folder / "bin" / "poetry"
    script.write_text(f"#!{first_line or python}\n{text}")
    script.chmod(0o755)
    return script


class Seen(ShRunner):
    """What would be started."""

    def start_waiting(self, command: Command) -> Waiting:
        self.command = command
        raise CommandNotFoundError("it is only looked at")


def test_it_is_the_poetry_that_would_be_started(tmp_path: Path) -> None:
    script, runner = launcher(tmp_path, ""), Seen()
    environ = {**ENVIRON, "HYBRID_INSTALL_POETRY": str(script)}
    Poetry((str(script),), "named", runner, environ).start(tmp_path)

    assert argv_for(str(tmp_path), environ) == runner.command.argv


@pytest.mark.parametrize(
    "line", ["/bin/sh", "/usr/bin/env python", "/nowhere/bin/python", "python"]
)
def test_a_launcher_that_says_less_is_left_alone(tmp_path: Path, line: str) -> None:
    script = launcher(tmp_path, "", line)

    assert argv_for(str(tmp_path), {"HYBRID_INSTALL_POETRY": str(script)}) is None


def test_one_that_is_not_there(tmp_path: Path) -> None:
    assert argv_for(str(tmp_path), {"HYBRID_INSTALL_POETRY": str(tmp_path / "none")}) is None


SAYS = "import os, sys; open(os.environ['SAID'], 'w').write(' '.join(sys.argv[1:]))\n"


@pytest.fixture
def process(tmp_path: Path) -> Begun:
    script = launcher(tmp_path, f"{SAYS}sys.exit(int(os.environ.get('ENDS', 0)))")
    environ = {**ENVIRON, "HYBRID_INSTALL_POETRY": str(script), "SAID": str(tmp_path / "said")}
    argv = argv_for(str(tmp_path), environ)
    assert argv
    return Begun(argv, environ)


def poetry_of(process: Begun, runner: ShRunner) -> Poetry:
    return Poetry((process.argv[2],), "named", runner, process.environ, "2.5.1")


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_is_taken_over(tmp_path: Path, process: Begun) -> None:
    poetry = poetry_of(process, ShRunner(begun=process))
    waiting = poetry.start(tmp_path)
    process.end()
    poetry.install(PoetryRun(tmp_path, None, SelectionOptions(no_root=True)), waiting)

    assert (tmp_path / "said").read_text() == "install --no-root"
    assert not is_there(process.pid)


def test_interrupted_as_it_starts_it_says_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even Python does, which imports what a user has it import before it comes to us."""
    customs = (
        f"import pathlib, time\npathlib.Path({str(tmp_path)!r}, 'up').touch()\ntime.sleep(0.5)\n"
    )
    (tmp_path / "sitecustomize.py").write_text(customs)
    environ = {**ENVIRON, "HYBRID_INSTALL_POETRY": str(launcher(tmp_path, ""))}
    argv = argv_for(str(tmp_path), environ)
    assert argv
    process = Begun(argv, {**environ, "PYTHONPATH": str(tmp_path)})
    while not (tmp_path / "up").exists():
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    _, status = os.waitpid(process.pid, 0)
    process.end()

    assert os.waitstatus_to_exitcode(status) == -signal.SIGINT
    assert capfd.readouterr() == ("", "")


def test_half_an_order_is_none(
    tmp_path: Path, process: Begun, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever gives it may be killed meanwhile."""
    os.write(process.writing, b'{"argv": ["install"], "env": {')
    os.close(process.writing)
    _, status = os.waitpid(process.pid, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert capfd.readouterr() == ("", "")
    assert not (tmp_path / "said").exists()


def test_it_fails_as_it_would_otherwise(tmp_path: Path, process: Begun) -> None:
    poetry = poetry_of(process, ShRunner(begun=process))
    run = PoetryRun(tmp_path, None, SelectionOptions(), variables={"ENDS": "3"})
    with pytest.raises(CommandFailedError) as failure:
        poetry.install(run, poetry.start(tmp_path))

    assert failure.value.command_exit_code == 3


@pytest.mark.parametrize("change", ["quiet", "masked", "secret", "variable", "project"])
def test_it_ends_where_another_is_needed(tmp_path: Path, process: Begun, change: str) -> None:
    runner = ShRunner(quiet=change == "quiet", begun=process)
    if change == "masked":
        runner.mask()
    added = {"secret": {"POETRY_PYPI_TOKEN_X": "hush-hush"}, "variable": {"LANG": "C.UTF-8"}}.get(
        change, {}
    )
    environ = {**process.environ, **added}
    if change == "secret":
        process.environ = environ
    folder = tmp_path / "bin" if change == "project" else tmp_path
    poetry = Poetry((process.argv[2],), "named", runner, environ, "2.5.1")
    waiting = poetry.start(folder)

    assert not is_there(process.pid)
    assert waiting
    waiting.dismiss()
    assert not (tmp_path / "said").exists()


def test_whoever_does_not_need_it_ends_it(tmp_path: Path, process: Begun) -> None:
    process.end()
    process.end()

    assert not is_there(process.pid)
    assert not (tmp_path / "said").exists()


def test_it_is_gone_before_anything_else_is_watched(tmp_path: Path, process: Begun) -> None:
    ShRunner(begun=process).stream(Command(argv=("true",), env=ENVIRON))

    assert not is_there(process.pid)


def test_one_that_has_gone_takes_no_order(tmp_path: Path, process: Begun) -> None:
    runner = ShRunner(begun=process)
    waiting = poetry_of(process, runner).start(tmp_path)
    os.kill(process.pid, 9)
    time.sleep(0.2)
    assert waiting
    with pytest.raises(CommandNotFoundError):
        waiting.order("{}")


@pytest.mark.parametrize("name", ["POETRY_HTTP_BASIC_SHOP_PASSWORD", "UV_INDEX_SHOP_USERNAME"])
def test_where_words_must_come_through_us_nothing_is_begun(
    tmp_path: Path, project: Path, name: str
) -> None:
    stamp, script = stamped(project), launcher(tmp_path, SAYS)
    (project / ".venv" / "pyvenv.cfg").unlink()
    early.begin(stamp, {**ENVIRON, "HYBRID_INSTALL_POETRY": str(script), name: "secret"})
    assert early.begun() is None


def test_the_end_of_our_process_is_its_own(tmp_path: Path, project: Path) -> None:
    """However that ends: nothing of ours stays behind."""
    stamp, script = stamped(project), launcher(tmp_path, SAYS)
    (project / ".venv" / "pyvenv.cfg").unlink()
    code = (
        "import os, sys; from hybrid_install import early\n"
        "early.begin(sys.argv[1], os.environ); print(early.begun().pid)"
    )
    environ = {**ENVIRON, "HYBRID_INSTALL_POETRY": str(script), "SAID": str(tmp_path / "said")}
    argv = [sys.executable, "-c", code, stamp]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True)

    assert not is_there(int(done.stdout))
    assert not (tmp_path / "said").exists()


def test_nothing_is_imported_for_it() -> None:
    """Nothing that takes longer than what it saves."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "from hybrid_install import early; early.begin(None, {})\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    environ = {"PYTHONPATH": str(Path(early.__file__).parents[1])}
    argv = [sys.executable, "-S", "-c", code]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True)
    slow = {"typer", "pathlib", "json", "dataclasses", "re", "subprocess", "typing", "atexit"}

    assert not set(done.stdout.split()) & slow
    assert early.begun() is None

"""A process that is started before it is needed, and Poetry as such a one."""

from __future__ import annotations
import __future__

import ast
import fcntl
import json
import os
import sys
import threading
import time
from pathlib import Path

import pytest
from support.index import until

from hybrid_install.core.selection import SelectionOptions
from hybrid_install.tools import poetry as poetry_module
from hybrid_install.tools import poetry_ahead
from hybrid_install.tools.poetry import Poetry
from hybrid_install.tools.poetry_run import PoetryRun
from hybrid_install.tools.process import (
    Command,
    CommandFailedError,
    CommandNotFoundError,
    ShRunner,
    Waiting,
)

READS = "import os, sys; text = os.fdopen(int(sys.argv[1])).read()"


def waiting(code: str, runner: ShRunner | None = None) -> Waiting:
    command = Command(argv=(sys.executable, "-c", code), env={"PATH": os.environ["PATH"]})
    return (runner or ShRunner(quiet=True)).start_waiting(command)


def test_it_goes_on_with_what_it_is_told(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    waiting(f"{READS}; open({str(heard)!r}, 'w').write(text)").order("do it: ü")

    assert heard.read_text() == "do it: ü"


def test_with_the_order_it_is_handed_what_we_hold_by_then(tmp_path: Path) -> None:
    """A lock lasts until whoever works under it has ended."""
    runner, locked = ShRunner(quiet=True), tmp_path / "locked"
    locked.mkdir()
    code = f"""
import fcntl, os, sys
sys.path.insert(0, {str(Path(poetry_ahead.__file__).parent)!r})
from poetry_ahead import heard
text = heard(int(sys.argv[1]))
ours = os.open({str(locked)!r}, os.O_RDONLY)
os.rmdir({str(locked)!r})  # we may give it up
while os.path.exists({str(tmp_path / "held")!r}):
    pass
try:
    fcntl.flock(ours, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    text += ", still locked"
open({str(tmp_path / "heard")!r}, "w").write(text)
"""
    (tmp_path / "held").touch()
    process = waiting(code, runner)
    descriptor = os.open(locked, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with runner.sharing(descriptor):
        thread = threading.Thread(target=process.order, args=("ü" * 100_000 + "\n",))
        thread.start()
        until(lambda: not locked.exists(), 20, "it has heard")
        os.close(descriptor)
        (tmp_path / "held").unlink()
        thread.join()

    assert (tmp_path / "heard").read_text() == "ü" * 100_000 + ", still locked"


def test_one_that_is_dismissed_does_nothing(tmp_path: Path) -> None:
    heard, started = tmp_path / "heard", tmp_path / "started"
    code = f"open({str(started)!r}, 'w'); {READS}; open({str(heard)!r}, 'w').write(text)"
    process = waiting(code)
    process.dismiss()
    process.dismiss()
    time.sleep(0.2)

    assert not heard.exists()


def test_it_fails_as_any_command_does() -> None:
    with pytest.raises(CommandFailedError) as failure:
        waiting(f"{READS}; print('its words'); sys.exit(text)").order("no")
    assert failure.value.command_exit_code == 1
    assert "its words" in failure.value.output


def test_one_that_has_gone_has_done_nothing() -> None:
    process = waiting("import sys; sys.exit(0)")
    time.sleep(1)
    with pytest.raises(CommandNotFoundError, match="before it was told"):
        process.order("do it")


def test_one_that_cannot_be_started() -> None:
    with pytest.raises(CommandNotFoundError):
        ShRunner().start_waiting(Command(argv=("/nowhere/python",), env={}))


def launcher(folder: Path, text: str) -> Path:
    """What stands in for Poetry: its launcher says what it was told."""
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    script = folder / "bin" / "poetry"
    script.write_text(f"#!{python}\n{text}")
    script.chmod(0o755)
    return script


SAYS = """
import json, os, sys
facts = [sys.argv, sys.path[0], os.getcwd(), os.environ.get("VIRTUAL_ENV"), __name__]
open(os.environ["SAID"], "w").write(json.dumps(facts))
"""


@pytest.mark.parametrize("is_ahead", [True, False])
def test_poetry_is_the_same_ahead_of_time(tmp_path: Path, is_ahead: bool) -> None:
    script, said = launcher(tmp_path, SAYS), tmp_path / "said"
    environ = {"PATH": os.environ["PATH"], "SAID": str(said)}
    poetry = Poetry((str(script),), "PATH", ShRunner(quiet=True), environ, "2.5.1")
    run = PoetryRun(tmp_path, tmp_path / "venv", SelectionOptions(no_root=True))
    poetry.install(run, poetry.start(tmp_path) if is_ahead else None)

    arguments = ["install", "--no-root"]
    assert json.loads(said.read_text()) == [
        [str(script), *arguments],
        str(script.parent),
        str(tmp_path),
        str(tmp_path / "venv"),
        "__main__",
    ]


LOCK = """
[[package]]
name = "spam"
version = "1.0"
description = ""
optional = false
python-versions = ">=3.8"
groups = ["main"]
files = []

[package.dependencies]
eggs = {version = ">=2.5", markers = "sys_platform == \\"win32\\""}

[metadata]
lock-version = "2.99"
python-versions = ">=3.8"
content-hash = "0"
"""

KNOWS = """
import runpy, sys
ahead = runpy.run_path(sys.argv[1])
ahead["warm_up"](sys.argv[2], lambda: sys.argv[3] == "ordered")
if "poetry.core.version.markers" not in sys.modules:
    print("nothing")
else:
    from poetry.core.version.markers import parse_marker
    before = parse_marker.cache_info().misses
    parse_marker('sys_platform == "win32"')
    print(parse_marker.cache_info().misses - before)
"""


@pytest.mark.parametrize(("order", "answer"), [("", "0"), ("ordered", "nothing")])
def test_what_is_done_ahead_of_time(tmp_path: Path, order: str, answer: str) -> None:
    """The lock's words are known, unless there is an order already; and nothing is said of it."""
    (tmp_path / "poetry.lock").write_text(LOCK)
    program = Path(poetry_module.__file__).with_name("poetry_ahead.py")
    argv = (sys.executable, "-P", "-c", KNOWS, str(program), str(tmp_path), order)
    command = Command(argv=argv, env={"PATH": os.environ["PATH"]}, with_stderr=True)

    assert ShRunner().capture(command).split() == [answer]


def test_poetry_is_started_anew_where_it_has_gone(tmp_path: Path) -> None:
    script, said = launcher(tmp_path, SAYS), tmp_path / "said"
    environ = {"PATH": os.environ["PATH"], "SAID": str(said)}
    poetry = Poetry((str(script),), "PATH", ShRunner(quiet=True), environ, "2.5.1")
    gone = waiting("import sys; sys.exit(0)")
    time.sleep(1)
    poetry.install(PoetryRun(tmp_path, None, SelectionOptions()), gone)

    assert said.is_file()


def test_poetry_that_names_no_interpreter_is_not_started(tmp_path: Path) -> None:
    shim = tmp_path / "poetry"
    shim.write_text("#!/bin/sh\nexec poetry\n")
    runner = ShRunner(quiet=True)

    assert Poetry((str(shim),), "PATH", runner, {}).start(tmp_path) is None
    assert Poetry((sys.executable, "-m", "poetry"), "uv", runner, {}).start(tmp_path) is None


def test_an_older_python_reads_it() -> None:
    """Poetry's interpreter may be one of 3.8, which does not evaluate all of our annotations."""
    text = Path(poetry_ahead.__file__).read_text("utf-8")
    code = compile(ast.parse(text, feature_version=(3, 8)), "poetry_ahead", "exec")
    assert code.co_flags & __future__.annotations.compiler_flag

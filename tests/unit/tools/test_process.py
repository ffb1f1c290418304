"""The door for processes: the one unit test that starts some."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from hybrid_install.errors import ToolError
from hybrid_install.tools.process import (
    Command,
    CommandFailedError,
    CommandNotFoundError,
    ShRunner,
    Waiting,
)

SOURCE = Path(__file__).parents[3] / "src"
PATIENCE = 20.0


def python(code: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Command:
    return Command(
        argv=(sys.executable, "-c", textwrap.dedent(code)),
        env={"PATH": os.environ["PATH"], **(env or {})},
        cwd=cwd,
    )


def test_what_a_child_writes_to_stdout_is_returned() -> None:
    code = "import sys; print('an answer'); print('a remark', file=sys.stderr)"
    assert ShRunner().capture(python(code)) == "an answer\n"


def test_what_a_child_writes_to_stderr_is_returned_where_the_command_says_so() -> None:
    code = "import sys; print('answer', flush=True); print('remark', file=sys.stderr)"
    assert ShRunner().capture(replace(python(code), with_stderr=True)) == "answer\nremark\n"
    failing = replace(python(code + "; sys.exit(3)"), with_stderr=True)
    with pytest.raises(CommandFailedError) as failure:
        ShRunner().capture(failing)
    assert failure.value.output == "answer\nremark"


def test_a_captured_child_has_no_terminal_and_nothing_to_read() -> None:
    code = "import sys; print(sys.stdout.isatty(), sys.stdin.isatty(), repr(sys.stdin.read()))"
    assert ShRunner().capture(python(code)) == "False False ''\n"


def test_a_child_sees_exactly_the_given_environment() -> None:
    command = Command(
        argv=(sys.executable, "-Ic", "import os; print(sorted(os.environ))"),
        env={"ONLY": "this", "LC_ALL": "C.UTF-8"},
    )
    assert ShRunner().capture(command) == "['LC_ALL', 'ONLY']\n"


def test_a_child_works_in_the_given_folder(tmp_path: Path) -> None:
    command = python("import os; print(os.path.realpath('.'))", cwd=tmp_path)
    assert ShRunner().capture(command) == f"{tmp_path.resolve()}\n"


def test_arguments_arrive_as_they_are() -> None:
    odd = ("--flag", "a b", "", "*", "$HOME", "'", "ü", "-", "a\nb")
    code = "import sys; print(sys.argv[1:])"
    command = Command(argv=(sys.executable, "-c", code, *odd), env={"LC_ALL": "C.UTF-8"})
    assert ShRunner().capture(command) == f"{list(odd)}\n"


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    code = r"import sys; sys.stdout.buffer.write(b'caf\xe9 \xff\n')"
    assert (
        ShRunner().capture(python(code))
        == "caf\N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}\n"
    )


def test_a_failure_brings_all_that_both_streams_said() -> None:
    """300 kB on each: neither a deadlock nor an excerpt."""
    code = """
        import sys
        for stream, sign in ((sys.stdout, "o"), (sys.stderr, "e")):
            stream.write(sign * 300_000 + "\\n")
        sys.exit(7)
    """
    with pytest.raises(CommandFailedError) as error:
        ShRunner().capture(python(code))
    assert error.value.command_exit_code == 7
    assert error.value.output == "o" * 300_000 + "\n" + "e" * 300_000


def test_a_failure_is_shown_without_credentials() -> None:
    code = "import sys; sys.exit('no answer from https://me:sesame@h.invalid/x?sig=sesame')"
    with pytest.raises(CommandFailedError) as error:
        ShRunner().capture(python(code))
    assert error.value.output == "no answer from https://h.invalid/x?..."
    assert "sesame" not in error.value.message


def test_a_child_that_was_killed_is_a_failure() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(CommandFailedError) as error:
        ShRunner().capture(python(code))
    assert error.value.command_exit_code == -9


@pytest.mark.parametrize("run", [ShRunner().capture, ShRunner().stream], ids=["capture", "stream"])
def test_an_executable_that_does_not_exist(run: Callable[[Command], object]) -> None:
    with pytest.raises(CommandNotFoundError, match=r"^/gone/tool cannot be started: ") as error:
        run(Command(argv=("/gone/tool",), env={}))
    assert isinstance(error.value, ToolError)


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(CommandNotFoundError, match="cannot be started") as error:
        ShRunner().capture(python("", cwd=tmp_path / "gone"))
    assert str(tmp_path / "gone") in error.value.message


def test_a_file_that_is_not_executable(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("x", "utf-8")
    with pytest.raises(CommandNotFoundError, match="cannot be started"):
        ShRunner().capture(Command(argv=(str(tmp_path / "tool"),), env={}))


def test_a_command_prints_neither_its_environment_nor_credentials_of_urls() -> None:
    command = Command(
        argv=("uv", "pip", "a b", "https://me:sesame@h.invalid/x"), env={"PASSWORD": "sesame"}
    )
    assert str(command) == "uv pip 'a b' https://h.invalid/x"
    failed = CommandFailedError(command, 2, "")
    assert "sesame" not in f"{failed} {failed.message}"
    env_only = Command(argv=("uv",), env={"PASSWORD": "sesame"})
    assert "sesame" not in repr(env_only)


def driver(code: str) -> list[str]:
    """A Python that runs `code` with a runner and helpers at hand."""
    before = f"""
        import sys
        sys.path.insert(0, {str(SOURCE)!r})
        from pathlib import Path
        from hybrid_install.tools.process import Command, ShRunner
        def python(code):
            return Command(argv=(sys.executable, "-c", code), env={{"LC_ALL": "C.UTF-8"}})
    """
    return [sys.executable, "-c", textwrap.dedent(before) + textwrap.dedent(code)]


SPEAKS = """
import sys
print("out", flush=True)
print("err", file=sys.stderr)
sys.exit({exit_code})
"""


@pytest.mark.parametrize(
    ("quiet", "exit_code", "seen"),
    [(False, 0, "out\nerr\n"), (False, 3, "out\nerr\n"), (True, 0, ""), (True, 3, "")],
)
def test_a_watched_child_writes_to_our_stderr(quiet: bool, exit_code: int, seen: str) -> None:
    """Never to stdout, which is for data; quietly nothing, but a failure says it all."""
    code = f"""
        try:
            ShRunner(quiet={quiet}).stream(python({SPEAKS.format(exit_code=exit_code)!r}))
        except Exception as error:
            print(error.command_exit_code, repr(error.output))
    """
    result = subprocess.run(driver(code), capture_output=True, text=True, check=True)
    assert result.stderr == seen
    held_back = "out\nerr" if quiet else ""
    assert result.stdout == (f"3 {held_back!r}\n" if exit_code else "")


TELLS = """
import sys
print("from https://me:sesame@x.invalid/a.whl?sig=sesame", flush=True)
print("the password is open+sesame", file=sys.stderr, flush=True)
sys.stderr.write(f"no line's end, {sys.stdin.readline()!r}")
"""


def test_a_masked_child_is_watched_without_credentials() -> None:
    code = f"""
        from dataclasses import replace
        runner, command = ShRunner(), python({TELLS!r})
        runner.mask()
        env = {{**command.env, "UV_INDEX_HI0_PASSWORD": "open+sesame"}}
        runner.stream(replace(command, env=env))
    """
    whole = driver(code)
    result = subprocess.run(
        whole, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (0, "")
    assert sorted(result.stderr.splitlines()) == [
        "from https://x.invalid/a.whl?...",
        "no line's end, ''",
        "the password is ****",
    ]


def test_a_child_that_is_told_a_password_is_masked_by_itself() -> None:
    code = f"""
        from dataclasses import replace
        command = python({TELLS!r})
        ShRunner().stream(replace(command, env={{**command.env, "UV_INDEX_A_PASSWORD": "open+sesame"}}))
    """
    result = subprocess.run(
        driver(code), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    assert "the password is ****" in result.stderr


def test_a_masked_child_that_nobody_listens_to_goes_on_to_its_end() -> None:
    """More than a pipe holds, and whoever read it has gone."""
    code = """
        runner = ShRunner()
        runner.mask()
        runner.stream(python("for number in range(20_000): print('a line of words', number)"))
        print("done")
    """
    running = subprocess.Popen(
        driver(code), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stderr is not None
    running.stderr.readline()
    running.stderr.close()
    assert running.stdout is not None
    with running.stdout:
        assert running.stdout.read() == b"done\n"
    running.wait(PATIENCE)


def test_without_a_stderr_a_watched_child_is_captured() -> None:
    """As under a service that closes all streams."""
    code = """
        import os, sys
        os.close(2)
        ShRunner().stream(python("print('unheard')"))
        print("done")
    """
    result = subprocess.run(driver(code), stdout=subprocess.PIPE, text=True, check=True)
    assert result.stdout == "done\n"


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Our end of a terminal, and its."""
    ours, its = pty.openpty()
    yield ours, its
    for end in (ours, its):
        os.close(end)


def read_from(terminal: int, until: bytes) -> bytes:
    seen, deadline = b"", time.monotonic() + PATIENCE
    while until not in seen and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 65536)
    return seen


def test_a_watched_child_has_the_terminal_and_may_ask(terminal: tuple[int, int]) -> None:
    ours, its = terminal
    child = """
import sys
print(sys.stdout.isatty(), sys.stderr.isatty(), sys.stdin.isatty())
print("you said", input("password? "), flush=True)
"""
    code = f"""
        import os
        ShRunner().stream(python({child!r}))
        os.write(2, b"the end")
    """
    with subprocess.Popen(
        driver(code), stdin=its, stdout=its, stderr=its, start_new_session=True
    ) as process:
        asked = read_from(ours, b"password? ")
        assert b"True True True" in asked
        os.write(ours, b"sesame\n")
        assert b"you said sesame" in read_from(ours, b"the end")
        process.wait(PATIENCE)
    assert process.returncode == 0


FAMILY = '''
import os, subprocess, sys, time
from pathlib import Path
folder = Path({folder!r})
deaf = "import signal; [signal.signal(each, signal.SIG_IGN) for each in (2, 15)]; "
code = """
import os, sys, time
try:
    open(sys.argv[1], "w").write(str(os.getpid()))
    time.sleep(600)
except KeyboardInterrupt:
    open(sys.argv[1] + " was asked", "w").close()
"""
argv = [sys.executable, "-c", ({deaf!r} and deaf) + code, str(folder / "grandchild")]
grandchild = subprocess.Popen(argv)
if {deaf!r} == "all":
    exec(deaf)
(folder / "child").write_text(str(os.getpid()))
try:
    time.sleep(600)
except KeyboardInterrupt:
    if not {deaf!r}:
        grandchild.wait()
'''


def pids(folder: Path) -> list[int]:
    """Of child and grandchild, once both are there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        texts = [
            (folder / name).read_text("utf-8") if (folder / name).exists() else ""
            for name in ("child", "grandchild")
        ]
        if all(texts):
            return [int(text) for text in texts]
        time.sleep(0.02)
    pytest.fail("the children did not start")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not is_zombie(pid)


def is_zombie(pid: int) -> bool:
    """Whoever inherits an orphan may take its time to bury it. A bare Linux has no `ps`."""
    if Path("/proc/self/stat").exists():
        try:
            return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return not state.stdout.strip() or state.stdout.strip().startswith("Z")


def wait_for_end(pid: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(pid)


@pytest.mark.parametrize(
    ("method", "signum", "deaf"),
    [
        ("capture", signal.SIGINT, ""),
        ("capture", signal.SIGTERM, ""),
        ("stream", signal.SIGINT, ""),
        ("stream", signal.SIGTERM, ""),
        ("stream", signal.SIGTERM, "grandchild"),
        ("stream", signal.SIGTERM, "all"),
    ],
)
def test_a_signal_to_us_alone_stops_child_and_grandchild(
    tmp_path: Path, method: str, signum: signal.Signals, deaf: str
) -> None:
    """As `docker stop` sends it; all are asked first, whoever ignores that is killed."""
    family = FAMILY.format(folder=str(tmp_path), deaf=deaf)
    code = f"""
        import signal
        class Ended(BaseException):
            pass
        def end(*_):
            raise Ended
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        try:
            ShRunner().{method}(python({family!r}))
        except Ended:
            print("ended in order")
    """
    with subprocess.Popen(
        driver(code),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        both = pids(tmp_path)
        assert all(map(is_alive, both))
        os.kill(process.pid, signum)
        output, _ = process.communicate(timeout=PATIENCE)
    assert output == "ended in order\n"
    assert all(map(wait_for_end, both))
    assert (tmp_path / "grandchild was asked").exists() is not bool(deaf)


def test_ctrl_c_at_a_terminal_stops_all(tmp_path: Path, terminal: tuple[int, int]) -> None:
    """There the child shares our group, and the terminal signals all of it."""
    ours, its = terminal
    family = FAMILY.format(folder=str(tmp_path), deaf="")
    code = f"""
        import fcntl, os, termios
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        try:
            ShRunner().stream(python({family!r}))
        except KeyboardInterrupt:
            os.write(2, b"ended in order")
    """
    with subprocess.Popen(
        driver(code), stdin=its, stdout=its, stderr=its, start_new_session=True
    ) as process:
        both = pids(tmp_path)
        os.write(ours, b"\x03")
        assert b"ended in order" in read_from(ours, b"ended in order")
        process.wait(PATIENCE)
    assert all(map(wait_for_end, both))


def test_a_child_dies_with_us_however_that_ends(tmp_path: Path) -> None:
    family = FAMILY.format(folder=str(tmp_path), deaf="")
    with subprocess.Popen(
        driver(f"ShRunner().stream(python({family!r}))"),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        child, grandchild = pids(tmp_path)
        process.kill()
    ended = wait_for_end(child)
    for pid in (child, grandchild):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert ended is (sys.platform == "linux")


def test_a_child_of_another_thread_outlives_it(tmp_path: Path) -> None:
    """The system would take the end of the thread for ours."""
    code = f"import time; time.sleep(0.5); open({str(tmp_path / 'done')!r}, 'w').close()"
    start = partial(ShRunner(quiet=True).start_waiting, python(code))
    started: list[Waiting] = []
    thread = threading.Thread(target=lambda: started.append(start()))
    thread.start()
    thread.join()
    with suppress(CommandNotFoundError):
        started[0].order("")
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize(
    ("method", "is_shared"), [("stream", True), ("capture", False), ("converse", False)]
)
def test_who_is_watched_holds_what_we_hold(tmp_path: Path, method: str, is_shared: bool) -> None:
    """Not who answers a question: it may leave a service behind."""
    runner, seen = ShRunner(quiet=True), tmp_path / "seen"
    descriptor = os.open(tmp_path, os.O_RDONLY)
    code = f"""
        import os
        held = [each for each in os.listdir("/dev/fd") if os.path.exists("/dev/fd/" + each)]
        same = [each for each in held if os.path.samestat(os.fstat(int(each)), os.stat({str(tmp_path)!r}))]
        open({str(seen)!r}, "w").write(str(len(same)))
    """
    try:
        with runner.sharing(descriptor):
            getattr(runner, method)(python(code))
        assert seen.read_text() == str(int(is_shared))
        runner.stream(python(code))
        assert seen.read_text() == "0"
    finally:
        os.close(descriptor)

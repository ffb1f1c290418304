"""The one door for processes. Nothing else in the project starts any.

What `sh` does by default and what is pinned here: it gives a child a pseudo-terminal, raises on
bytes that are not UTF-8, cuts streams at 750 bytes in its exceptions, and leaves the child running
when only we are interrupted or killed.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Protocol

from hybrid_install.core.redaction import secrets_in, without_credentials, without_secrets
from hybrid_install.errors import ToolError
from hybrid_install.interruptions import held_back, not_to_be_interrupted
from hybrid_install.tools.sh_alone import sh_alone

if TYPE_CHECKING:
    import _socket

_PR_SET_PDEATHSIG = 1

_GRACES = ((signal.SIGINT, 3.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0))
_LOOK_AGAIN = 0.05


@dataclass(frozen=True, kw_only=True)
class Command:
    """A process to be: a value that can be printed and compared. Secrets go in `env` only.

    `with_stderr` makes `capture` return what was written to stderr as well.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path | None = None
    with_stderr: bool = False

    def __str__(self) -> str:
        return without_credentials(shlex.join(self.argv))


class CommandFailedError(ToolError):
    """A command that ended with a non-zero exit code, with its own words."""

    def __init__(self, command: Command, exit_code: int, output: str) -> None:
        self.command = command
        self.command_exit_code = exit_code
        self.output = without_secrets(output.strip(), secrets_in(command.env))
        words = f"\n\n{self.output}" if self.output else ""
        super().__init__(f"exit code {exit_code} from: {command}{words}")


class CommandNotFoundError(ToolError):
    """A command whose executable cannot be started."""


class Waiting(Protocol):
    """A process that has been started, and waits for the order to do anything."""

    def order(self, text: str) -> None:
        """Have it go on, and wait for its end as `Runner.stream` does.

        `CommandNotFoundError` where it has ended before: then nothing was done.
        """

    def dismiss(self) -> None:
        """Let it end without an order; a second time, or after one, it does nothing."""


class Runner(Protocol):
    """Ways to run a command; all raise `CommandFailedError` and `CommandNotFoundError`."""

    def mask(self) -> None:
        """From now on the user sees no url's secrets in the words of a child that is watched.

        It then writes to us, line by line, and to no terminal; as does, masked or not, whoever has
        a password or a token among its variables.
        """

    def sharing(self, descriptor: int) -> AbstractContextManager[None]:
        """Within, whoever is streamed or given an order holds this open file too, as we do.

        A lock on it then lasts until the last of them ends. Not whoever answers a question: that
        changes nothing, and may leave a service behind.
        """

    def stream(self, command: Command) -> None:
        """Run while the user watches: the child writes to our stderr itself."""

    def capture(self, command: Command) -> str:
        """Run silently and return what it wrote to stdout, or to both where the command says so."""

    def begin(self, command: Command) -> Callable[[], str]:
        """Start what `capture` runs; what is returned waits for its end, once.

        Nobody ends it where nobody waits: it must be short, and change nothing.
        """

    def converse(self, command: Command) -> str:
        """As `capture`, but at a terminal the child may say something to the user, and ask."""

    def start_waiting(self, command: Command) -> Waiting:
        """Start what reads its order from a file descriptor, whose number is added to `argv`."""


class Begun(Protocol):
    """A process that was started before anything was known (`early`); see there."""

    argv: tuple[str, ...]
    environ: dict[str, str]
    pid: int
    writing: int
    is_taken: bool

    def end(self) -> None:
        """Unless somebody has taken it over."""


class ShRunner:
    """Processes through `sh`; `begun` is one that may turn out to be started already.

    `has_shown` is whether any child has had the user's screen to write on.
    """

    def __init__(self, *, quiet: bool = False, begun: Begun | None = None) -> None:
        self.quiet = quiet
        self.begun = begun
        self.has_shown = False
        self._masks = False
        self._shared: set[int] = set()

    def mask(self) -> None:
        """As `Runner.mask`."""
        self._masks = True

    @contextmanager
    def sharing(self, descriptor: int) -> Iterator[None]:
        """As `Runner.sharing`."""
        os.set_inheritable(descriptor, True)
        self._shared.add(descriptor)
        try:
            yield
        finally:
            self._shared.remove(descriptor)

    def stream(self, command: Command) -> None:
        """As `Runner.stream`; with `quiet` the output is kept back unless the command fails."""
        self._forget_begun()
        with self._streams(command) as streams:
            self._run(command, streams)

    def start_waiting(self, command: Command) -> Waiting:
        """As `Runner.start_waiting`; what it writes goes where `stream` has it go."""
        import _socket  # a tenth of what `socket` takes

        if found := self._begun_as(command):
            line = _socket.socket(fileno=found.writing)
            return _TakenOver(command, _Child(found.pid), line, self._shared)
        line, its_end = _socket.socketpair()
        with closing(its_end), held_back() as held:
            try:
                waiting = self._start_deaf(command, line, its_end)
            except BaseException:
                line.close()
                raise
            try:
                held.let_through()
            except BaseException:
                waiting.dismiss()
                raise
        return waiting

    def _start_deaf(
        self, command: Command, line: _socket.socket, its_end: _socket.socket
    ) -> _Started:
        os.set_inheritable(its_end.fileno(), True)
        ordered = replace(command, argv=(*command.argv, str(its_end.fileno())))
        with self._streams(command) as streams, not_to_be_interrupted():
            streams["_pass_fds"].add(its_end.fileno())
            return _Started(ordered, self._start(ordered, streams), line, self._shared)

    def _begun_as(self, command: Command) -> Begun | None:
        """What was begun, if it is that very command, and writes where it shall; else it ends."""
        begun = self.begun
        if begun is None:
            return None
        is_same = begun.argv == command.argv and begun.environ == command.env
        is_plain = not (self._is_silent or self._masks or secrets_in(command.env) or command.cwd)
        if begun.is_taken or not (is_same and is_plain):
            self._forget_begun()
            return None
        begun.is_taken = self.has_shown = True
        return begun

    def _forget_begun(self) -> None:
        """Before anything is changed: it may live in what is changed."""
        if self.begun is not None:
            self.begun.end()
            self.begun = None

    @property
    def _is_silent(self) -> bool:
        return self.quiet or _inheritable(sys.__stderr__) is None

    @contextmanager
    def _streams(self, command: Command) -> Iterator[dict[str, Any]]:
        """The streams of a child that may change something, and what it shares with us."""
        is_silent = self._is_silent  # before another file takes the place of a closed stderr
        with Path(os.devnull).open() as nothing:
            streams = _kept(nothing) if is_silent else self._watched(nothing, command)
            yield {**streams, "_pass_fds": {*self._shared}}

    def _watched(self, nothing: IO[str], command: Command) -> dict[str, Any]:
        """The streams of a child that the user sees, and answers."""
        self.has_shown = True
        watched = _inheritable(sys.__stderr__)
        stdin = _inheritable(sys.__stdin__) or nothing
        secrets = secrets_in(command.env)
        if (self._masks or secrets) and watched is not None:
            tell = _telling(watched, secrets)
            return {"_in": stdin, "_tty_out": False, "_out": tell, "_err": tell}
        return {"_in": stdin, "_out": watched, "_err": watched}

    def capture(self, command: Command) -> str:
        """As `Runner.capture`."""
        with Path(os.devnull).open() as nothing:
            return self._run(command, _answering(nothing, command))

    def begin(self, command: Command) -> Callable[[], str]:
        """As `Runner.begin`."""
        with Path(os.devnull).open() as nothing, held_back() as held:
            running = self._start(command, _answering(nothing, command))
            try:
                held.let_through()
            except BaseException:
                stop(running.process)
                raise
        return partial(_finish, command, running)

    def converse(self, command: Command) -> str:
        """As `Runner.converse`, also with `quiet`: whoever is not answered waits for ever."""
        if not _at_a_terminal() or (watched := _inheritable(sys.__stderr__)) is None:
            return self.capture(command)
        self.has_shown = True
        return self._run(command, {"_in": sys.__stdin__, "_tty_out": False, "_err": watched})

    def _run(self, command: Command, streams: dict[str, Any]) -> str:
        with held_back() as held:
            return _finish(command, self._start(command, streams), held.let_through)

    @staticmethod
    def _start(command: Command, streams: dict[str, Any]) -> Any:
        sh = sh_alone()
        options: dict[str, Any] = {
            "_env": dict(command.env),
            "_bg": True,
            "_bg_exc": False,
            "_decode_errors": "replace",
            "_return_cmd": True,
            "_new_group": not _at_a_terminal(),
            **_tied_to_us(),
            **streams,
        }
        if command.cwd is not None:
            options["_cwd"] = str(command.cwd)
        try:
            return sh.Command(command.argv[0])(*command.argv[1:], **options)
        except (sh.CommandNotFound, sh.ForkException, OSError) as error:
            cause = str(error).strip().rpartition("\n")[2].strip()
            raise CommandNotFoundError(f"{command.argv[0]} cannot be started: {cause}") from None


def _kept(nothing: IO[str]) -> dict[str, Any]:
    """The streams of a child that says nothing to the user, and asks nothing."""
    return {"_in": nothing, "_tty_out": False}


def _answering(nothing: IO[str], command: Command) -> dict[str, Any]:
    """The streams of a child whose words are its answer."""
    return {**_kept(nothing), "_err_to_out": command.with_stderr}


def _tied_to_us() -> dict[str, Any]:
    """Where the system can do that (Linux), have it kill the child when we are gone, however.

    It watches the thread that has started the child: only the main one lives as long as we do.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return {}
    try:
        import ctypes

        prctl, kill = ctypes.CDLL(None).prctl, ctypes.c_ulong(signal.SIGKILL)
    except (ImportError, AttributeError, OSError):
        return {}
    us = os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, kill)
        if os.getppid() != us:  # gone before that
            os._exit(1)

    return {"_preexec_fn": tie}


def _telling(watched: IO[str], secrets: Collection[str]) -> Callable[[str], None]:
    """Have a line of a child's appear, without what nobody may read."""

    def tell(line: str) -> None:
        # Where nobody reads any more the child must not wait for ever to be read.
        with suppress(OSError, ValueError):
            watched.write(without_secrets(line, secrets))
            watched.flush()

    return tell


class _Child:
    """As much of `sh`'s processes as is needed of one that was not started by it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self.pgid = os.getpgid(pid)
        except ProcessLookupError:  # it has ended, and will not hear its order
            self.pgid = pid
        self._exit_code: int | None = None
        self._waiting = threading.Lock()

    def wait(self) -> int:
        """Its exit code, or the signal that ended it as a negative number."""
        with self._waiting:
            if self._exit_code is None:
                try:
                    self._exit_code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                except ChildProcessError:  # SIGCHLD is ignored, and nobody can tell
                    self._exit_code = 0
        return self._exit_code

    def signal(self, number: int) -> None:
        """To it alone."""
        os.kill(self.pid, number)

    def signal_group(self, number: int) -> None:
        """To the group that it leads."""
        os.killpg(self.pid, number)


class _Started(NamedTuple):
    """A `Waiting` of `sh`'s; `line` is where it reads its order.

    What is `shared` by now it is handed with that: it may have been started before.
    """

    command: Command
    running: Any
    line: _socket.socket
    shared: Collection[int]

    def order(self, text: str) -> None:
        tell = partial(_tell, self.command, self.line, self.shared, text)
        _finish(self.command, self.running, tell)

    def dismiss(self) -> None:
        _dismiss(self.running.process, self.line)


class _TakenOver(NamedTuple):
    """A `Waiting` that was begun before; it writes where we do."""

    command: Command
    child: _Child
    line: _socket.socket
    shared: Collection[int]

    def order(self, text: str) -> None:
        try:
            _tell(self.command, self.line, self.shared, text)
            exit_code = self.child.wait()
        except BaseException:
            stop(self.child)
            raise
        if exit_code:
            raise CommandFailedError(self.command, exit_code, "")

    def dismiss(self) -> None:
        _dismiss(self.child, self.line)


def _tell(command: Command, line: _socket.socket, shared: Collection[int], text: str) -> None:
    content = text.encode()
    try:
        with closing(line):
            sent = _hand_over(line, shared, content[:1])
            line.sendall(content[sent:])
    except ConnectionError:
        raise CommandNotFoundError(
            f"{command.argv[0]} ended before it was told what to do"
        ) from None


def _hand_over(line: _socket.socket, shared: Collection[int], beginning: bytes) -> int:
    """What is shared goes with a first byte (`socket.send_fds`)."""
    if not shared:
        return 0
    from _socket import SCM_RIGHTS, SOL_SOCKET

    files = b"".join(each.to_bytes(4, sys.byteorder) for each in shared)
    return line.sendmsg([beginning], [(SOL_SOCKET, SCM_RIGHTS, files)])


def _dismiss(process: Any, line: _socket.socket) -> None:
    """It has done nothing yet that would have to be cleaned up."""
    if line.fileno() < 0:
        return
    line.close()
    with suppress(ProcessLookupError, OSError):
        process.signal(signal.SIGKILL)
    _ended_within(process, _GRACES[-1][1])


def _finish(command: Command, running: Any, first: Callable[[], None] = lambda: None) -> str:
    """Do what comes `first`, and wait for the end; whoever interrupts that ends the child."""
    sh = sh_alone()
    try:
        first()
        running.wait()
    except sh.ErrorReturnCode as error:
        output = "\n".join(
            part.decode("utf-8", "replace").strip() for part in (error.stdout, error.stderr)
        )
        raise CommandFailedError(command, error.exit_code, output) from None
    except BaseException:
        stop(running.process)
        raise
    return str(running)


def stop(process: Any) -> None:
    """End a child of ours and its own children: asked, told, killed, each with a grace.

    At a terminal the child shares our group, so that it may ask for a passphrase, and Ctrl-C
    reaches all of it by itself. Elsewhere it leads a group, so that one signal reaches all; what
    it leaves behind in that group when it ends is killed. Who is told once more meanwhile has no
    patience: the graces are over, and the signal is heard when all have ended.
    """
    # Not where stdin leads: a terminal that hangs up is none any more.
    leads_group = process.pgid == process.pid
    # Or the next signal would leave its own children at work.
    with held_back() as held:
        for signum, grace in _GRACES:
            try:
                (process.signal_group if leads_group else process.signal)(signum)
            except (ProcessLookupError, OSError):
                break
            if _ended_within(process, grace, () if signum == signal.SIGKILL else held.heard):
                break
        if leads_group:
            with suppress(ProcessLookupError, OSError):
                os.killpg(process.pid, signal.SIGKILL)


def _ended_within(process: Any, seconds: float, hurry: Collection[int] = ()) -> bool:
    """Whether it has ended by then, or by the time at which somebody has hurried us."""
    ended = threading.Event()

    def wait() -> None:
        process.wait()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    ends = time.monotonic() + seconds
    while not ended.wait(_LOOK_AGAIN):
        if hurry or time.monotonic() > ends:
            return False
    return True


def _at_a_terminal() -> bool:
    stdin = _inheritable(sys.__stdin__)
    return stdin is not None and stdin.isatty()


def _inheritable(stream: IO[str] | None) -> IO[str] | None:
    """`stream` if a child can inherit it."""
    try:
        if stream is None:
            return None
        os.fstat(stream.fileno())
    except (OSError, ValueError):
        return None
    return stream

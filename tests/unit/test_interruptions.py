"""Signals wait while a child is started, and are heard then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hybrid_install.interruptions import held_back, not_to_be_interrupted
from hybrid_install.tools import process
from hybrid_install.tools.process import Command, ShRunner
from hybrid_install.tools.sh_alone import sh_alone


class HeardError(Exception):
    """A signal came through."""


def _raise(_signum: int, _frame: object) -> None:
    raise HeardError


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGTERM, _raise)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_waits_until_it_is_let_through() -> None:
    with held_back() as held:
        signal.raise_signal(signal.SIGTERM)
        assert held.heard == [signal.SIGTERM]
        with pytest.raises(HeardError):
            held.let_through()
        with pytest.raises(HeardError):
            signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is _raise


def test_the_end_lets_it_through() -> None:
    with pytest.raises(HeardError), held_back():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is _raise


def test_what_is_ignored_stays_so() -> None:
    with held_back():
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        signal.raise_signal(signal.SIGHUP)


def test_another_thread_holds_nothing_back() -> None:
    done = []

    def hold() -> None:
        with held_back() as held:
            held.let_through()
            done.append(True)

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert done


def test_sigint_stays_blocked_in_whoever_is_started_within() -> None:
    code = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))"
    with not_to_be_interrupted():
        within = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    after = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (within.stdout, after.stdout) == (b"True\n", b"False\n")


def test_handlers_that_are_half_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal between the first one and the second."""
    real, before = signal.signal, signal.getsignal(signal.SIGINT)

    def exchange(number: int, handler: Callable[..., object]) -> None:
        real(number, handler)
        if number == signal.SIGINT and handler != before:
            signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(signal, "signal", exchange)
        with pytest.raises(HeardError), held_back():
            pass
    assert signal.getsignal(signal.SIGINT) is before
    assert signal.getsignal(signal.SIGTERM) is _raise


def test_held_back_twice() -> None:
    """What the inner one has held comes through both."""
    with held_back() as outer:
        outer.let_through()
        with pytest.raises(HeardError), held_back():
            signal.raise_signal(signal.SIGTERM)
        assert outer.heard == []


STUBBORN = "trap '' INT TERM; (trap '' INT TERM; sleep 0.9; touch %s/late) & sleep 30"


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_leaves_no_children_of_children(
    second: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in a hurry, and loses nobody."""
    monkeypatch.setattr(process, "_GRACES", ((signal.SIGINT, 30.0), (signal.SIGKILL, 5.0)))
    before = signal.signal(signal.SIGINT, _raise)
    for after, number in ((0.3, signal.SIGTERM), (0.5, second)):
        threading.Timer(after, os.kill, (os.getpid(), number)).start()
    started = time.monotonic()
    try:
        with pytest.raises(HeardError):
            ShRunner(quiet=True).stream(
                Command(argv=("/bin/sh", "-c", STUBBORN % tmp_path), env=dict(os.environ))
            )
    finally:
        signal.signal(signal.SIGINT, before)
    assert 0.5 <= time.monotonic() - started < 5
    time.sleep(0.7)
    assert not (tmp_path / "late").exists()


@pytest.mark.parametrize("how", ["capture", "begin", "stream", "start_waiting"])
def test_a_child_ends_that_was_being_started(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes when the child is there, and we have nothing of it in our hands."""
    sh = sh_alone()
    real, traces = sh.Command, []

    class Slow:
        def __init__(self, name: str) -> None:
            self._command = real(name)

        def __call__(self, *words: str, **options: object) -> object:
            running = self._command(*words, **options)
            traces.append(running.process.pid)
            signal.raise_signal(signal.SIGTERM)
            return running

    monkeypatch.setattr(sh, "Command", Slow)
    monkeypatch.setattr(process, "_GRACES", ((signal.SIGINT, 2.0), (signal.SIGKILL, 5.0)))
    words = ("/bin/sh", "-c", f"sleep 0.5; touch {tmp_path}/late")
    with pytest.raises(HeardError):
        getattr(ShRunner(quiet=True), how)(Command(argv=words, env=dict(os.environ)))
    with pytest.raises(ProcessLookupError):
        os.kill(traces[0], 0)
    time.sleep(0.7)
    assert not (tmp_path / "late").exists()


@pytest.mark.parametrize("is_begun", [True, False])
def test_a_child_ends_that_has_just_had_its_order(
    is_begun: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes when all has been said, and nobody waits yet."""
    real = process._tell

    def tell(*words: Any) -> None:
        real(*words)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(process, "_tell", tell)
    monkeypatch.setattr(process, "_GRACES", ((signal.SIGINT, 0.1), (signal.SIGKILL, 5.0)))
    late = f"import sys, socket, time; socket.socket(fileno=int(sys.argv[1])).recv(99); {LATE}"
    command = Command(argv=(sys.executable, "-c", late % tmp_path), env=dict(os.environ))
    waiting: Any = ShRunner(quiet=True).start_waiting(command)
    if is_begun:
        child = process._Child(waiting.running.process.pid)
        waiting = process._TakenOver(command, child, waiting.line, ())
    with pytest.raises(HeardError):
        waiting.order("go")
    time.sleep(1)
    assert not (tmp_path / "late").exists()


LATE = "time.sleep(0.5); open('%s/late', 'w')"

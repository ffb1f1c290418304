"""No child is lost to a signal that comes as it is started: by then nobody could end it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def held_back() -> Iterator[Callable[[], None]]:
    """Yield what lets signals through again: those that came until then, and all later ones.

    The end does so too. Only the main thread hears any; in another one nothing is held back.
    """
    heard: list[int] = []
    handlers = _handlers()

    def let_through() -> None:
        while handlers:
            signal.signal(*handlers.popitem())
        while heard:
            signal.raise_signal(heard.pop(0))

    for number in handlers:
        signal.signal(number, lambda signum, _: heard.append(signum))
    try:
        yield let_through
    finally:
        let_through()


@contextmanager
def not_to_be_interrupted() -> Iterator[None]:
    """Whoever is started within hears no SIGINT until it unblocks that itself."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _handlers() -> dict[signal.Signals, Callable[..., object]]:
    """Of the signals that are neither ignored nor left to the system."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    found = {number: signal.getsignal(number) for number in _ENDING}
    ours = {number: each for number, each in found.items() if callable(each)}
    return {number: each for number, each in ours.items() if not isinstance(each, signal.Handlers)}

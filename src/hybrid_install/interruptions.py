"""No child is lost to a signal that comes as it is started: by then nobody could end it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Held:
    """Signals that wait, in the order in which they came; until then `heard` has them."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.handlers = _handlers()
        self._are_through = False

    def hear(self, number: int, frame: FrameType | None) -> None:
        """As a handler: what is let through already is heard by whoever listened before."""
        if self._are_through:
            self.handlers[number](number, frame)
        else:
            self.heard.append(number)

    def hold_back(self) -> None:
        """Once more."""
        self._are_through = False

    def let_through(self) -> None:
        """Have those heard that came until now, and all later ones."""
        self._are_through = True
        while self.heard:
            number = self.heard.pop(0)
            self.handlers[number](number, None)


@contextmanager
def held_back() -> Iterator[Held]:
    """Signals wait within until they are let through, as they are by the end.

    Only the main thread hears any; in another one nothing is held back. A handler that raises while
    handlers are exchanged leaves some of ours, which then only hand on.
    """
    held = Held()
    try:
        for number in held.handlers:
            signal.signal(number, held.hear)
        yield held
    finally:
        try:
            held.let_through()
        finally:
            for number, handler in held.handlers.items():
                signal.signal(number, handler)


@contextmanager
def not_to_be_interrupted() -> Iterator[None]:
    """Whoever is started within hears no SIGINT until it unblocks that itself."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        # It may raise for one that came before, and has blocked it then.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _handlers() -> dict[int, Callable[..., object]]:
    """Of the signals that are neither ignored nor left to the system."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    found = {number: signal.getsignal(number) for number in _ENDING}
    ours = {number: each for number, each in found.items() if callable(each)}
    return {number: each for number, each in ours.items() if not isinstance(each, signal.Handlers)}

"""The console script (`start`), and `python -m hybrid_install`."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_SIGINT = 2


def _end(signum: int, _frame: object) -> None:
    """Nothing is done yet that would have to be undone."""
    what = "interrupted" if signum == _SIGINT else "terminated"
    words = f"error: {what} before anything was done\nhint: run the same command again\n"
    try:  # noqa: SIM105 - contextlib takes longer to import than a run with nothing to do
        os.write(2, words.encode())
    except OSError:
        pass
    _leave(128 + signum)


def main() -> None:
    """End where nothing has changed since the last run; else read the command line."""
    # Python's own handler would say a traceback. `signal` takes longer to import than what follows.
    if _signal.getsignal(_SIGINT) is _signal.default_int_handler:
        _signal.signal(_SIGINT, _signal.SIG_DFL)

    from hybrid_install.unchanged import stamp_path, words_if_unchanged

    path = stamp_path(sys.argv[1:], os.environ)
    words = words_if_unchanged(path)
    if words is None:
        import gc
        import signal

        from hybrid_install import early

        # Until the command line is read: that takes longer than anything before it.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _end)
        # A run makes tens of thousands of values, keeps them all, and is over in a moment.
        gc.disable()
        early.begin(path, os.environ)

        from hybrid_install.cli import main as run

        run()
    elif words and sys.stderr is not None:
        sys.stderr.write(f"{words}\n")


def start() -> None:
    """`main`, and out: the values of a run need not be taken apart one by one."""
    try:
        main()
    except SystemExit as ended:
        code = ended.code
        if isinstance(code, int) and _is_flushed():
            _leave(code)
        raise


def _leave(code: int) -> NoReturn:
    """What ends with the interpreter otherwise is ended here."""
    from hybrid_install import early

    if (begun := early.begun()) is not None:
        begun.end()
    os._exit(code)


def _is_flushed() -> bool:
    """Where it is not, the interpreter says so in its own way."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return False
    return True


if __name__ == "__main__":
    start()

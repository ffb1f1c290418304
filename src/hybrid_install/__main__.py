"""The console script, and `python -m hybrid_install`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """End where nothing has changed since the last run; else read the command line."""
    from hybrid_install.unchanged import stamp_path, words_if_unchanged

    words = words_if_unchanged(stamp_path(sys.argv[1:], os.environ))
    if words is None:
        import gc

        # A run makes tens of thousands of values, keeps them all, and is over in a moment.
        gc.disable()

        from hybrid_install.cli import main as run

        run()
    elif words and sys.stderr is not None:
        sys.stderr.write(f"{words}\n")


if __name__ == "__main__":
    main()

"""What we write is there whole or not at all, and nothing of ours is left where we are interrupted.

Nothing is synced: that would have the disk write all of the environment first, which takes longer
than to install it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hybrid_install.interruptions import held_back

BEGUN = ".tmp"
"""What the name of a file begins with that a killed run has not put in its place."""


def write_whole(path: Path, content: bytes, mode: int = 0o644, *, begun: str = BEGUN) -> None:
    """Beside, in a file whose name begins with `begun`, then renamed: nobody reads half of it.

    What shares the old content with `path` by a hard link keeps that.
    """
    with held_back():
        handle, name = tempfile.mkstemp(prefix=begun, dir=path.parent)
        beside = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            beside.chmod(mode & 0o7777)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder of our own in `TMPDIR`, as long as the block lasts."""
    with held_back() as held, tempfile.TemporaryDirectory(prefix="hybrid-install-") as name:
        held.let_through()
        try:
            yield Path(name)
        finally:
            held.hold_back()

"""The file systems of this machine, and what is free on them."""

from __future__ import annotations

import os
from pathlib import Path

from hybrid_install.core.space import Volume


def volume_of(path: Path) -> Volume | None:
    """The file system that `path` is on, or will be; None where that cannot be told.

    Free is what the user may take, not what is kept for root.
    """
    for place in (path, *path.parents):
        try:
            seen, system = place.stat(), os.statvfs(place)
        except FileNotFoundError:
            continue
        except OSError:
            return None
        block = system.f_frsize
        return Volume(str(path), seen.st_dev, system.f_blocks * block, system.f_bavail * block)
    return None


def is_writable_place(path: Path) -> bool:
    """Whether files can be made in `path`, which may have to be made first."""
    for place in (path, *path.parents):
        if place.exists():
            return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    return False

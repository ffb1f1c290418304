"""Files that are files: the one door through which what others wrote is read.

In the place of any of them there may be a pipe, which would be waited for, or a device, which has
no end: an `OSError` as for whatever else cannot be read.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from stat import S_ISREG


def opener(path: str, flags: int) -> int:
    """For `open(…, opener=opener)`: nothing but a regular file, or a link to one."""
    # Without it the open itself would wait for somebody to write into a pipe.
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if not S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is not a regular file", str(path))
    return descriptor


def read_bytes(path: Path) -> bytes:
    """`Path.read_bytes` of a regular file."""
    with open(path, "rb", opener=opener) as file:
        return file.read()


def read_text(path: Path, errors: str = "strict") -> str:
    """`Path.read_text` of a regular file of UTF-8."""
    with open(path, encoding="utf-8", errors=errors, opener=opener) as file:
        return file.read()

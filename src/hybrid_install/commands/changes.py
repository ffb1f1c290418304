"""What somebody else changes of a project while a run is at work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hybrid_install.commands.prepare import Preparation
from hybrid_install.commands.receipt import Bookkeeping
from hybrid_install.errors import LockfileError

Contents = Mapping[Path, bytes | None]
"""Files and what is in them, None where there is none. Not their times: a plugin of Poetry's may
write a version into pyproject.toml and take it out again."""


def contents(preparation: Preparation) -> Contents:
    """Of the two files that decide what is installed."""
    inputs = preparation.inputs
    files = (inputs.lock_file, inputs.project_dir / "pyproject.toml")
    return {file: file.read_bytes() if file.is_file() else None for file in files}


def refuse_changes(preparation: Preparation, before: Contents, books: Bookkeeping) -> None:
    """`LockfileError` where one is another by now: Poetry may have read the one, we the other.

    No receipt claims anything then, and the next run looks at everything.
    """
    changed = [str(file) for file, now in contents(preparation).items() if now != before[file]]
    if changed:
        books.withdraw()
        raise LockfileError(
            f"{' and '.join(changed)} was changed while this run was at work",
            hint="run the same command again: it installs what is locked by now",
        )

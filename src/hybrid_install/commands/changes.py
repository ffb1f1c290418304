"""What somebody else changes of a project while a run is at work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hybrid_install.commands.prepare import Preparation
from hybrid_install.commands.receipt import Bookkeeping
from hybrid_install.errors import LockfileError
from hybrid_install.unchanged import ENTRY, witness

States = Mapping[Path, str]
"""A file, and what tells that it is still the same."""


def states(preparation: Preparation) -> States:
    """Of the two files that decide what is installed."""
    inputs = preparation.inputs
    files = (inputs.lock_file, inputs.project_dir / "pyproject.toml")
    return {file: witness(ENTRY, str(file)) for file in files}


def refuse_changes(preparation: Preparation, seen: States, books: Bookkeeping) -> None:
    """`LockfileError` where one is another by now: Poetry may have read the one, we the other.

    No receipt claims anything then, and the next run looks at everything.
    """
    changed = [str(file) for file, state in states(preparation).items() if state != seen[file]]
    if changed:
        books.withdraw()
        raise LockfileError(
            f"{' and '.join(changed)} was changed while this run was at work",
            hint="run the same command again: it installs what is locked by now",
        )

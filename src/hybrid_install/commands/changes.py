"""What somebody else changes of a project while a run is at work."""

from __future__ import annotations

from hybrid_install.commands.inputs import contents
from hybrid_install.commands.prepare import Preparation
from hybrid_install.commands.receipt import Bookkeeping
from hybrid_install.errors import LockfileError


def refuse_changes(preparation: Preparation, books: Bookkeeping) -> None:
    """`LockfileError` where a file is another by now: Poetry may have read the one, we the other.

    No receipt claims anything then, and the next run looks at everything.
    """
    before = preparation.inputs.contents
    changed = [str(file) for file, now in contents(*before).items() if now != before[file]]
    if changed:
        books.withdraw()
        raise LockfileError(
            f"{' and '.join(changed)} was changed while this run was at work",
            hint="run the same command again: it installs what is locked by now",
        )

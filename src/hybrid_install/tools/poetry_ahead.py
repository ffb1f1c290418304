"""Poetry, started before it is needed: run by Poetry's own interpreter, never imported.

Half of the time of `poetry install` goes into its imports and its parsers, which depend on nothing
that is decided by then. They are done while uv works; then an order is waited for, and what
follows is the launcher itself, as if it had just been started with those arguments, variables and
folder. No order, since the run has ended before, means that nothing is done.

Arguments: the launcher, and the file descriptor from which the order is read to its end.
"""

import importlib
import json
import os
import runpy
import signal
import sys
from contextlib import suppress
from pathlib import Path

MODULES = (
    "poetry.console.application",
    "poetry.console.commands.install",
    "poetry.factory",
    "poetry.installation.installer",
    "poetry.installation.chooser",
    "poetry.masonry.builders.editable",
    "poetry.packages.locker",
    "poetry.plugins.plugin_manager",
    "poetry.puzzle.transaction",
    "poetry.repositories.installed_repository",
    "poetry.repositories.lockfile_repository",
    "poetry.repositories.pypi_repository",
    "poetry.utils.env",
)


def warm_up() -> None:
    """Import, and have the parsers made, which are kept by their modules.

    Whatever fails here fails again where Poetry does it, and is Poetry's to say.
    """
    for name in MODULES:
        with suppress(Exception):
            importlib.import_module(name)
    with suppress(Exception):
        from poetry.core.packages.dependency import Dependency

        Dependency.create_from_pep_508('warm-up (>=1,<2) ; os_name == "none"')


def main() -> None:
    """Wait for the order, and become the launcher."""
    # Interrupted before there is anything to say, it ends without a word.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    launcher, descriptor = sys.argv[1], int(sys.argv[2])
    sys.path[0] = str(Path(launcher).parent)
    warm_up()
    with os.fdopen(descriptor, encoding="utf-8") as pipe:
        text = pipe.read()
    if not text:
        return
    order = json.loads(text)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.argv = [launcher, *order["argv"]]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    runpy.run_path(launcher, run_name="__main__")


if __name__ == "__main__":
    main()

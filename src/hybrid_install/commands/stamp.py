"""The stamp of a good run: what the same words would look at again, for `unchanged` to compare.

Whatever cannot be named here as files and folders leaves the run without a stamp, and the next one
takes place. So does anything that was still being written when this run read it.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

from hybrid_install.commands.ahead import poetry_apart
from hybrid_install.commands.binding import binding
from hybrid_install.commands.prepare import Preparation
from hybrid_install.commands.receipt import receipt_file
from hybrid_install.core.binding import LEGAL, binding_inputs
from hybrid_install.core.model import DirectorySource, FileSource
from hybrid_install.environment.binding import legal_files
from hybrid_install.environment.locate import ENVS_FILE, MARKER
from hybrid_install.environment.memory import TICK, newest, write
from hybrid_install.poetry_config import config_files
from hybrid_install.report import Report
from hybrid_install.tools.poetry import user_site
from hybrid_install.unchanged import (
    AHEAD,
    COMMAND,
    ENTRY,
    NAMES,
    PLACE,
    SHARED,
    command,
    newest_in,
    stamp_path,
    text_of_stamp,
)

Witness = tuple[str, str]


def stamp(preparation: Preparation, report: Report, started: int) -> None:
    """After a good run that began at `started` (`time.time_ns`): the next one may end at once."""
    path = stamp_path(sys.argv[1:], preparation.request.environ)
    if path is None or not _can_be_told(preparation):
        return
    inputs, environment = [*_inputs(preparation)], [*_environment(preparation)]
    if newest(inputs) > started - TICK:
        return
    words = f"unchanged    {preparation.target.path} is as poetry.lock says"
    text = text_of_stamp(words if report.verbosity >= 0 else "", [*inputs, *environment])
    if text is not None and newest_in(text) > time.time_ns() - TICK:
        time.sleep(TICK / 1e9)
        text = text_of_stamp(text.split("\n")[1], [*inputs, *environment])
    if text is not None:
        write(Path(path), text)


def _can_be_told(preparation: Preparation) -> bool:
    """Whether the next run depends on nothing but what is named here, and has nothing to do."""
    request, target = preparation.request, preparation.target
    is_plain = target.exists and target.is_virtual and not target.interpreter.system_library
    is_ours = not (preparation.no_editable or preparation.provision.is_given or request.python)
    is_ours = is_ours and request.place is None
    if not (is_plain and is_ours and all(map(os.path.isabs, _path(preparation)))):
        return False
    if preparation.binds_root and binding(preparation) is None:
        return False
    if preparation.poetry and preparation.poetry.interpreter is None:
        return False
    return None not in _preferred_python(preparation) and preparation.plan_afresh().is_done


def _path(preparation: Preparation) -> list[str]:
    return preparation.request.environ.get("PATH", "").split(os.pathsep)


def _inputs(preparation: Preparation) -> Iterator[Witness]:
    """What a run reads before it looks at the environment."""
    inputs, config = preparation.inputs, preparation.inputs.config
    folder = inputs.project_dir
    asked, environ = preparation.request.directory.absolute(), preparation.request.environ
    for nearer in takewhile(lambda each: each != folder, (asked, *asked.parents)):
        yield ENTRY, str(nearer / "pyproject.toml")
    for file in (folder / "pyproject.toml", inputs.lock_file, *config_files(folder, environ)):
        yield ENTRY, str(file)
    yield ENTRY, str(config.virtualenvs_path / ENVS_FILE)
    yield PLACE, str(folder / ".venv")
    for package in preparation.selected:
        if isinstance(package.source, FileSource | DirectorySource):
            kind = ENTRY if isinstance(package.source, FileSource) else PLACE
            yield kind, str(folder / package.source.path)
    yield from _inputs_of_binding(preparation)
    yield from _poetry(preparation)
    yield from filter(None, _preferred_python(preparation))


def _inputs_of_binding(preparation: Preparation) -> Iterator[Witness]:
    reads, folder = binding_inputs(preparation.inputs.pyproject), preparation.inputs.project_dir
    if reads is None or not preparation.binds_root:
        return
    yield NAMES, f"{'|'.join((*LEGAL, 'LICENSES'))}:{folder}"
    for file in (*(folder / each for each in reads.files), *legal_files(folder)):
        yield ENTRY, str(file)
    for place in reads.places:
        yield PLACE, str(folder / place)


def _poetry(preparation: Preparation) -> Iterator[Witness]:
    """Which Poetry there is, and what is installed beside it."""
    yield ENTRY, str(Path(sysconfig.get_path("scripts"), "poetry"))
    yield COMMAND, "poetry"
    poetry = preparation.poetry
    if poetry and poetry.interpreter:
        prefix = poetry.interpreter.parent.parent
        yield ENTRY, poetry.argv[0]
        yield ENTRY, str(poetry.interpreter)
        yield ENTRY, str(prefix / "pyvenv.cfg")
        yield PLACE, str(user_site(preparation.request.environ))
        yield from ((ENTRY, str(library)) for library in poetry.libraries or ())
    is_heard = preparation.request.verbosity >= 0
    if is_heard and poetry_apart(preparation) and preparation.binds_root:
        yield AHEAD, f"{preparation.target.path}\t{preparation.inputs.project_dir}"


def _preferred_python(preparation: Preparation) -> Iterator[Witness | None]:
    """By which Poetry names an environment of its own; None among them where that is unknown.

    A shim of pyenv's asks the files that are named here; other shims are not understood.
    """
    environ = preparation.request.environ
    yield COMMAND, "python"
    found = command("python", environ.get("PATH", ""))
    if preparation.request.venv or "VIRTUAL_ENV" in environ:
        return
    if found is None:
        yield None
        return
    yield ENTRY, found
    folder = Path(found).parent
    if folder.name != "shims":
        return
    root = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/"), ".pyenv"))
    yield None if folder != root / "shims" else (ENTRY, str(root / "version"))
    yield ENTRY, str(root / "versions")
    for each in (Path.cwd(), *Path.cwd().parents):
        yield ENTRY, str(each / ".python-version")


def _environment(preparation: Preparation) -> Iterator[Witness]:
    """What is installed: all folders, and the files by which distributions are known."""
    target = preparation.target
    receipt = receipt_file(preparation)
    own = (target.path / "pyvenv.cfg", target.path / MARKER, receipt.path, receipt.unfinished)
    for path in (*own, target.python, target.path / "src"):
        yield ENTRY, str(path)
    if preparation.request.atomic:
        from hybrid_install.environment.exchange import beside

        # What a killed run has left there goes with the next one.
        yield PLACE, str(beside(target.path))
    yield from _files(str(target.path / "bin"))
    for library in dict.fromkeys(target.interpreter.library):
        yield from _folders(library)


def _folders(library: Path) -> Iterator[Witness]:
    """Thousands; `os.walk` would take twice as long."""
    waiting = [str(library)]
    while waiting:
        folder = waiting.pop()
        if folder == str(library) or folder.endswith((".dist-info", ".egg-info")):
            yield from _files(folder)
        else:
            yield ENTRY, folder
        with suppress(OSError), os.scandir(folder) as entries:
            waiting += [
                entry.path
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and entry.name != "__pycache__"
            ]


def _files(folder: str) -> Iterator[Witness]:
    yield ENTRY, folder
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file():
                yield SHARED, entry.path

"""Files of halves of installations that their RECORDs do not name where they are.

uv makes commands, and moves what is in an archive's .data, before it writes a RECORD that says so:
killed in between, it leaves the archive's own one.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from hybrid_install.core.distribution import Distribution
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.scripts import is_run_by, problem_of_launcher
from hybrid_install.environment.leftovers import is_file_in, places
from hybrid_install.environment.records import has_contents, read_record
from hybrid_install.regular import read_text

# The sections of entry_points.txt that become files.
_COMMANDS = frozenset({"[console_scripts]", "[gui_scripts]"})


def strays(
    found: Collection[Distribution], every: Collection[Distribution], interpreter: Interpreter
) -> Iterator[Path]:
    """Commands, scripts and data of `found`, each once, that no other RECORD of `every` names.

    A command is one that starts what an entry point names, data has the recorded contents, and a
    script is run by the environment's Python. Nothing outside of the environment is named.
    """
    own, seen = tuple(places(interpreter)), set[Path]()
    for half in found:
        for path in (*_launchers(half, interpreter), *_moved(half, interpreter)):
            is_new = path not in seen and is_file_in(path, own) and not path.is_symlink()
            if is_new and not _is_another_s(path, half, every):
                seen.add(path)
                yield path


def _launchers(half: Distribution, interpreter: Interpreter) -> Iterator[Path]:
    for name, reference in _commands(Path(half.path)):
        launcher = interpreter.prefix / "bin" / name
        text = _text(launcher) if launcher.name == name else ""
        if text and not problem_of_launcher(text, reference, _folders(interpreter)):
            yield launcher


def _commands(dist_info: Path) -> Iterator[tuple[str, str]]:
    """Names and references of its entry points that become files."""
    section = ""
    for line in map(str.strip, _text(dist_info / "entry_points.txt").splitlines()):
        if line.startswith("["):
            section = line
        elif section in _COMMANDS:
            name, _, reference = line.partition("=")
            yield name.strip(), reference.strip()


def _moved(half: Distribution, interpreter: Interpreter) -> Iterator[Path]:
    """What its RECORD has in the archive's .data (`install_data` in uv-install-wheel)."""
    data = Path(half.path).name.removesuffix(".dist-info") + ".data/"
    for entry in read_record(half).entries:
        scheme, _, rest = entry.path.removeprefix(data).partition("/")
        if not entry.path.startswith(data) or not rest or ".." in rest:
            continue
        if scheme == "scripts":
            script = interpreter.prefix / "bin" / rest
            text = _text(script)
            if text.startswith("#!") and is_run_by(text, _folders(interpreter)):
                yield script
        elif scheme == "data" and has_contents(interpreter.prefix / rest, entry):
            yield interpreter.prefix / rest


def _folders(interpreter: Interpreter) -> tuple[str, str]:
    """A project may be reached through a link, and its environment with it."""
    folder = interpreter.prefix / "bin"
    return str(folder), str(folder.resolve())


def _text(path: Path) -> str:
    try:
        return read_text(path, "replace")
    except (OSError, ValueError):  # nothing there, or a name that no file can have
        return ""


def _is_another_s(path: Path, half: Distribution, every: Collection[Distribution]) -> bool:
    others = (each for each in every if each.path != half.path)
    return any(
        _is_at(entry.path, each, path) for each in others for entry in read_record(each).entries
    )


def _is_at(recorded: str, distribution: Distribution, path: Path) -> bool:
    if not recorded.endswith(f"/{path.name}"):
        return False
    named = Path(distribution.path).parent / recorded
    return os.path.realpath(named) == os.path.realpath(path)

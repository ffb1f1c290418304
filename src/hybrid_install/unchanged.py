"""A run that has nothing to do, told from what it would look at, before anything is imported.

A good run that leaves nothing undone leaves a *stamp*: a line for everything that the same words
would have to look at again, with the state that it was in. Where all of it is still in that state
the run ends here. Whatever differs, or cannot be understood, means that the run takes place.

A stamp is UTF-8 text: `MAGIC`, what to say, a line `KIND STATE<tab>SUBJECT` a witness, and `END`
(one that was cut off has none). Only the standard library's quickest modules are imported: this is
most of what a run takes that changes nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from stat import S_ISDIR, S_ISREG

MAGIC = "hybrid-install stamp 1"
END = "end"

ENTRY = "entry"
"""A file or folder to the letter: size, both times, inode."""

SHARED = "shared"
"""A file that may have other links, which move its change time: size, time, inode."""

PLACE = "place"
"""Whether there is a folder, something else or nothing."""

COMMAND = "command"
"""Which file a command's name stands for on PATH."""

NAMES = "names"
"""Which names in a folder begin so: the subject is `BEGINNING|BEGINNING:FOLDER`."""

AHEAD = "ahead"
"""No witness, but what `early` reads: the environment and the project, if Poetry binds it."""

ABSENT = "-"

OPTION, VARIABLE = "--no-receipt", "HYBRID_INSTALL_NO_RECEIPT"

# What any part of a run reads. Credentials decide what may be fetched, not what is installed, and
# a hash of them is better not kept.
_PREFIXES = (
    "HYBRID_INSTALL_",
    "POETRY_",
    "UV_",
    "PIP_",
    "PYTHON",
    "PYENV_",
    "CONDA_",
    "XDG_",
    "LC_",
)
_NAMES = frozenset({"PATH", "HOME", "VIRTUAL_ENV", "LANG", "LANGUAGE"})
CREDENTIALS = ("POETRY_HTTP_BASIC_", "POETRY_PYPI_TOKEN_", "UV_INDEX_")


def stamp_path(argv: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Where the stamp of a run with these words, here, with this interpreter is; None for nowhere.

    The name is a hash over all that is no file: the arguments, the working folder, the variables
    that matter, the machine.
    """
    import hashlib

    folder = _folder(environ)
    if folder is None or OPTION in argv or environ.get(VARIABLE):
        return None
    try:
        facts = [*argv, os.getcwd(), sys.executable, sys.version, *os.uname()]
    except OSError:
        return None
    facts += (f"{name}={environ[name]}" for name in sorted(environ) if _matters(name))
    key = hashlib.sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()
    return os.path.join(folder, "unchanged", key)


def words_if_unchanged(path: str | None) -> str | None:
    """What the stamp says of a run that has nothing to do; None where the run must take place."""
    words, *witnesses = _read(path)
    return words if witnesses and all(map(holds, witnesses)) else None


def lines_of_stamp(path: str | None) -> list[str]:
    """Its witnesses; none where there is no stamp that is understood."""
    return _read(path)[1:]


def _read(path: str | None) -> list[str]:
    """What to say, and the witnesses."""
    if path is None:
        return [""]
    try:
        if not S_ISREG(os.stat(path).st_mode):  # a pipe would be waited for
            return [""]
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            magic, *lines, end = file.read().split("\n")
    except (OSError, ValueError):
        return [""]
    return lines if magic == MAGIC and end == END and lines else [""]


def text_of_stamp(words: str, witnesses: Iterable[tuple[str, str]]) -> str | None:
    """The stamp for a kind and subject each; None where a name does not fit into a line."""
    lines = [MAGIC, words, *(witness(kind, subject) for kind, subject in witnesses), END]
    return None if any("\n" in line for line in lines) else "\n".join(lines)


def newest_in(text: str) -> int:
    """When any entry of a stamp was changed last, in nanoseconds."""
    there = (line for line in text.split("\n")[2:-1] if line.startswith(f"{ENTRY} "))
    seen = (line for line in there if not line.startswith(f"{ENTRY} {ABSENT}\t"))
    return max((int(line.split(" ", 4)[3]) for line in seen), default=0)


def witness(kind: str, subject: str) -> str:
    """The line for `subject` as it is now."""
    return f"{kind} {_state(kind, subject)}\t{subject}"


def holds(line: str) -> bool:
    """Whether what a witness speaks of is as it was."""
    head, _, subject = line.partition("\t")
    kind, _, state = head.partition(" ")
    return kind == AHEAD or _state(kind, subject) == state


def _state(kind: str, subject: str) -> str:
    if kind == COMMAND:
        return command(subject, os.environ.get("PATH", "")) or ABSENT
    if kind == NAMES:
        return _names(*subject.split(":", 1))
    try:
        seen = os.stat(subject)
    except (OSError, ValueError):
        return ABSENT
    if kind == PLACE:
        return "folder" if S_ISDIR(seen.st_mode) else "file"
    if kind == SHARED:
        return f"{seen.st_size} {seen.st_mtime_ns} {seen.st_ino}"
    return f"{seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns} {seen.st_ino}"


def _names(beginnings: str, folder: str) -> str:
    try:
        names = os.listdir(folder)
    except OSError:
        return ABSENT
    return repr(sorted(each for each in names if each.startswith(tuple(beginnings.split("|")))))


def command(name: str, path: str) -> str | None:
    """`shutil.which`, whose import takes longer than all the rest; relative folders are left out.

    `name` may also be a path.
    """
    places = [name] if os.sep in name else [os.path.join(each, name) for each in path.split(":")]
    for place in places:
        if os.path.isabs(place) and os.path.isfile(place) and os.access(place, os.X_OK):
            return place
    return None


def _matters(name: str) -> bool:
    return name in _NAMES or (name.startswith(_PREFIXES) and not name.startswith(CREDENTIALS))


def _folder(environ: Mapping[str, str]) -> str | None:
    """`environment.cache.cache_dir`, without its imports."""
    if given := environ.get("HYBRID_INSTALL_CACHE_DIR"):
        return os.path.abspath(given)
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        return None
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Caches", "hybrid-install")
    named = environ.get("XDG_CACHE_HOME", "").strip()
    return os.path.join(named or os.path.join(home, ".cache"), "hybrid-install")

"""RECORD as values: what an installer wrote down of the files that it put there.

The format is PyPA's "Recording installed projects" (PEP 376 and PEP 627); reading the files it
names is `environment.records`' part.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple

from hybrid_install.errors import InvalidDataError

# In a .dist-info. What each installer rightly writes in its own way, and what comes and goes by
# itself.
INSTALLERS_OWN = frozenset(
    {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}
)

# Path and hash of a line without quotes.
_FIELDS = re.compile(r"^([^,\n]+),([^,\n]+)", re.MULTILINE).findall

# The three fields of a line without quotes.
_WHOLE_LINES = re.compile(r"^([^,\n]+),([^,\n]*),([0-9]{0,19})$", re.MULTILINE).findall

# What csv and `splitlines` see more in than a character.
_UNUSUAL = frozenset('"\0\r\x0b\x0c\x1c\x1d\x1e')


_LONGEST_SIZE = len(str(2**64))


class RecordEntry(NamedTuple):
    """One line: a path relative to the folder of the .dist-info, or an absolute one.

    `hash` is `algorithm=digest` in urlsafe base64 without padding, empty where none is recorded;
    `size` is in bytes, None where none is recorded. A tuple, because an environment has tens of
    thousands of them.
    """

    path: str
    hash: str = ""
    size: int | None = None

    @property
    def is_bytecode(self) -> bool:
        """Whether Python makes and removes the file as it likes."""
        return self.path.endswith(".pyc") or "__pycache__/" in self.path


class Flaw(NamedTuple):
    """What is wrong with one recorded file; `path` is as RECORD writes it."""

    path: str
    problem: str


def parse_record(text: str) -> tuple[RecordEntry, ...]:
    """The lines of a RECORD; a line without a path says nothing.

    `InvalidDataError` where it is not CSV, or names a file that no system can have.
    """
    if "\0" in text:
        raise InvalidDataError("holds a null character", "RECORD")
    try:
        rows = csv.reader(text.splitlines(keepends=True))
        return tuple(_entry(row) for row in rows if row and row[0])
    except csv.Error as error:
        raise InvalidDataError(str(error), "RECORD") from None


def _entry(row: list[str]) -> RecordEntry:
    path, digest, size = (*row, "", "")[:3]
    return RecordEntry(path, digest.strip().rstrip("="), _size(size))


def _size(text: str) -> int | None:
    """None for what no file can have; Python refuses to read thousands of digits."""
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_SIZE else None


def contents(entries: Iterable[RecordEntry]) -> str:
    """A digest of what the distribution's archive brought, whoever unpacked it.

    The same file from the same index has the same one after uv, pip and Poetry: launchers (which
    lie outside site-packages) and the installers' own notes have no part in it.
    """
    lines = sorted(f"{each.path},{each.hash}\n" for each in entries if _is_of_archive(each))
    return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"


def contents_of(text: str) -> str:
    """`contents` of a RECORD's text, by a shorter way where nothing in it is quoted.

    An environment has tens of thousands of lines, nearly all of them plain.
    """
    if not text.isascii() or any(each in text for each in _UNUSUAL):
        return contents(parse_record(text))
    lines = [
        f"{path},{hashed}\n"
        for path, digest in _FIELDS(text)
        if (hashed := digest.strip().rstrip("="))
        and not path.endswith(".pyc")
        and not path.startswith(("../", "/"))
        and "__pycache__/" not in path
        and not (".dist-info/" in path and _is_note(path))
    ]
    lines.sort()
    return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"


def plain_lines(text: str) -> list[tuple[str, str, str]] | None:
    """Path, hash and size of each line, as they stand there; None where any is not plain."""
    if not text.isascii() or any(each in text for each in _UNUSUAL):
        return None
    lines = _WHOLE_LINES(text)
    is_all = len(lines) == text.count("\n") + (not text.endswith("\n"))
    return lines if is_all else None


def names_files(text: str) -> bool:
    """Whether a RECORD has any file but what installers themselves put into the .dist-info."""
    paths = (line.partition(",")[0].strip('"') for line in text.split("\n"))
    return any(path and not _is_note(path) for path in paths)


def is_cut_off(text: str) -> bool:
    """Whether a RECORD ends in the middle of a line.

    Every installer ends the last one, and writes the file in blocks: killed, or with the disk full,
    it leaves the first of them. uv then refuses to remove the distribution, or to replace it.
    """
    return not text.endswith("\n")


def is_of_uv(text: str, folder: str) -> bool:
    """Whether the RECORD in this .dist-info `folder` may be the one that uv leaves.

    uv writes it last (`install_wheel` in uv-install-wheel): killed before that it leaves the
    archive's own one, which names neither INSTALLER nor what else is of uv.
    """
    return f"{folder}/INSTALLER" in text


def _is_note(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return name in INSTALLERS_OWN and folder.endswith(".dist-info")


def _is_of_archive(entry: RecordEntry) -> bool:
    is_elsewhere = entry.path.startswith(("../", "/"))
    return bool(entry.hash) and not (is_elsewhere or _is_note(entry.path) or entry.is_bytecode)

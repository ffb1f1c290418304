"""A wheelhouse: a folder of locked files, each known by its name and its hash.

A file is at its own name, so that other tools find it too (`--find-links`), or, where that name is
taken by other contents (`v1.0.tar.gz` of two repositories), in a folder named by its hash. There is
no list that could be wrong: a file is there when its contents are.
"""

from __future__ import annotations

import hashlib
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from hybrid_install.core import toml
from hybrid_install.core.document import strings, table_at
from hybrid_install.core.model import Hash, LockedFile
from hybrid_install.errors import InvalidDataError, LockfileError
from hybrid_install.regular import opener, read_bytes

# More do not read faster from one disk; fewer leave cores idle.
_READERS = 4


@dataclass(frozen=True, slots=True)
class Wheelhouse:
    """The wheelhouse at `folder`, which need not exist yet."""

    folder: Path

    def find(self, files: Iterable[LockedFile]) -> dict[LockedFile, Path]:
        """Where each file is, by its contents; what is not there is left out."""
        wanted = tuple(dict.fromkeys(files))
        with ThreadPoolExecutor(_READERS) as readers:
            found = zip(wanted, readers.map(self._find, wanted), strict=True)
            return {file: path for file, path in found if path is not None}

    def _find(self, file: LockedFile) -> Path | None:
        return next((path for path in self._places(file) if _has_hash(path, file.hash)), None)

    def vacancies(self, files: Iterable[LockedFile]) -> dict[LockedFile, Path]:
        """Where each of these files, which are not there, belongs. Nothing there is replaced."""
        vacant: dict[LockedFile, Path] = {}
        for file in dict.fromkeys(files):
            plain, apart = self._places(file)
            is_taken = plain.exists() or plain in vacant.values()
            vacant[file] = apart if is_taken else plain
        return vacant

    def _places(self, file: LockedFile) -> tuple[Path, Path]:
        if not _is_plain(file.name) or not file.hash.is_strong:
            raise LockfileError(
                f"poetry.lock names a file {file.name!r}, whose name or hash is none",
                hint="do not trust that lock: `poetry lock` makes another",
            )
        return self.folder / file.name, self.folder / file.hash.digest.lower() / file.name


def _is_plain(name: str) -> bool:
    """Whether it names something in the folder itself."""
    return name not in {"", "..", "."} and Path(name).name == name and "\0" not in name


def has_hash(path: Path, expected: Hash) -> bool:
    """Whether `path` is a file with that hash, read anew."""
    try:
        with open(path, "rb", opener=opener) as file:
            return hashlib.file_digest(file, expected.algorithm).hexdigest() == (
                expected.digest.lower()
            )
    except OSError:
        return False


def _has_hash(path: Path, expected: Hash) -> bool:
    """As `has_hash`; gigabytes are read once in a run, as long as nothing changes."""
    try:
        status = path.stat()
    except OSError:
        return False
    return _remembered(path, expected, (status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=4096)
def _remembered(path: Path, expected: Hash, _stamp: tuple[int, int, int]) -> bool:
    return has_hash(path, expected)


_WITHOUT_BUILD_SYSTEM = ("setuptools>=40.8.0",)
"""PEP 517: what builds a project that does not say."""


_UNREADABLE = (
    *(OSError, EOFError, ValueError, InvalidDataError, tarfile.TarError, zipfile.BadZipFile),
    # A link that leads nowhere; a password, another compression, or tables without end; a stream.
    *(LookupError, RuntimeError, zlib.error, lzma.LZMAError),
)


def build_requirements(path: Path) -> tuple[str, ...] | None:
    """What the pyproject.toml of a project or an sdist asks for (PEP 518).

    None where it cannot be read. A backend may ask for more when it is started.
    """
    try:
        text = _pyproject_of(path)
        document = toml.loads(text.decode("utf-8")) if text is not None else {}
        table: Mapping[str, object] = table_at(document, "build-system")
        return strings(table, "requires") if "requires" in table else _WITHOUT_BUILD_SYSTEM
    except _UNREADABLE:
        return None


def _pyproject_of(path: Path) -> bytes | None:
    """The outermost pyproject.toml, None where there is none."""
    if path.is_dir():
        pyproject = path / "pyproject.toml"
        return read_bytes(pyproject) if pyproject.is_file() else None
    with open(path, "rb", opener=opener) as file:
        return _pyproject_in_zip(file) if path.suffix == ".zip" else _pyproject_in_tar(file)


def _pyproject_in_zip(file: BinaryIO) -> bytes | None:
    with zipfile.ZipFile(file) as archive:
        outer = _outermost(archive.namelist())
        return archive.read(outer) if outer else None


def _pyproject_in_tar(file: BinaryIO) -> bytes | None:
    with tarfile.open(fileobj=file) as archive:
        outer = _outermost(archive.getnames())
        member = archive.extractfile(outer) if outer else None
        return member.read() if member else None


def _outermost(names: Iterable[str]) -> str | None:
    """`alpha-1.0/pyproject.toml`, and none of a test's or an example's."""
    return next((name for name in names if name.split("/")[1:] == ["pyproject.toml"]), None)

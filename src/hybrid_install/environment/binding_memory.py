"""What poetry-core has made of a project, as long as it would read the same again.

To import it, with its parsers and validators, takes longer than uv takes to install.
"""

from __future__ import annotations

import base64
import hashlib
import json
import locale
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from hybrid_install.core.binding import BindingInputs
from hybrid_install.core.editable import Binding, Copy, Launcher, MetadataFile
from hybrid_install.core.model import normalize_name
from hybrid_install.environment.binding import facts_of, legal_files
from hybrid_install.environment.cache import cache_dir
from hybrid_install.environment.memory import write
from hybrid_install.errors import TargetError
from hybrid_install.regular import read_bytes

# A package of stubs alone is judged by all of its files (`PackageInclude.is_stub_only`).
_JUDGED_BY_ALL = "-stubs"

_UNREADABLE = (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError)


class Memory(NamedTuple):
    """The project, and what decides besides it: `maker` is poetry-core, by its version."""

    reads: BindingInputs
    project_dir: Path
    maker: str
    folder: Path

    def made(self, make: Callable[[], Binding]) -> Binding:
        """What `make` makes of the project, or has made of the same one."""
        path = self._path
        with suppress(*_UNREADABLE):
            return _binding(json.loads(read_bytes(path)))
        found = make()
        if path == self._path:
            write(path, json.dumps(_document(found)))
        return found

    @property
    def _path(self) -> Path:
        facts = (self.maker, *_facts_of_us(), *facts_of(self.reads, self.project_dir))
        places = _facts_of_places(self.reads, self.project_dir)
        text = "\0".join((*facts, *places))
        return self.folder / hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def memory_of(
    reads: BindingInputs | None, project_dir: Path, maker: str, environ: Mapping[str, str]
) -> Memory | None:
    """None where what the project is bound from cannot be told, or nothing can be kept."""
    if reads is None or any(place.rstrip("/").endswith(_JUDGED_BY_ALL) for place in reads.places):
        return None
    try:
        return Memory(reads, project_dir, maker, cache_dir(environ) / "bindings")
    except TargetError:
        return None


def _facts_of_us() -> Iterator[str]:
    """What decides how files are written."""
    mask = os.umask(0o077)
    os.umask(mask)
    yield from (sys.version, locale.getencoding(), str(mask))


def _facts_of_places(reads: BindingInputs, project_dir: Path) -> Iterator[str]:
    """Where links lead, permissions, which are copied, and whether a package has any module."""
    named = (project_dir / place for place in ("", *reads.files, *reads.places))
    for path in (*named, *legal_files(project_dir)):
        yield f"{os.path.realpath(path)} {_mode(path)}"
    for place in reads.places:
        modules = (project_dir / place).glob("**/*.py")
        yield str(next(modules, None) is not None)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _document(binding: Binding) -> dict[str, Any]:
    return {
        "name": binding.name,
        "pth": binding.pth,
        "folders": _text(binding.folders),
        "launchers": [(each.name, each.module, each.function) for each in binding.launchers],
        "copies": [(each.name, each.source) for each in binding.copies],
        "dist_info": binding.dist_info,
        "metadata": [(each.path, _text(each.content), each.mode) for each in binding.metadata],
        "omitted": list(binding.omitted),
    }


def _binding(document: Mapping[str, Any]) -> Binding:
    """One of `_UNREADABLE` for anything that is not such a document."""
    return Binding(
        name=normalize_name(document["name"]),
        pth=str(document["pth"]),
        folders=_bytes(document["folders"]),
        launchers=tuple(Launcher(*map(str, each)) for each in document["launchers"]),
        copies=tuple(Copy(*map(str, each)) for each in document["copies"]),
        dist_info=str(document["dist_info"]),
        metadata=tuple(
            MetadataFile(str(path), _bytes(content), int(mode))
            for path, content, mode in document["metadata"]
        ),
        omitted=tuple(map(str, document["omitted"])),
    )


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)

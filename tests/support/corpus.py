"""Real pyproject.toml and poetry.lock pairs, kept outside the project."""

from __future__ import annotations

import os
import shutil
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "HYBRID_INSTALL_CORPUS"

# Whether to ask for every combination; the common run asks for a part of them.
WIDE = os.environ.get("HYBRID_INSTALL_WIDE") == "1"

_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Pair:
    """A folder that holds a pyproject.toml and the poetry.lock that belongs to it."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def pyproject(self) -> dict[str, Any]:
        return _parsed(self.folder / "pyproject.toml")

    @property
    def lock(self) -> dict[str, Any]:
        return _parsed(self.folder / "poetry.lock")

    @property
    def first_line(self) -> str:
        with (self.folder / "poetry.lock").open(encoding="utf-8") as lines:
            return lines.readline()

    @property
    def lock_version(self) -> str | None:
        version: str | None = self.lock["metadata"].get("lock-version")
        return version

    def copy_to(self, parent: Path) -> Pair:
        """The pair in a folder of its own: so deep that its `../..` stay within `parent`.

        Poetry refuses a lock whose path dependencies are missing, so something stands in for them.
        """
        folder = parent.joinpath(*"abcdef", self.name)
        folder.mkdir(parents=True)
        for file in ("pyproject.toml", "poetry.lock"):
            shutil.copyfile(self.folder / file, folder / file)
        for source in (package.get("source", {}) for package in self.lock.get("package", [])):
            if source.get("type") == "directory":
                folder.joinpath(source["url"]).mkdir(parents=True, exist_ok=True)
                folder.joinpath(source["url"], "setup.py").touch()
        return Pair(folder)


@lru_cache(maxsize=128)
def _parsed(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def folder() -> Path:
    """Where the pairs are: a neighbour of the repository unless the environment says otherwise."""
    return Path(os.environ.get(VARIABLE) or _REPOSITORY.parent / "shared" / "corpus")


def pairs(*lock_versions: str) -> tuple[Pair, ...]:
    """The pairs of these lock versions, or all of them."""
    found = (Pair(lock.parent) for lock in sorted(folder().glob("*/poetry.lock")))
    return tuple(pair for pair in found if not lock_versions or pair.lock_version in lock_versions)


def each_pair(*lock_versions: str) -> pytest.MarkDecorator:
    """One test per pair; one skipped test that says why where there are none."""
    found = pairs(*lock_versions)
    absent = pytest.mark.skip(reason=f"no locks to compare with: {VARIABLE} names their folder")
    cases = [pytest.param(pair, id=pair.name) for pair in found]
    return pytest.mark.parametrize("pair", cases or [pytest.param(None, id="none", marks=absent)])

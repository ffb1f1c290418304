"""The projects that are installed, and what is changed in them."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.measure import BenchError
from benchmark.tools import REPOSITORY

CORPUS = "HYBRID_INSTALL_CORPUS"

# Pairs of the corpus that can be installed in full from the default index.
_PAIRS = {"medium": "qdrant__fastembed", "torch": "ourownstory__neural_prophet"}

_VERSION = re.compile(r'^version *= *"[^"]+"', re.MULTILINE)
_WRITTEN = shutil.ignore_patterns("pyproject.toml", "poetry.lock")
_LEFT_BEHIND = shutil.ignore_patterns(".venv", "__pycache__", ".*_cache")

# What a small project's lock often has, with many releases and no dependencies.
_LIGHT_FIRST = ("certifi", "idna")


@dataclass(frozen=True, slots=True)
class Release:
    """Another version of a light package, with its files (name, sha256)."""

    name: str
    version: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """Which release of the light package (0 is the locked one) and version of the project."""

    light: int = 0
    bumps: int = 0


AS_IT_IS = Variant()


@dataclass(frozen=True, slots=True)
class Lock:
    """A project and its lock. `releases` are those of the light package, if one was chosen."""

    key: str
    folder: Path
    releases: tuple[Release, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """pyproject.toml."""
        return tomllib.loads(self.pyproject())

    @property
    def packages(self) -> list[dict[str, Any]]:
        """The entries of poetry.lock."""
        found: list[dict[str, Any]] = tomllib.loads(self.lock())["package"]
        return found

    def pyproject(self, variant: Variant = AS_IT_IS) -> str:
        """pyproject.toml of a variant."""
        text = (self.folder / "pyproject.toml").read_text("utf-8")
        return _VERSION.sub(f'version = "9.{variant.bumps}"', text, 1) if variant.bumps else text

    def lock(self, variant: Variant = AS_IT_IS) -> str:
        """poetry.lock of a variant."""
        text = (self.folder / "poetry.lock").read_text("utf-8")
        return moved(text, self.releases[variant.light - 1]) if variant.light else text

    def write(self, folder: Path, variant: Variant) -> None:
        """The project as its author has it."""
        self.write_sources(folder)
        put(folder / "pyproject.toml", self.pyproject(variant))
        put(folder / "poetry.lock", self.lock(variant))

    def write_sources(self, folder: Path) -> None:
        """The project without what says what to install."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.folder, folder, ignore=_WRITTEN, dirs_exist_ok=True)

    def pinned(self, pins: dict[str, str], variant: Variant) -> dict[str, str]:
        """What a variant makes of the versions that are selected."""
        if not variant.light:
            return pins
        release = self.releases[variant.light - 1]
        return {**pins, release.name: release.version}

    @property
    def files(self) -> Iterator[tuple[str, str, str]]:
        """Of all packages and releases: project, name and digest."""
        for package in self.packages:
            for file in package.get("files", ()):
                yield package["name"], file["file"], file["hash"]
        for release in self.releases:
            yield from ((release.name, *file) for file in release.files)

    @property
    def groups(self) -> list[str]:
        """Those that are installed when nothing is said, but for `main`."""
        document = self.document
        tables = document.get("tool", {}).get("poetry", {}).get("group", {})
        names = {**document.get("dependency-groups", {}), **tables}
        return sorted(name for name in names if not tables.get(name, {}).get("optional"))


def put(path: Path, text: str) -> None:
    """Write a file, unless it says so already: uv builds anew what has another time."""
    if not path.is_file() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def choose(word: str, place: Path) -> Lock | str:
    """The lock that is meant by a word, copied to `place`; or why there is none."""
    corpus = os.environ.get(CORPUS)
    if word in _PAIRS and not corpus:
        return f"{word}: {CORPUS} names no folder of real pairs"
    if word in _PAIRS:
        origin = Path(str(corpus)) / _PAIRS[word]
    else:
        origin = REPOSITORY / "examples" / "ml-service" if word == "example" else Path(word)
    if not (origin / "poetry.lock").is_file():
        raise BenchError(f"there is no poetry.lock in {origin}")
    key = word if word in {*_PAIRS, "example"} else origin.resolve().name
    folder = place / key
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(origin, folder, ignore=_LEFT_BEHIND)
    lock = Lock(key, folder)
    _complete(folder, lock.document)
    return lock


def _complete(folder: Path, document: dict[str, Any]) -> None:
    """Make up the sources and the readme, of which a pair of the corpus has none."""
    poetry, project = document.get("tool", {}).get("poetry", {}), document.get("project", {})
    module = re.sub(r"[-.]+", "_", project.get("name") or poetry["name"])
    packages = poetry.get("packages")
    if packages is None and not (folder / "src").is_dir():
        packages = [{"include": module}]
    for package in packages or ():
        path = folder / package.get("from", "") / package["include"]
        if not any(path.parent.glob(path.name)):
            path.mkdir(parents=True)
            (path / "__init__.py").touch()
    for readme in (project.get("readme"), poetry.get("readme")):
        if isinstance(readme, str):
            (folder / readme).touch()


def moved(text: str, release: Release) -> str:
    """The lock with another release of a package; what it needs stays as it is locked."""
    entry = entry_of(text, release.name)
    lines = "".join(
        f'    {{file = "{name}", hash = "{digest}"}},\n' for name, digest in release.files
    )
    changed = _VERSION.sub(f'version = "{release.version}"', entry, 1)
    changed = re.sub(
        r"^files = \[\n.*?^\]\n", f"files = [\n{lines}]\n", changed, flags=re.MULTILINE | re.DOTALL
    )
    return text.replace(entry, changed)


def entry_of(text: str, name: str) -> str:
    """The text of a package's only entry."""
    entries = re.split(r"(?=^\[)", text, flags=re.MULTILINE)
    found = [each for each in entries if each.startswith(f'[[package]]\nname = "{name}"\n')]
    if len(found) != 1:
        raise BenchError(f"the lock has {len(found)} entries of {name}")
    return found[0]


def light_candidates(lock: Lock, pins: dict[str, str]) -> list[str]:
    """Packages with one entry and a wheel for everywhere, the likeliest first."""
    packages = lock.packages
    names = [package["name"] for package in packages]
    light = [
        package["name"]
        for package in packages
        if package["name"] in pins
        and names.count(package["name"]) == 1
        and "source" not in package
        and not package.get("dependencies")
        and any(file["file"].endswith("-none-any.whl") for file in package.get("files", ()))
    ]
    return sorted(light, key=lambda name: (name not in _LIGHT_FIRST, name))

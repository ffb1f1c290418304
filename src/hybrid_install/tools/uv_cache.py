"""uv's cache: where it is, and whether a file is in it already.

The layout is uv's own (`crates/uv-cache/src/lib.rs`, `CacheBucket`): a wheel that is there has left
a `VERSION-TAGS.http` in the folder of its index and name. Nothing is decided by it but what is said
of a download, and whether there is room for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hybrid_install.core.model import NormalizedName
from hybrid_install.core.pylock import PinnedFile


def uv_cache_dir(environ: Mapping[str, str]) -> Path:
    """`UV_CACHE_DIR`, or uv's default, macOS included (its `docs/concepts/cache.md`)."""
    if given := environ.get("UV_CACHE_DIR"):
        return Path(given).absolute()
    if (base := environ.get("XDG_CACHE_HOME", "")).startswith("/"):
        return Path(base, "uv")
    return Path(environ.get("HOME") or "/", ".cache", "uv")


@dataclass(frozen=True)
class UvCache:
    """The cache in a folder, which need not be there."""

    folder: Path

    def lacks(self, name: NormalizedName, file: PinnedFile) -> bool:
        """Whether uv would have to fetch the file, as far as can be seen."""
        version = _version(file)
        if file.is_wheel:
            return not any(
                entry.startswith(f"{version}-") and entry.endswith(".http")
                for bucket in self._of_wheels
                for entry in _names(bucket / name)
            )
        return not any((bucket / name / version).is_dir() for bucket in self._of_sdists)

    @cached_property
    def _of_wheels(self) -> tuple[Path, ...]:
        return tuple(self._buckets("wheels-v"))

    @cached_property
    def _of_sdists(self) -> tuple[Path, ...]:
        return tuple(self._buckets("sdists-v"))

    def _buckets(self, kind: str) -> Iterable[Path]:
        """One for the default index, one for each other that was ever used."""
        for version in (each for each in _names(self.folder) if each.startswith(kind)):
            yield self.folder / version / "pypi"
            indexes = self.folder / version / "index"
            yield from (indexes / each for each in _names(indexes))


def _version(file: PinnedFile) -> str:
    """The version in a file's name."""
    if file.is_wheel:
        return file.name.split("-")[1] if "-" in file.name else ""
    stem = file.name.removesuffix(".zip").removesuffix(".tar.gz")
    return stem.rpartition("-")[2]


def _names(folder: Path) -> list[str]:
    try:
        return [each.name for each in folder.iterdir()]
    except OSError:
        return []

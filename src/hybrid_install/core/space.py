"""Whether there is room for what is about to be fetched and unpacked: numbers in, words out.

uv unpacks a wheel as it arrives: into its cache, from which it links, or copies to another file
system. Nobody says how big a wheel is unpacked, only that it is hardly ever smaller: what has no
room for the wheels themselves is refused, where it may become tight there is a warning.
"""

from __future__ import annotations

from dataclasses import dataclass

from hybrid_install.core.sizes import size_text

# The 119 wheels of a real lock, 317 MB, are 1.0 GB unpacked; torch's 192 MB are 699 MB.
_UNPACKED = 3


@dataclass(frozen=True, slots=True)
class Volume:
    """A file system as it is seen from `place`; all in bytes."""

    place: str
    device: int
    total: int
    free: int

    def is_same(self, other: Volume) -> bool:
        """Whether both are one pool: subvolumes have numbers of their own, but share all room."""
        shared = (self.total, self.free) == (other.total, other.free)
        return self.device == other.device or shared


@dataclass(frozen=True, slots=True)
class Load:
    """What a run brings: bytes of wheels `to_fetch`, and `to_add` to the environment.

    `unsized` is how much there is of which nobody says the size: files of an index that does not,
    urls, repositories, and what is left to Poetry.
    With `is_copied` what is linked otherwise takes its room twice, with `is_symlinked` never.
    """

    to_fetch: int
    to_add: int
    unsized: int = 0
    is_copied: bool = False
    is_symlinked: bool = False

    @property
    def words(self) -> str:
        """`1.2 GB to download`; empty where there is nothing to say."""
        least = "at least " if self.unsized else ""
        return f"{least}{size_text(self.to_fetch)} to download" if self.to_fetch else ""


@dataclass(frozen=True, slots=True)
class Shortage:
    """A volume that cannot take what comes (`is_certain`), or perhaps not when it is unpacked."""

    volume: Volume
    needed: int
    is_certain: bool
    hint: str

    @property
    def message(self) -> str:
        """What is missing where, with the numbers."""
        what = f"{size_text(self.needed)} of wheels, which are bigger when unpacked"
        has = f"{self.volume.place} has {size_text(self.volume.free)} free"
        return f"{has}, and is to take {what}"


_FOR_CACHE = "make room (`uv cache prune`), or point UV_CACHE_DIR at a file system that has it"
_FOR_ENVIRONMENT = "make room, or have the environment on another file system (--venv)"


def shortage(load: Load, cache: Volume, environment: Volume) -> Shortage | None:
    """Where the load has no room, the worst of it; None where it has, as far as can be told."""
    to_add = 0 if load.is_symlinked else load.to_add
    if cache.is_same(environment):
        needs = [(cache, load.to_fetch + (to_add if load.is_copied else 0), _FOR_CACHE)]
    else:
        needs = [(cache, load.to_fetch, _FOR_CACHE), (environment, to_add, _FOR_ENVIRONMENT)]
    found = [
        Shortage(volume, needed, needed > volume.free, hint)
        for volume, needed, hint in needs
        if needed * _UNPACKED > volume.free and needed
    ]
    return min(found, key=lambda each: not each.is_certain, default=None)

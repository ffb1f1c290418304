"""What is installed, as values; reading it from disk is `environment.installed`'s part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hybrid_install.core.model import NormalizedName


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution.

    `origin` is the url of its direct_url.json (PEP 610) or the folder of an editable install,
    None where it came from an index. `is_whole` is False where an installer was cut off: it then
    lacks one of INSTALLER, METADATA and RECORD. `stamp` changes when it is installed again: who
    did it, and when. `path` is its .dist-info or .egg-info.
    """

    name: NormalizedName
    version: str
    origin: str | None = None
    is_whole: bool = True
    is_system: bool = False
    stamp: tuple[str, int] = ("", 0)
    path: str = field(default="", compare=False)


Installed = Mapping[NormalizedName, Distribution]


def changed(before: Installed, after: Installed) -> tuple[NormalizedName, ...]:
    """Names that were added, removed or installed again between two looks, sorted."""
    names = before.keys() | after.keys()
    return tuple(sorted(name for name in names if before.get(name) != after.get(name)))


def by_name(distributions: Iterable[Distribution]) -> Installed:
    """The first distribution of each name, as the interpreter finds them on its path."""
    installed: dict[NormalizedName, Distribution] = {}
    for distribution in distributions:
        installed.setdefault(distribution.name, distribution)
    return installed

"""What is installed, as values; reading it from disk is `environment.installed`'s part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hybrid_install.core.model import NormalizedName


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution.

    `origin` is the url of its direct_url.json (PEP 610) or the folder of an editable install,
    None where it came from an index. `is_whole` is False where an installer was cut off: it then
    lacks one of INSTALLER, METADATA and RECORD. `has_checkout` marks one that Poetry takes for a
    git dependency, because a folder of its name is left in the environment's `src`. `stamp` changes
    when it is installed again.
    """

    name: NormalizedName
    version: str
    origin: str | None = None
    is_whole: bool = True
    is_system: bool = False
    has_checkout: bool = False
    stamp: tuple[str, int] = ("", 0)


Installed = Mapping[NormalizedName, Distribution]


def changed(
    before: Iterable[Distribution], after: Iterable[Distribution]
) -> tuple[NormalizedName, ...]:
    """Names that were added, removed or installed again between two looks, sorted.

    Every distribution counts, also one that another of its name hides.
    """
    differing = Counter(before)
    differing.subtract(Counter(after))
    return tuple(sorted({each.name for each, count in differing.items() if count}))


def by_name(distributions: Iterable[Distribution]) -> Installed:
    """The first distribution of each name, as the interpreter finds them on its path."""
    installed: dict[NormalizedName, Distribution] = {}
    for distribution in distributions:
        installed.setdefault(distribution.name, distribution)
    return installed

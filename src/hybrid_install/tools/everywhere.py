"""The files that indexes offer for every platform, for a lock file of all environments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import NormalizedName
from hybrid_install.core.pylock import PinnedFile, choose_all, read_offers
from hybrid_install.core.requirements import Requirement
from hybrid_install.core.uv_config import IndexAccess
from hybrid_install.tools.bulk import refuse_missing
from hybrid_install.tools.uv import Uv

AllFiles = Mapping[Requirement, tuple[PinnedFile, ...]]
"""All files of each requirement that are both locked and offered."""


@dataclass(frozen=True)
class Everywhere:
    """One look at the indexes for all environments from the Python `oldest` on."""

    uv: Uv
    access: IndexAccess
    interpreter: Interpreter
    oldest: str

    def choose(
        self, requirements: Sequence[Requirement], pythons: Mapping[Requirement, str]
    ) -> AllFiles:
        """Every locked file with its url; `pythons` are the markers of the Pythons it runs on.

        `ToolError` where an index offers none, or one with other contents.
        """
        found: dict[Requirement, tuple[PinnedFile, ...]] = {}
        for part in _without_doubles(requirements):
            markers = {each.name: pythons[each] for each in part}
            compiled = self.uv.all_offers(part, markers, self.access, self.interpreter, self.oldest)
            offers = read_offers(compiled)
            found |= {each: choose_all(each, offers.get(each.name, ())) for each in part}
        refuse_missing(each for each in requirements if not found[each])
        return found


def _without_doubles(requirements: Sequence[Requirement]) -> list[list[Requirement]]:
    """Parts in which each name is once: uv is not asked which versions exclude each other."""
    by_name: dict[NormalizedName, list[Requirement]] = {}
    for each in requirements:
        by_name.setdefault(each.name, []).append(each)
    most = max(map(len, by_name.values()), default=0)
    return [[same[n] for same in by_name.values() if len(same) > n] for n in range(most)]

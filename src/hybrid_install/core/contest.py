"""Which of the locked files that an index offers Poetry would install.

`Chooser._sort_key` (poetry/installation/chooser.py): what is not yanked (PEP 592) beats what is,
then the target's ranking decides, and among equals the order of the index's page. uv tells neither
of the two outright: whether a file is yanked can be asked of it, the order cannot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from hybrid_install.core.deferral import Deferral
from hybrid_install.core.file_choice import Tags, is_undecided, rank_of_tags
from hybrid_install.core.model import LockedFile
from hybrid_install.core.pylock import Offer, PinnedFile, locked_files
from hybrid_install.core.requirements import Requirement


@dataclass(frozen=True, slots=True)
class Contest:
    """One requirement's choice, as far as it has come.

    `files` are the locked ones that are offered, best first. `yanked` is what is known, by file
    name; None where it was asked for in vain.
    """

    requirement: Requirement
    files: tuple[PinnedFile, ...]
    tags: Tags | None
    yanked: Mapping[str, bool | None]

    @classmethod
    def begin(
        cls, requirement: Requirement, offer: Offer, tags: Tags | None, *, is_yanked: bool | None
    ) -> Contest:
        """`is_yanked` says whether the file that uv would take is, None where releases are whole.

        `ToolError` as of `locked_files`.
        """
        files = locked_files(requirement, offer)
        known: dict[str, bool | None] = {}
        if is_yanked is None or len(files) == 1:
            known = dict.fromkeys((file.name for file in files), False)
        elif files and _is_choice_of_uv(files[0], offer, tags):
            known = {files[0].name: is_yanked}
        return cls(requirement, files, tags, known)

    @property
    def question(self) -> PinnedFile | None:
        """The file of which must be known whether it is yanked, None where the choice is made."""
        best = None
        if self._was_asked_in_vain:
            return None
        for file in self.files:
            if best and not self._are_equal(best, file):
                return None
            if file.name not in self.yanked:
                return file
            if best is None and not self.yanked[file.name]:
                best = file
        return None

    def knowing(self, *, is_yanked: bool | None) -> Contest:
        """The same contest when its `question` is answered; None where it cannot be."""
        answered = {self.question.name: is_yanked} if self.question else {}
        return replace(self, yanked={**self.yanked, **answered})

    @property
    def verdict(self) -> PinnedFile | Deferral | None:
        """The file, or why only Poetry can choose it; None where no locked file is offered."""
        if not self.files:
            return None
        if self._was_asked_in_vain:
            return Deferral.YANKED_FILES
        good = tuple(file for file in self.files if not self.yanked.get(file.name)) or self.files
        best = good[0]
        rivals: tuple[PinnedFile | LockedFile, ...] = (*good[1:], *self._unseen(best))
        is_equal = any(self._are_equal(best, rival) for rival in rivals)
        return Deferral.EQUAL_FILES if is_equal else best

    @property
    def _was_asked_in_vain(self) -> bool:
        return None in self.yanked.values()

    def _unseen(self, best: PinnedFile) -> Iterator[LockedFile]:
        """The sdists that may be on the index beside `best`: of several, uv names one."""
        sdists = (file for file in self.requirement.files if not file.is_wheel)
        return iter(()) if best.is_wheel else (file for file in sdists if file.name != best.name)

    def _are_equal(self, one: PinnedFile, other: PinnedFile | LockedFile) -> bool:
        pair = (LockedFile(one.name, one.hash), LockedFile(other.name, other.hash))
        return is_undecided(pair, self.tags)


def _is_choice_of_uv(best: PinnedFile, offer: Offer, tags: Tags | None) -> bool:
    """Whether uv, asked without hashes, can only have taken `best`.

    uv takes wheels before sdists, and looks at their tags first, at build tags last.
    """
    wheels = [LockedFile(file.name, best.hash) for file in offer if file.name.endswith(".whl")]
    others = [wheel for wheel in wheels if wheel.name != best.name]
    if not best.is_wheel or not others or tags is None:
        return not others
    ranks = [rank_of_tags(each, tags) for each in (LockedFile(best.name, best.hash), *others)]
    known = [rank for rank in ranks if rank is not None]
    return len(known) == len(ranks) and known[0] < min(known[1:])

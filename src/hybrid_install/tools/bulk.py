"""The bulk install: all packages of the plan, from all indexes and places, by uv.

The pylock feed installs every file by url and hash from its own index in one call. The
requirements feed does the same in one call per index.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hybrid_install.core.contest import Contest
from hybrid_install.core.deferral import Deferral
from hybrid_install.core.feed import Feed
from hybrid_install.core.file_choice import Tags
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import Hash, LockedFile, NormalizedName
from hybrid_install.core.pylock import (
    Offer,
    OfferedFile,
    PinnedFile,
    pylock,
    read_offers,
)
from hybrid_install.core.requirements import Requirement, RequirementsMap
from hybrid_install.core.uv_config import IndexAccess
from hybrid_install.errors import ToolError
from hybrid_install.regular import read_text
from hybrid_install.tools.uv import InstallTarget, Uv
from hybrid_install.whole import write_whole

Told = Mapping[NormalizedName, tuple[LockedFile, ...]]
"""The files of each package that uv was told it may install."""


Names = frozenset[NormalizedName]

Files = Mapping[NormalizedName, PinnedFile]
"""The file that was chosen for each package from an index."""


class UndecidedError(ToolError):
    """The indexes were asked, and some packages turn out to be Poetry's, each with its reason."""

    def __init__(self, left: Mapping[NormalizedName, Deferral]) -> None:
        self.left = left
        reasons = "; ".join(f"{name}: {reason.value}" for name, reason in sorted(left.items()))
        super().__init__(
            f"Only Poetry can choose the files of {reasons}",
            hint="install them with `poetry install`",
        )


@dataclass(frozen=True)
class BulkInstall:
    """One bulk install into one environment.

    `cache` is where known urls are kept. `constraints` are the build constraints (PEP 508 lines)
    of the packages that have some. `tags` are the target's, None where they are unknown.
    """

    uv: Uv
    access: IndexAccess
    interpreter: Interpreter
    target: InstallTarget
    cache: Path
    constraints: Mapping[NormalizedName, tuple[str, ...]] = field(default_factory=dict)
    tags: Tags | None = None

    def choose(self, requirements: RequirementsMap, feed: Feed = Feed.PYLOCK) -> Files | None:
        """Ask the indexes for the files; nothing is changed yet.

        `ToolError` where a locked file is not offered, or with other contents; `UndecidedError`
        where only Poetry can choose. None where the feed leaves that to uv.
        """
        if feed is Feed.REQUIREMENTS:
            return None
        contests = self._settled(self._contests(requirements.requirements))
        found = [(each.requirement, each.verdict) for each in contests]
        refuse_missing(requirement for requirement, verdict in found if verdict is None)
        left = {each.name: verdict for each, verdict in found if isinstance(verdict, Deferral)}
        if left:
            raise UndecidedError(left)
        return {each.name: file for each, file in found if isinstance(file, PinnedFile)}

    def run(
        self,
        requirements: RequirementsMap,
        files: Files | None,
        settle: Callable[[RequirementsMap, Names], None],
    ) -> None:
        """Install all of `requirements`, or fail with nothing of a wrong file installed.

        `settle` is given each part as soon as uv has done with it, well or not, and the names in it
        that were built.
        """
        built = built_names(requirements, files)
        for target, part in self._batches(requirements, built):
            try:
                if files is None:
                    self._install_requirements(part, target)
                else:
                    chosen = [(each, files[each.name]) for each in part.requirements]
                    text = pylock(chosen, part.direct, self.access.named)
                    self.uv.install_pylock(text, self.access, target)
            finally:
                settle(part, built)

    def _batches(
        self, requirements: RequirementsMap, built: Names
    ) -> Iterator[tuple[InstallTarget, RequirementsMap]]:
        """One call for all, and one for each package whose build has constraints of its own.

        uv's build constraints bear on a whole call, and its cache does not know them.
        """
        constrained = built & self.constraints.keys()
        alone = (frozenset({name}) for name in sorted(constrained))
        folders = {each.name for each in requirements.direct if each.is_folder}
        for names in (requirements.names - constrained, *alone):
            if names:
                lines = [line for name in names & constrained for line in self.constraints[name]]
                target = replace(
                    self.target,
                    reinstall=tuple(name for name in self.target.reinstall if name in names),
                    refresh=tuple(sorted((folders | constrained) & names)),
                    build_constraints=tuple(lines),
                )
                yield target, requirements.only(names)

    def _install_requirements(self, requirements: RequirementsMap, target: InstallTarget) -> None:
        for index, pinned in requirements.by_index:
            self.uv.install_requirements(index, pinned, self.access, target)
        archives = [each for each in requirements.direct if each.hash]
        others = [each for each in requirements.direct if not each.hash]
        for direct in (archives, others):
            if direct:
                self.uv.install_direct(direct, self.access, target)

    def _contests(self, requirements: Sequence[Requirement]) -> list[Contest]:
        """The files of each package that its index offers, and what was heard of them besides."""
        offers, yanked = self._offers(requirements)
        return [
            Contest.begin(
                each,
                offers.get(each.name, ()),
                self.tags,
                is_yanked=None if self._is_of_the_default(each) else each.name in yanked,
            )
            for each in requirements
        ]

    def _settled(self, contests: list[Contest]) -> list[Contest]:
        """Ask about one more file of each package, as long as that can change the choice."""
        while asked := {
            contest.requirement.name: (contest.requirement, file)
            for contest in contests
            if (file := contest.question)
        }:
            yanked = self.uv.yanked(list(asked.values()), self.access, self.interpreter)
            contests = [
                contest.knowing(is_yanked=yanked.get(contest.requirement.name))
                if contest.requirement.name in asked
                else contest
                for contest in contests
            ]
        return contests

    def _is_of_the_default(self, requirement: Requirement) -> bool:
        """Uv's own default index: it keeps files as they are, and yanks releases as a whole."""
        named = self.access.named[requirement.index]
        return requirement.index.is_default and not named.is_mirror

    def _offers(
        self, requirements: Sequence[Requirement]
    ) -> tuple[dict[NormalizedName, Offer], Names]:
        """What the indexes offer, from the cache as far as it goes, and what uv said is yanked."""
        known = {each.name: offer for each in requirements if (offer := self._recall(each))}
        unknown = [each for each in requirements if each.name not in known]
        if not unknown:
            return known, frozenset()
        answer = self.uv.offers(unknown, self.access, self.interpreter)
        asked = read_offers(answer.document)
        for requirement in unknown:
            self._remember(requirement, asked.get(requirement.name, ()))
        return known | asked, answer.yanked

    def _recall(self, requirement: Requirement) -> Offer | None:
        """A known offer, if the lock's best file is in it: an index gains files with time."""
        try:
            files = json.loads(read_text(self._entry(requirement)))
            offer = tuple(
                OfferedFile(
                    str(url),
                    tuple(Hash(*each) for each in hashes),
                    None if size is None else int(size),
                )
                for url, hashes, size in files
            )
            best = requirement.files[0]
            return offer if any(each.is_locked_as(best) for each in offer) else None
        except (OSError, ValueError, TypeError):
            return None

    def _remember(self, requirement: Requirement, offer: Offer) -> None:
        """Keep urls of the default index, which never change; others may carry a signature."""
        if not self._is_of_the_default(requirement) or not offer:
            return
        files = [
            (file.url, [(each.algorithm, each.digest) for each in file.hashes], file.size)
            for file in offer
        ]
        try:
            _store(self._entry(requirement), json.dumps(files))
        except OSError:
            # A cache that cannot be written costs the next run a second, not its correctness.
            return

    def _entry(self, requirement: Requirement) -> Path:
        interpreter = self.interpreter
        key = "\n".join(
            (
                self.access.named[requirement.index].url,
                requirement.pin,
                interpreter.full_version,
                interpreter.markers["implementation_name"],
                interpreter.platform,
            )
        )
        return self.cache / "urls-v1" / f"{hashlib.sha256(key.encode()).hexdigest()}.json"


def built_names(requirements: RequirementsMap, files: Files | None) -> Names:
    """What has to be built, or may have to be where uv chooses among several files."""
    from_indexes = (
        each.name
        for each in requirements.requirements
        if not all(file.is_wheel for file in ([files[each.name]] if files else each.files))
    )
    return frozenset((*from_indexes, *(each.name for each in requirements.direct if each.is_built)))


def told(requirements: RequirementsMap, files: Files | None) -> Told:
    """What uv was told of each package: one file, all that it could choose from, or no file."""
    direct = {each.name: each.files for each in requirements.direct}
    if files is None:
        return {each.name: each.files for each in requirements.requirements} | direct
    return {name: (LockedFile(file.name, file.hash),) for name, file in files.items()} | direct


def refuse_missing(missing: Iterable[Requirement]) -> None:
    """`ToolError` in Poetry's words where an index offers none of a package's files."""
    names = [f"{each.name} {each.version} ({each.index.name})" for each in missing]
    if names:
        raise ToolError(
            "Unable to find installation candidates: no file that poetry.lock names is offered"
            f" for this platform: {', '.join(names)}",
            hint="does the package support this Python and platform? Is the file still on the"
            " index?",
        )


def _store(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode("utf-8"), 0o600)

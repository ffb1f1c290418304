"""The bulk install: all packages of the plan, from all indexes, by uv.

The pylock feed installs every file by url and hash from its own index in one call. Where uv cannot
answer for the urls, the requirements feed does the same in one call per index.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import Hash, LockedFile, NormalizedName
from hybrid_install.core.pylock import Offer, OfferedFile, choose, pylock, read_offers
from hybrid_install.core.requirements import Requirement, RequirementsMap
from hybrid_install.core.uv_config import IndexAccess
from hybrid_install.errors import ToolError
from hybrid_install.tools.process import CommandFailedError
from hybrid_install.tools.uv import InstallTarget, Uv

Told = Mapping[NormalizedName, tuple[LockedFile, ...]]
"""The files of each package that uv was told it may install."""

# uv's exit code for "no solution": its own index page lacks the pin, or it cannot be read that way.
_UNRESOLVED = 1


class Feed(Enum):
    """How uv is told what to install."""

    PYLOCK = "pylock"
    REQUIREMENTS = "requirements"


@dataclass(frozen=True)
class BulkInstall:
    """One bulk install into one environment. `cache` is where known urls are kept."""

    uv: Uv
    access: IndexAccess
    interpreter: Interpreter
    target: InstallTarget
    cache: Path

    def run(self, requirements: RequirementsMap, feed: Feed = Feed.PYLOCK) -> Told:
        """Install all of `requirements`, or fail with nothing of a wrong file installed."""
        if feed is Feed.PYLOCK:
            offers = self._offers(requirements.requirements)
            if offers is not None:
                return self._install_pylock(requirements.requirements, offers)
        for index, pinned in requirements.by_index:
            self.uv.install_requirements(index, pinned, self.access, self.target)
        return {each.name: each.files for each in requirements.requirements}

    def _install_pylock(
        self, requirements: Sequence[Requirement], offers: Mapping[NormalizedName, Offer]
    ) -> Told:
        chosen = [(each, choose(each, offers.get(each.name, ()))) for each in requirements]
        _refuse_missing(requirement for requirement, files in chosen if not files)
        self.uv.install_pylock(pylock(chosen, self.access.named), self.access, self.target)
        return {
            # Of several sdists it is the first one (`pylock`).
            each.name: tuple(
                LockedFile(file.name, file.hash)
                for file in (files if files[0].is_wheel else files[:1])
            )
            for each, files in chosen
        }

    def _offers(self, requirements: Sequence[Requirement]) -> dict[NormalizedName, Offer] | None:
        """What the indexes offer, from the cache as far as it goes; None where uv cannot say."""
        known = {each.name: offer for each in requirements if (offer := self._recall(each))}
        unknown = [each for each in requirements if each.name not in known]
        if not unknown:
            return known
        try:
            asked = read_offers(self.uv.offers(unknown, self.access, self.interpreter))
        except CommandFailedError as error:
            if error.command_exit_code == _UNRESOLVED:
                return None
            raise
        for requirement in unknown:
            self._remember(requirement, asked.get(requirement.name, ()))
        return known | asked

    def _recall(self, requirement: Requirement) -> Offer | None:
        """A known offer, if the lock's files are in it: an index gains files with time."""
        try:
            files = json.loads(self._entry(requirement).read_text("utf-8"))
            offer = tuple(
                OfferedFile(
                    str(url),
                    tuple(Hash(*each) for each in hashes),
                    None if size is None else int(size),
                )
                for url, hashes, size in files
            )
            return offer if choose(requirement, offer) else None
        except (OSError, ValueError, TypeError, ToolError):
            # Unreadable, or what the index offered once; a mismatch is the index's to show now.
            return None

    def _remember(self, requirement: Requirement, offer: Offer) -> None:
        """Keep urls of the default index, which never change; others may carry a signature."""
        if not requirement.index.is_default or not offer:
            return
        files = [
            (file.url, [(each.algorithm, each.digest) for each in file.hashes], file.size)
            for file in offer
        ]
        try:
            _write_whole(self._entry(requirement), json.dumps(files))
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


def _refuse_missing(missing: Iterable[Requirement]) -> None:
    names = [f"{each.name} {each.version} ({each.index.name})" for each in missing]
    if names:
        raise ToolError(
            "Unable to find installation candidates: no file that poetry.lock names is offered"
            f" for this platform: {', '.join(names)}",
            hint="does the package support this Python and platform? Is the file still on the"
            " index?",
        )


def _write_whole(path: Path, text: str) -> None:
    """Write beside, then rename: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as beside:
        beside.write(text)
    Path(name).replace(path)

"""Packages that a base image brings: checked against the lock, never installed or removed.

An image's own build of a package is often no release of it: NVIDIA's torch calls itself
`2.6.0a0+ecf3bae40a.nv25.1`. Poetry would install the locked one over it
(`Transaction.calculate_operations`, poetry/puzzle/transaction.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from hybrid_install.core.distribution import Installed
from hybrid_install.core.model import LockedPackage, NormalizedName
from hybrid_install.core.patterns import NO_PATTERNS, Patterns
from hybrid_install.core.settings import Mismatch, Settings
from hybrid_install.core.versions import same_version


class Provision(NamedTuple):
    """What the user calls provided.

    With `from_environment` it is also whatever the environment had before us, but for names that
    `patterns` take out. With `tolerates` another version than the locked one will do.
    """

    patterns: Patterns = NO_PATTERNS
    from_environment: bool = False
    tolerates: bool = False

    @classmethod
    def of(cls, settings: Settings, from_environment: bool) -> Provision:
        """What the settings say, the command line's word among them."""
        tolerates = settings.provided_mismatch is Mismatch.WARN
        return cls(settings.provided, from_environment, tolerates)

    @property
    def is_given(self) -> bool:
        """Whether anything can be provided at all."""
        return self.from_environment or self.patterns != NO_PATTERNS

    def names(
        self, known: Iterable[NormalizedName], found: Iterable[NormalizedName]
    ) -> frozenset[NormalizedName]:
        """Those of `known` that are provided; `found` are what the environment brings."""
        brought = frozenset(found) if self.from_environment else frozenset()
        decided = {name: self.patterns.decides(name) for name in known}
        return frozenset(
            name
            for name, choice in decided.items()
            if choice or (choice is None and name in brought)
        )

    def idle(self, known: Iterable[NormalizedName]) -> tuple[str, ...]:
        """The patterns that name nothing: misspelt, most likely."""
        names = tuple(known)
        return tuple(
            entry
            for entry in self.patterns.entries
            if not any(fnmatchcase(name, entry.removeprefix("!")) for name in names)
        )


class Discrepancy(NamedTuple):
    """A provided package that is not the locked one; `present` is None where there is none."""

    name: NormalizedName
    locked: str
    present: str | None

    @property
    def message(self) -> str:
        """What is wrong, with both versions."""
        if self.present is None:
            return f"{self.name} {self.locked} is called provided, and the environment has none"
        return f"{self.name} {self.present} is provided, {self.locked} is locked{self._relation}"

    @property
    def hint(self) -> str:
        """What to do about it."""
        if self.present is None:
            return (
                f"take {self.name} out of --provided, and it is installed. An environment sees the"
                " packages of its base image where it is made with --system-site-packages"
                " (virtualenvs.options.system-site-packages), or where virtualenvs.create is false"
            )
        return (
            "`--provided-mismatch warn` takes it as it is. Or lock the version that the image has,"
            f" choose an image with {self.locked}, or take {self.name} out of --provided"
        )

    @property
    def _relation(self) -> str:
        """How near the two are: images build packages of their own."""
        theirs, _, label = (self.present or "").partition("+")
        ours = self.locked.partition("+")[0]
        if same_version(theirs, ours):
            return ": the same release, in another build"
        is_early = _release(theirs) == _release(ours) and theirs != _release(theirs)
        if is_early and label:
            return f": an image's own build ({label}) on the way to {_release(ours)}"
        return ": a pre-release of it" if is_early else ""


def _release(version: str) -> str:
    """`2.6.0` of `2.6.0a0`."""
    found = re.match(r"v?(?:\d+!)?\d+(?:\.\d+)*", version)
    return found.group() if found else version


def discrepancies(
    selected: Iterable[LockedPackage], provided: frozenset[NormalizedName], present: Installed
) -> tuple[Discrepancy, ...]:
    """What is provided and not as locked, by name; any one of several locked versions will do."""
    locked: dict[NormalizedName, list[str]] = {}
    for package in selected:
        if package.name in provided:
            locked.setdefault(package.name, []).append(package.version)
    found = []
    for name, versions in sorted(locked.items()):
        version = present[name].version if name in present else None
        if version is None or not any(same_version(version, each) for each in versions):
            found.append(Discrepancy(name, " or ".join(versions), version))
    return tuple(found)

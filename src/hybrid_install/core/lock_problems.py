"""What is doubtful about a lock for one target, said before gigabytes move.

Poetry installs all of these without a word, or fails when most of the work is done. None of them
changes what is selected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum
from typing import NamedTuple

from hybrid_install.core.file_choice import Tags, has_candidate
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.markers import Environment
from hybrid_install.core.model import (
    DirectorySource,
    GitSource,
    LockedPackage,
    NormalizedName,
    RegistrySource,
    normalize_name,
)
from hybrid_install.core.selection import Wanted, select, several_versions

# Below this share of the active groups' packages a selection is looked at more closely ...
_LITTLE = 0.2

# ... and is doubtful where more than this share is for other platforms alone. In real locks it is
# a tenth at most.
_FOREIGN = 0.3

# Of a handful of packages all may rightly be another platform's.
_ENOUGH = 10

_PLATFORMS: Mapping[str, Mapping[str, str]] = {
    f"{name} {machine}": {
        "os_name": os_name,
        "sys_platform": sys_platform,
        "platform_system": system,
        "platform_machine": machine,
    }
    for name, os_name, sys_platform, system, machines in (
        ("Linux", "posix", "linux", "Linux", ("x86_64", "aarch64")),
        ("macOS", "posix", "darwin", "Darwin", ("x86_64", "arm64")),
        ("Windows", "nt", "win32", "Windows", ("AMD64",)),
    )
    for machine in machines
}

# The only order that Poetry reads: with the value first it refuses the marker.
_REQUIRES_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']*)["']""")

# `Chooser._get_links` (poetry/installation/chooser.py) installs none of these.


class Doubt(Enum):
    """What a problem is about."""

    SEVERAL_VERSIONS = "several-versions"
    EXCLUSIVE_EXTRAS = "exclusive-extras"
    EMPTY_EXTRA = "empty-extra"
    NO_HASHES = "no-hashes"
    NO_FILE = "no-file"
    FOREIGN_LOCK = "foreign-lock"


class LockProblem(NamedTuple):
    """One problem: a sentence, the packages that it is about, and what to do."""

    doubt: Doubt
    message: str
    names: tuple[str, ...]
    hint: str


class Selection(NamedTuple):
    """A selection and all that it was made from. `tags` are the target's wheel tags, if known."""

    lock: Lockfile
    wanted: Wanted
    environment: Environment
    selected: tuple[LockedPackage, ...]
    tags: Tags | None = None

    @property
    def names(self) -> frozenset[NormalizedName]:
        """The selected names."""
        return frozenset(package.name for package in self.selected)

    @property
    def active(self) -> tuple[LockedPackage, ...]:
        """The entries of the active groups."""
        return tuple(each for each in self.lock.packages if each.groups & self.wanted.groups)


def lock_problems(selection: Selection) -> tuple[LockProblem, ...]:
    """All problems, the gravest first."""
    checks: tuple[Callable[[Selection], Iterator[LockProblem]], ...] = (
        _several_versions,
        _extras,
        _foreign_lock,
        _no_file,
        _no_hashes,
    )
    return tuple(problem for check in checks for problem in check(selection))


def _several_versions(selection: Selection) -> Iterator[LockProblem]:
    doubled = several_versions(selection.selected)
    if doubled:
        listed = "; ".join(f"{name} {' and '.join(each)}" for name, each in doubled.items())
        yield LockProblem(
            Doubt.SEVERAL_VERSIONS,
            f"the lock selects several versions of one name: {listed}. They are left to Poetry,"
            " which installs the one it comes to last",
            tuple(doubled),
            "no environment can hold both: mend the markers, then `poetry lock`",
        )


def _extras(selection: Selection) -> Iterator[LockProblem]:
    """Extras that exclude each other explain why one of them is empty."""
    excluded = _mutually_excluded(selection)
    if excluded:
        extras = sorted({extra for each in excluded.values() for extra in each})
        yield LockProblem(
            Doubt.EXCLUSIVE_EXTRAS,
            f"the extras {', '.join(extras)} exclude each other: with all of them no version of"
            f" {', '.join(sorted(excluded))} is selected",
            tuple(sorted(excluded)),
            "ask for one of them (`--extras`) instead of `--all-extras`",
        )
    explained = {extra for each in excluded.values() for extra in each}
    for extra in sorted(selection.wanted.extras - explained):
        names = _names_for(extra, selection)
        if names and not names & selection.names:
            yield LockProblem(
                Doubt.EMPTY_EXTRA,
                f"the extra {extra} selects nothing for this target, although the lock has"
                f" {', '.join(sorted(names))} for it",
                tuple(sorted(names)),
                "is the extra meant for this Python and platform?",
            )


def _mutually_excluded(selection: Selection) -> dict[NormalizedName, set[NormalizedName]]:
    """Names that no selected entry has, with the requested extras each of which alone has one."""
    excluded: dict[NormalizedName, set[NormalizedName]] = {}
    if len(selection.wanted.extras) < 2:  # noqa: PLR2004
        return excluded
    for extra in sorted(selection.wanted.extras):
        for name in _names_for(extra, selection) - selection.names:
            entries = [each for each in selection.active if each.name == name]
            if _selected_with(frozenset({extra}), entries, selection):
                excluded.setdefault(name, set()).update(_extras_in(entries))
    return {name: extras & selection.wanted.extras for name, extras in excluded.items()}


def _selected_with(
    extras: frozenset[NormalizedName], entries: Iterable[LockedPackage], selection: Selection
) -> tuple[LockedPackage, ...]:
    lock = replace(selection.lock, packages=tuple(entries))
    return select(lock, replace(selection.wanted, extras=extras), selection.environment)


def _names_for(extra: NormalizedName, selection: Selection) -> frozenset[NormalizedName]:
    """The packages of the active groups that the lock has for `extra`, by their markers."""
    return frozenset(each.name for each in selection.active if extra in _extras_in([each]))


def _extras_in(entries: Iterable[LockedPackage]) -> frozenset[NormalizedName]:
    """The extras that markers ask for (`extra == "a"`, never `extra != "a"`)."""
    return frozenset(
        normalize_name(match[1])
        for entry in entries
        for marker in entry.markers.values()
        for match in _REQUIRES_EXTRA.finditer(marker)
    )


def _foreign_lock(selection: Selection) -> Iterator[LockProblem]:
    """A lock whose markers were spoiled for this platform: next to nothing would be installed."""
    active, selected = selection.active, selection.selected
    if len(active) < _ENOUGH or len(selected) >= _LITTLE * len(active):
        return
    platform, number = _best_platform(selection)
    if number - len(selected) > _FOREIGN * len(active):
        yield LockProblem(
            Doubt.FOREIGN_LOCK,
            f"only {len(selected)} of the {len(active)} packages of the active groups are selected"
            f" for this platform; for {platform} it would be {number}",
            (),
            "was the lock made for another platform? `poetry lock` with a current Poetry mends"
            " markers that earlier versions wrote wrong",
        )


def _best_platform(selection: Selection) -> tuple[str, int]:
    """The well-known platform that most is selected for."""
    numbers = {
        platform: len(
            select(selection.lock, selection.wanted, {**selection.environment, **markers})
        )
        for platform, markers in _PLATFORMS.items()
    }
    return max(numbers.items(), key=lambda item: item[1])


def _no_file(selection: Selection) -> Iterator[LockProblem]:
    tags = selection.tags
    if tags is None:
        return
    missing = [each for each in selection.selected if not has_file_for(each, tags)]
    if missing:
        yield LockProblem(
            Doubt.NO_FILE,
            "the lock has no file for this Python and platform:"
            f" {', '.join(package.pin for package in missing)}",
            tuple(package.name for package in missing),
            "use a Python that these support, or lock versions that support this one",
        )


def has_file_for(package: LockedPackage, tags: Tags) -> bool:
    """Whether Poetry finds a file to install with these wheel tags.

    A package that is not from an index, or for which the lock has no files, is not judged.
    """
    if not isinstance(package.source, RegistrySource) or not package.files:
        return True
    return has_candidate(package, tags)


def _no_hashes(selection: Selection) -> Iterator[LockProblem]:
    """Whoever answers for the index or the url decides what is installed."""
    bare = [
        each
        for each in selection.selected
        if not each.files and not isinstance(each.source, GitSource | DirectorySource)
    ]
    if bare:
        yield LockProblem(
            Doubt.NO_HASHES,
            f"the lock has no hashes for {', '.join(package.pin for package in bare)}: nobody can"
            " tell whether what is downloaded is what was locked",
            tuple(package.name for package in bare),
            "`poetry lock` from an index that states hashes",
        )

"""An export for all environments, read on each of them: the packages that are selected there.

The markers are read by poetry-core, whose answers must be the same everywhere, and by packaging, as
pip does: where the two differ is known, and listed.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from packaging.markers import Marker
from support import corpus
from support.environments import (
    LINUX_ARM,
    LINUX_X86,
    MACOS_ARM,
    OLDER_PYTHONS,
    PYTHONS,
    RELEASE_CANDIDATE,
    WINDOWS,
    Markers,
    environment,
)
from support.hard_project import hard
from support.selections import lock_in, project_in

from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.markers import holds
from hybrid_install.core.model import LockedPackage
from hybrid_install.core.project import Project
from hybrid_install.core.selection import Wanted, select
from hybrid_install.core.universal import marker_of, select_everywhere
from hybrid_install.core.versions import allows

pytestmark = pytest.mark.conformance

# What pip makes something else of than Poetry, by the words in a marker: a kernel's release is a
# version to Poetry alone, and a release candidate is older than its release to everybody else.
OTHERWISE_READ = ("platform_release", "platform_version", "implementation_version")

Pins = Counter[tuple[str, str, object]]


def pins(packages: list[LockedPackage]) -> Pins:
    return Counter((each.name, each.version, each.source) for each in packages)


@cache
def _marker(text: str) -> Marker:
    return Marker(text)


def as_pip_reads(marker: str, target: Markers) -> bool:
    return not marker or _marker(marker).evaluate(dict(target))


def asked(project: Project) -> list[Wanted]:
    groups = frozenset(group.name for group in project.groups)
    extras = sorted(project.extras)
    each = [frozenset({extra}) for extra in extras[:6]]
    of_groups = [groups, *(frozenset({group}) for group in sorted(groups)[:4])]
    return [Wanted(some, chosen) for some in of_groups for chosen in [frozenset(), *each]] + [
        Wanted(groups, frozenset(extras))
    ]


def compare(lock: Lockfile, project: Project, targets: list[Markers], tally: Counter[str]) -> None:
    for wanted in asked(project):
        everywhere = select_everywhere(lock, wanted)
        odd = {
            each.name
            for each in everywhere
            if any(word in marker_of(each) for word in OTHERWISE_READ)
        }
        for target in targets:
            here = pins(list(select(lock, wanted, target)))
            ours = [p for p in everywhere if holds(marker_of(p), target, frozenset())]
            assert pins(ours) == here, (wanted, target)
            piped = [p for p in everywhere if as_pip_reads(marker_of(p), target)]
            different = {name for name, *_ in (pins(piped) - here) + (here - pins(piped))}
            assert different <= odd, (wanted, target, different - odd)
            tally.update({"universal exports, read by pip": 1})
            tally.update({"universal exports, read by pip equal": 1 if not different else 0})


@corpus.each_pair("2.1")
def test_real_locks(pair: corpus.Pair, tally: Counter[str]) -> None:
    project = project_in(pair.folder)
    platforms = (LINUX_X86, LINUX_ARM, MACOS_ARM, WINDOWS)
    known = [python for python in PYTHONS if allows(project.python_versions, python)]
    targets = [environment(*target) for target in product(known, platforms)]
    compare(lock_in(pair.folder), project, targets, tally)


def test_hard_project(tmp_path: Path, tally: Counter[str]) -> None:
    folder = hard().write(tmp_path)
    platforms = (LINUX_X86, LINUX_ARM, MACOS_ARM, WINDOWS)
    targets = [environment(*each) for each in product((*OLDER_PYTHONS, *PYTHONS), platforms)]
    compare(lock_in(folder), project_in(folder), targets, tally)


def test_a_release_candidate_is_what_others_read_otherwise(tmp_path: Path) -> None:
    """Poetry alone takes it for the release: the one difference that no marker can say."""
    folder = hard().write(tmp_path)
    lock, project = lock_in(folder), project_in(folder)
    target = environment(RELEASE_CANDIDATE, LINUX_X86)
    wanted = asked(project)[0]
    everywhere = select_everywhere(lock, wanted)
    ours = pins([p for p in everywhere if holds(marker_of(p), target, frozenset())])
    assert ours == pins(list(select(lock, wanted, target)))
    piped = pins([p for p in everywhere if as_pip_reads(marker_of(p), target)])
    differing = {name for name, *_ in (piped - ours) + (ours - piped)}
    assert {"candidate"} <= differing

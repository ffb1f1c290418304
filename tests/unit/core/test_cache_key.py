"""What a key depends on besides the packages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.fakes import install_operation, interpreter, locked, project, wheel

from hybrid_install.core.cache_key import cache_key, kind_of
from hybrid_install.core.deferral import BuildPolicy
from hybrid_install.core.model import (
    DirectorySource,
    GitSource,
    Index,
    LockedPackage,
    Source,
    UrlSource,
)
from hybrid_install.core.plan import Operation, Policy, make_plan
from hybrid_install.core.tiers import Tier

GLIBC = {"cp311-cp311-manylinux_2_36_x86_64": 0, "py3-none-any": 1}
MUSL = {"cp311-cp311-musllinux_1_2_x86_64": 0, "py3-none-any": 1}
FACTS = {"uv": "0.13.9"}


def operations(*packages: LockedPackage) -> tuple[Operation, ...]:
    return make_plan(packages, {}, project(), Policy(BuildPolicy())).operations


def key(*packages: LockedPackage, tier: Tier | None = None, **facts: Any) -> str:
    return cache_key("cpython-3.11-linux", tier, operations(*packages), {**FACTS, **facts})


@pytest.mark.parametrize(
    ("facts", "tags", "kind"),
    [
        ({}, GLIBC, "cpython-3.11-linux-x86_64-glibc"),
        ({}, MUSL, "cpython-3.11-linux-x86_64-musl"),
        ({}, {"cp311-cp311-macosx_14_0_arm64": 0}, "cpython-3.11-linux-x86_64"),
        ({}, None, "cpython-3.11-linux-x86_64"),
        ({"version": (3, 11, 9)}, GLIBC, "cpython-3.11-linux-x86_64-glibc"),
        ({"prefix": Path("/elsewhere")}, GLIBC, "cpython-3.11-linux-x86_64-glibc"),
        ({"is_presumed": True, "platform": "linux"}, GLIBC, "cpython-3.11-linux-x86_64-glibc"),
        ({"version": (3, 13, 1), "is_free_threaded": True}, None, "cpython-3.13t-linux-x86_64"),
    ],
)
def test_the_kind_of_machine(facts: dict[str, Any], tags: dict[str, int], kind: str) -> None:
    assert kind_of(interpreter(**facts), tags) == kind


def test_a_key_is_one_word() -> None:
    found = cache_key("pypy-3.11-linux-odd/machine, really", Tier.HEAVY, (), FACTS)
    assert re.fullmatch(
        r"hybrid-install-heavy-pypy-3\.11-linux-odd-machine-really-[0-9a-f]{64}", found
    )
    assert len(found) < 200


def test_facts_and_tier_count() -> None:
    alpha = locked("alpha")
    keys = [key(alpha), key(alpha, uv="0.13.8"), key(alpha, compiled=True), key()]
    keys += [key(alpha, tier=tier) for tier in Tier]
    assert len({each[-64:] for each in keys}) == len(keys)


def commit(digit: str) -> str:
    return digit * 40


PLACES: list[Source] = [
    UrlSource("https://example.com/a-1.0.zip", None),
    UrlSource("https://example.com/a-1.0.zip", "sub"),
    UrlSource("https://example.com/other/a-1.0.zip", None),
    GitSource("https://example.com/a", "main", commit("1"), None),
    GitSource("https://example.com/a", "main", commit("2"), None),
    GitSource("https://example.com/a", "main", commit("1"), "sub"),
    DirectorySource("a", "/here/a"),
    DirectorySource("../a", "/here/a"),
]


def test_places_count() -> None:
    assert len({key(locked("a", source=each)) for each in PLACES}) == len(PLACES)


def test_where_the_project_is_does_not() -> None:
    one, other = (locked("a", source=DirectorySource("a", place)) for place in ("/x/a", "/y/a"))
    assert key(one) == key(other)


def test_a_reference_that_was_moved_to_the_same_commit_does_not() -> None:
    one, other = (
        locked("a", source=GitSource("https://example.com/a", name, commit("1"), None))
        for name in ("main", "v1")
    )
    assert key(one) == key(other)


@pytest.mark.parametrize("secret", ["me:secret@", "you:other@"])
def test_credentials_do_not_count(secret: str) -> None:
    def of(url: str) -> str:
        index = Index("alpha", url)
        return cache_key("x", None, [install_operation(locked("a"), index)], FACTS)

    assert of(f"https://{secret}example.com/simple") == of("https://example.com/simple")
    assert of("https://example.com/simple") != of("https://example.com/cpu")


def test_only_files_that_fit_count() -> None:
    foreign = wheel("a", tag="cp311-cp311-win_amd64")
    better = wheel("a", tag="cp311-cp311-manylinux_2_36_x86_64")

    def of(*more: Any) -> str:
        package = locked("a", files=[wheel("a"), *more])
        tags = Policy(BuildPolicy(), GLIBC)
        found = make_plan([package], {}, project(), tags).operations
        return cache_key("x", None, found, FACTS)

    assert of() == of(foreign)
    assert of() != of(better)

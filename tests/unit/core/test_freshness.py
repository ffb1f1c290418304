"""What the content-hash covers. That it is Poetry's own is for the conformance tests to say."""

from __future__ import annotations

from copy import deepcopy
from hashlib import sha256
from typing import Any

import pytest

from hybrid_install.core.freshness import content_hash, is_fresh
from hybrid_install.core.lockfile import Lockfile

PYPROJECT: dict[str, Any] = {
    "project": {"name": "a", "version": "1", "requires-python": ">=3.9", "dependencies": ["x"]},
    "dependency-groups": {"dev": ["y"]},
    "tool": {"poetry": {"packages": [], "source": [], "group": {"dev": {"optional": False}}}},
}


def lock(content_hash: str | None, generated_by: str | None = None) -> Lockfile:
    return Lockfile((2, 1), content_hash, (), frozenset(), generated_by)


def changed(*path: str, value: Any) -> dict[str, Any]:
    document = deepcopy(PYPROJECT)
    table = document
    for key in path[:-1]:
        table = table.setdefault(key, {})
    table[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("project", "name"), "b"),
        (("project", "version"), "2"),
        (("project", "scripts"), {"a": "a:b"}),
        (("tool", "poetry", "packages"), [{"include": "a"}]),
        (("tool", "poetry", "build-constraints"), {"a": {"b": "1"}}),
        (("tool", "black"), {}),
        (("build-system",), {"requires": []}),
    ],
)
def test_what_no_lock_depends_on_keeps_it_fresh(path: tuple[str, ...], value: Any) -> None:
    assert is_fresh(lock(content_hash(PYPROJECT)), changed(*path, value=value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("project", "requires-python"), ">=3.10"),
        (("project", "dependencies"), ["x", "z"]),
        (("project", "dependencies"), []),
        (("project", "optional-dependencies"), {}),
        (("dependency-groups", "dev"), ["z"]),
        (("dependency-groups", "docs"), []),
        (("tool", "poetry", "dependencies"), {}),
        (("tool", "poetry", "dev-dependencies"), {}),
        (("tool", "poetry", "extras"), {}),
        (("tool", "poetry", "group", "dev", "optional"), True),
        (("tool", "poetry", "source"), [{"name": "a"}]),
    ],
)
def test_what_a_lock_depends_on_makes_it_stale(path: tuple[str, ...], value: Any) -> None:
    assert not is_fresh(lock(content_hash(PYPROJECT)), changed(*path, value=value))


@pytest.mark.parametrize(
    ("pyproject", "hashed"),
    [
        # What the oldest Poetry always hashed is null where it is missing ...
        ({}, '{"dependencies": null, "dev-dependencies": null, "extras": null, "source": null}'),
        (
            {"tool": {"poetry": {"dependencies": {}, "group": {}, "source": []}}},
            '{"dependencies": {}, "dev-dependencies": null, "extras": null, "group": {}, "source": []}',
        ),
        # ... unless [project] or [dependency-groups] has something to say.
        (
            {"project": {"dependencies": ["ä"]}, "dependency-groups": {}},
            '{"project": {"dependencies": ["\\u00e4"]}, "tool": {"poetry": {}}}',
        ),
        (
            {"dependency-groups": {"b": [], "a": []}, "tool": {"poetry": {"source": []}}},
            '{"dependency-groups": {"a": [], "b": []}, "tool": {"poetry": {"source": []}}}',
        ),
    ],
)
def test_what_is_hashed(pyproject: dict[str, Any], hashed: str) -> None:
    assert content_hash(pyproject) == sha256(hashed.encode()).hexdigest()


def test_the_order_of_keys_does_not_matter() -> None:
    reversed_keys = dict(reversed(PYPROJECT.items()))
    assert content_hash(reversed_keys) == content_hash(PYPROJECT)


def test_a_lock_without_a_hash_is_stale() -> None:
    assert not is_fresh(lock(None), PYPROJECT)


@pytest.mark.parametrize(
    ("generated_by", "fresh"),
    [("2.2.1", True), ("1.8.5", True), ("2.3.0rc1", True), ("2.3.0", False), ("x", False), (None, False)],
)  # fmt: skip
def test_locks_from_before_2_3_left_the_groups_out(generated_by: str | None, fresh: bool) -> None:
    older = lock(content_hash(PYPROJECT, with_dependency_groups=False), generated_by)
    assert is_fresh(older, PYPROJECT) is fresh

"""Does poetry.lock belong to pyproject.toml? The content-hash of every Poetry generation.

Mirrors `Locker.is_fresh` and `Locker._get_content_hash` (poetry/packages/locker.py): one formula
covers all of them, because each generation only added keys where they are used.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from hybrid_install.core.document import Table, table_at
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.versions import is_older
from hybrid_install.errors import InvalidDataError

_ALWAYS_HASHED = ("dependencies", "source", "extras", "dev-dependencies")
_HASHED_WHERE_PRESENT = "group"
_PROJECT_KEYS = ("requires-python", "dependencies", "optional-dependencies")

# From Poetry 2.3.0 on the hash covers [dependency-groups].
_GROUPS_HASHED_SINCE = "2.3.0"


def is_fresh(lock: Lockfile, pyproject: Table) -> bool:
    """Whether Poetry would accept `lock` for `pyproject`."""
    if lock.content_hash is None:
        return False
    if lock.content_hash == content_hash(pyproject):
        return True
    older = lock.generated_by is not None and is_older(lock.generated_by, _GROUPS_HASHED_SINCE)
    return older and lock.content_hash == content_hash(pyproject, with_dependency_groups=False)


def content_hash(pyproject: Table, *, with_dependency_groups: bool = True) -> str:
    """The sha256 over the relevant tables of pyproject.toml, as JSON with sorted keys."""
    project = table_at(pyproject, "project")
    poetry = table_at(pyproject, "tool", "poetry")
    groups = table_at(pyproject, "dependency-groups") if with_dependency_groups else {}
    in_project = {key: project[key] for key in _PROJECT_KEYS if project.get(key) is not None}
    nested = bool(in_project or groups)
    in_poetry = {
        key: poetry.get(key)
        for key in (*_ALWAYS_HASHED, _HASHED_WHERE_PRESENT)
        if poetry.get(key) is not None or (key in _ALWAYS_HASHED and not nested)
    }
    if not nested:
        return _sha256(in_poetry)
    hashed: dict[str, Any] = {"project": in_project} if in_project else {}
    if groups:
        hashed["dependency-groups"] = groups
    return _sha256({**hashed, "tool": {"poetry": in_poetry}})


def _sha256(content: dict[str, Any]) -> str:
    try:
        text = json.dumps(content, sort_keys=True)
    except TypeError as error:
        raise InvalidDataError(f"a value that Poetry cannot hash ({error})", "") from None
    return hashlib.sha256(text.encode()).hexdigest()

"""A key for caches of CI: the same for the same packages on the same kind of machine.

It changes where an installation would: with the selected pins, the files that fit and their
hashes, the places they come from, the interpreter, the platform and the tools. It does not with
the project's version, comments, the lock's order, credentials, or files for other platforms.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from hybrid_install.core.file_choice import Tags
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    LockedFile,
    UrlSource,
)
from hybrid_install.core.plan import Operation
from hybrid_install.core.receipt import public_url
from hybrid_install.core.redaction import without_credentials
from hybrid_install.core.tiers import Tier

# What is hashed, and how; another one is another key.
_SCHEMA = 1

_LIBRARIES = {"manylinux": "glibc", "musllinux": "musl"}


def kind_of(interpreter: Interpreter, tags: Tags | None) -> str:
    """`cpython-3.11-linux-x86_64-glibc`, known before there is an environment as well as after."""
    threads = "t" if interpreter.is_free_threaded else ""
    platforms = {tag.rpartition("-")[2].partition("_")[0] for tag in tags or ()}
    parts = [
        interpreter.markers["implementation_name"],
        f"{interpreter.minor_version}{threads}",
        interpreter.markers["sys_platform"],
        interpreter.markers["platform_machine"],
        *(library for platform, library in _LIBRARIES.items() if platform in platforms),
    ]
    return "-".join(parts)


def cache_key(
    kind: str, tier: Tier | None, content: Iterable[Operation], facts: Mapping[str, Any]
) -> str:
    """One word of letters, digits, `.`, `_` and `-`, which every cache takes for a key.

    All before the digest is for people, and for restoring by prefix. `content` is what is selected
    as it would be installed into nothing; `facts` is whatever else counts.
    """
    document = {
        "schema": _SCHEMA,
        "kind": kind,
        "tier": tier.value if tier else None,
        "content": sorted(_entry(operation) for operation in content),
        **facts,
    }
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    words = ["hybrid-install", *([tier.value] if tier else []), kind, digest]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(words))


def _entry(operation: Operation) -> list[Any]:
    package = operation.package
    develop = package.develop if package else False
    return [operation.name, operation.version, _place(operation), _hashes(operation.files), develop]


def _hashes(files: Iterable[LockedFile]) -> list[str]:
    return sorted({f"{file.name} {file.hash}" for file in files})


def _place(operation: Operation) -> str:
    """Where the files come from, as it is on every machine and without a secret."""
    if operation.index is not None:
        return public_url(operation.index.url) if operation.index.url else ""
    match operation.package and operation.package.source:
        case GitSource(url, reference, resolved, subdirectory):
            return f"git+{without_credentials(url)}@{resolved or reference}#{subdirectory or ''}"
        case UrlSource(url, subdirectory):
            return f"{public_url(url)}#{subdirectory or ''}"
        case FileSource(path) | DirectorySource(path):
            return path
    return ""

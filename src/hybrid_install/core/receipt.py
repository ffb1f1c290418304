"""The receipt: what a good run put into an environment, and where each package came from.

A distribution from an index does not say which index that was (PEP 610 records direct origins
only), so Poetry cannot tell it from the same version of another index. The receipt can, as long as
the contents that it was written for are still there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hybrid_install.core.distribution import BY_UV, Origin
from hybrid_install.core.document import Table, as_table, each, optional, required, strings, tables
from hybrid_install.core.model import (
    Hash,
    Index,
    LockedFile,
    LockedPackage,
    NormalizedName,
    RegistrySource,
    normalize_name,
)
from hybrid_install.core.redaction import without_credentials
from hybrid_install.core.versions import same_version
from hybrid_install.errors import InvalidDataError

SCHEMA = 1

BY_POETRY = "Poetry"
BY_SOMEONE = "unknown"

_KIND_OF_INDEX = "index"


@dataclass(frozen=True, slots=True)
class Received:
    """One package of the lock as it was installed.

    `source` is `index` or the kind of its direct origin, which `origin` tells. `index` is None
    where nothing is known of it, as for all that was found installed; its url has neither
    userinfo nor query, and is None for the default index. `files` are those that uv was told, any
    of which it may have chosen. `contents` is `core.record.contents` of its RECORD.
    """

    name: NormalizedName
    version: str
    source: str
    by: str
    contents: str
    index: Index | None = None
    files: tuple[LockedFile, ...] = ()
    origin: str | None = None

    def fits(self, version: str, contents: str) -> bool:
        """Whether it speaks of what is installed now."""
        return same_version(self.version, version) and self.contents == contents


@dataclass(frozen=True, slots=True)
class Found:
    """A provided package as it was found, which may be another version than the locked one."""

    name: NormalizedName
    version: str
    locked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """One environment after one good run. `poetry` is None where Poetry was not started.

    `provided` are the selected packages that are nobody's of ours. Without `editable` the run was
    one with `--no-editable`. `binding` is what the project was bound from and what came of it
    (`environment.binding`), None where it is not bound or that cannot be told.
    """

    hybrid_install: str
    uv: str
    poetry: str | None
    project: str | None
    content_hash: str | None
    lock_sha256: str
    groups: tuple[str, ...]
    extras: tuple[str, ...]
    python: str
    packages: tuple[Received, ...]
    provided: tuple[Found, ...] = ()
    editable: bool = True
    binding: str | None = None

    def of(self, name: NormalizedName) -> Received | None:
        """What it says of one package."""
        return next((package for package in self.packages if package.name == name), None)


@dataclass(frozen=True, slots=True)
class Present:
    """An installed distribution as the receipt needs it. `by` is its INSTALLER."""

    version: str
    by: str
    contents: str
    origin: Origin | None = None

    @property
    def is_by_poetry(self) -> bool:
        """Poetry writes `Poetry 2.5.1`, and `poetry` for the root."""
        return self.by.lower().startswith("poetry")


def account(
    selected: Iterable[tuple[LockedPackage, Index | None]],
    present: Mapping[NormalizedName, Present],
    told: Mapping[NormalizedName, tuple[LockedFile, ...]],
    earlier: Receipt | None,
    others: Iterable[Received] = (),
) -> tuple[Received, ...]:
    """What can be said of each selected package, and still of `others`; sorted by name.

    `told` is what uv installed in this run. A package that was there before keeps what the
    earlier receipt knew, if that still fits. Whatever is not there as locked is left out.
    """
    found = [
        _received(package, index, present[package.name], told.get(package.name), earlier)
        for package, index in selected
        if package.name in present and same_version(present[package.name].version, package.version)
    ]
    names = {each.name for each in found}
    found += [
        each
        for each in others
        if each.name not in names
        and each.name in present
        and each.fits(present[each.name].version, present[each.name].contents)
    ]
    return tuple(sorted(found, key=lambda each: (each.name, each.version)))


def _received(
    package: LockedPackage,
    index: Index | None,
    present: Present,
    told: tuple[LockedFile, ...] | None,
    earlier: Receipt | None,
) -> Received:
    # Told to uv, but Poetry came to install it again: then uv's files are gone.
    if told is not None and not present.is_by_poetry:
        return _described(package, present, BY_UV, index, told)
    known = earlier.of(package.name) if earlier else None
    if known and known.fits(present.version, present.contents):
        return known
    return _described(package, present, BY_POETRY if present.is_by_poetry else BY_SOMEONE)


def _described(
    package: LockedPackage,
    present: Present,
    by: str,
    index: Index | None = None,
    files: tuple[LockedFile, ...] = (),
) -> Received:
    is_of_index = isinstance(package.source, RegistrySource) and present.origin is None
    return Received(
        name=package.name,
        version=present.version,
        source=_KIND_OF_INDEX if is_of_index or not present.origin else present.origin.kind,
        by=by,
        contents=present.contents,
        index=Index(index.name, index.url and public_url(index.url)) if index else None,
        files=files,
        origin=present.origin.text if present.origin else None,
    )


def provision(
    selected: Iterable[LockedPackage],
    provided: frozenset[NormalizedName],
    present: Mapping[NormalizedName, str],
) -> tuple[Found, ...]:
    """The provided ones of the selected packages, by name; `present` are installed versions."""
    locked: dict[NormalizedName, list[str]] = {}
    for package in selected:
        if package.name in provided and package.name in present:
            locked.setdefault(package.name, []).append(package.version)
    return tuple(
        Found(name, present[name], tuple(versions)) for name, versions in sorted(locked.items())
    )


def public_url(url: str) -> str:
    """`url` without userinfo and query: nothing that could be a secret is left."""
    return without_credentials(url).partition("?")[0].rstrip("/")


def to_json(receipt: Receipt) -> str:
    """The receipt's text: the same to the byte for the same receipt."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "hybrid-install": receipt.hybrid_install,
        "uv": receipt.uv,
        "poetry": receipt.poetry,
        "project": receipt.project,
        "lock": {"content-hash": receipt.content_hash, "sha256": receipt.lock_sha256},
        "groups": sorted(receipt.groups),
        "extras": sorted(receipt.extras),
        "python": receipt.python,
        "editable": receipt.editable,
        "binding": receipt.binding,
        "provided": [
            {"name": each.name, "version": each.version, "locked": list(each.locked)}
            for each in receipt.provided
        ],
        "packages": [_package_json(package) for package in receipt.packages],
    }
    return json.dumps(document, indent=2) + "\n"


def _package_json(package: Received) -> dict[str, Any]:
    index = package.index
    return {
        "name": package.name,
        "version": package.version,
        "source": package.source,
        "by": package.by,
        "contents": package.contents,
        "index": {"name": index.name, "url": index.url} if index else None,
        "files": [{"name": file.name, "hash": str(file.hash)} for file in package.files],
        "origin": package.origin,
    }


def from_json(text: str) -> Receipt:
    """Read a receipt; `InvalidDataError` for one of another schema, or for anything else."""
    try:
        document = as_table(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise InvalidDataError(f"is not valid JSON ({error})", "") from None
    schema = required(document, "schema", int)
    if schema != SCHEMA:
        raise InvalidDataError(f"{schema} is not known, only {SCHEMA} is", "schema")
    lock = required(document, "lock", dict)
    return Receipt(
        hybrid_install=required(document, "hybrid-install", str),
        uv=required(document, "uv", str),
        poetry=_text(document, "poetry"),
        project=_text(document, "project"),
        content_hash=_text(lock, "content-hash"),
        lock_sha256=required(lock, "sha256", str),
        groups=strings(document, "groups"),
        extras=strings(document, "extras"),
        python=required(document, "python", str),
        packages=each(required(document, "packages", list), "packages", _package),
        # An earlier hybrid-install knew none of these.
        provided=each(tables(document, "provided"), "provided", _found),
        editable=optional(document, "editable", bool) is not False,
        binding=_text(document, "binding"),
    )


def _found(entry: Table) -> Found:
    return Found(
        normalize_name(required(entry, "name", str)),
        required(entry, "version", str),
        strings(entry, "locked"),
    )


def _package(value: object) -> Received:
    entry = as_table(value)
    return Received(
        name=normalize_name(required(entry, "name", str)),
        version=required(entry, "version", str),
        source=required(entry, "source", str),
        by=required(entry, "by", str),
        contents=required(entry, "contents", str),
        index=_index(entry),
        files=each(tables(entry, "files"), "files", _file),
        origin=_text(entry, "origin"),
    )


def _index(entry: Table) -> Index | None:
    if entry.get("index") is None:
        return None
    index = required(entry, "index", dict)
    return Index(required(index, "name", str), _text(index, "url"))


def _file(entry: Table) -> LockedFile:
    return LockedFile(required(entry, "name", str), Hash.parse(required(entry, "hash", str)))


def _text(table: Table, key: str) -> str | None:
    """A string or null, which JSON has and TOML has not."""
    return None if table.get(key) is None else optional(table, key, str)

"""The pylock.toml (PEP 751) that uv installs from, and the question that yields its urls.

poetry.lock holds no urls. One `uv pip compile` of a synthetic project, whose every index is
`explicit`, asks each package's own index for them; only files whose hash is in the lock are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from hybrid_install.core.document import Table, optional, required, table_at, tables
from hybrid_install.core.model import Hash, Index, NormalizedName, normalize_name
from hybrid_install.core.requirements import Requirement
from hybrid_install.core.uv_config import NamedIndex, toml_string
from hybrid_install.errors import ToolError

# No distribution may have it: the name is longer than any index allows in practice.
_SYNTHETIC_NAME = "hybrid-install-asks-for-urls"


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file as its index offers it. `size` is in bytes, None where the index does not say."""

    url: str
    hashes: tuple[Hash, ...]
    size: int | None = None

    @property
    def name(self) -> str:
        """The file's name, from the url's last segment."""
        return _file_name(self.url)

    @property
    def is_wheel(self) -> bool:
        """Whether the file is a wheel by its name."""
        return self.name.endswith(".whl")


def _file_name(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])


Offer = tuple[OfferedFile, ...]
"""All files that an index offers for one pin and one target."""


def synthetic_project(
    requirements: Iterable[Requirement], indexes: Mapping[Index, NamedIndex], python: str
) -> str:
    """A pyproject.toml whose resolution asks each index for its own pins and nothing else.

    `python` is the target's full version.
    """
    pinned = tuple(requirements)
    used = {requirement.index: indexes[requirement.index] for requirement in pinned}
    lines = [
        "[project]",
        f"name = {toml_string(_SYNTHETIC_NAME)}",
        'version = "0"',
        f"requires-python = {toml_string('==' + python)}",
        f"dependencies = [{', '.join(toml_string(each.pin) for each in pinned)}]",
        "[tool.uv]",
        "package = false",
        "[tool.uv.sources]",
        *(
            f"{toml_string(each.name)} = {{ index = {toml_string(indexes[each.index].name)} }}"
            for each in pinned
        ),
    ]
    for named in used.values():
        lines += ["[[tool.uv.index]]", *named.toml(), "explicit = true"]
    return "\n".join(lines) + "\n"


def read_offers(document: Table) -> dict[NormalizedName, Offer]:
    """The files of a compiled pylock, by package name."""
    return {
        normalize_name(required(package, "name", str)): _offer(package)
        for package in tables(document, "packages")
    }


def _offer(package: Table) -> Offer:
    files = list(tables(package, "wheels"))
    if "sdist" in package:
        files.append(table_at(package, "sdist"))
    return tuple(
        OfferedFile(
            required(file, "url", str),
            tuple(
                Hash(algorithm, digest) for algorithm, digest in table_at(file, "hashes").items()
            ),
            optional(file, "size", int),
        )
        for file in files
    )


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file that may be installed: where it is and the hash it must have."""

    url: str
    hash: Hash
    is_wheel: bool
    size: int | None

    @property
    def name(self) -> str:
        """The file's name, from the url's last segment."""
        return _file_name(self.url)


def choose(requirement: Requirement, offer: Offer) -> tuple[PinnedFile, ...]:
    """The offered files that the lock names, wheels only where there is one.

    The index's hash must be the lock's; where the index states none, the lock's hash of that
    file name is demanded at the download. Empty where nothing fits; `ToolError` where the index
    has the locked file names with other contents.
    """
    locked = {file.name: file.hash for file in requirement.files}
    allowed = set(locked.values())
    pinned = []
    for file in offer:
        matching = [each for each in file.hashes if each in allowed]
        if matching or (not file.hashes and file.name in locked):
            pinned.append(
                PinnedFile(
                    file.url,
                    matching[0] if matching else locked[file.name],
                    file.is_wheel,
                    file.size,
                )
            )
    if not pinned:
        _refuse_mismatch(requirement, offer, locked)
    wheels = tuple(each for each in pinned if each.is_wheel)
    return wheels or tuple(pinned)


def _refuse_mismatch(requirement: Requirement, offer: Offer, locked: Mapping[str, Hash]) -> None:
    changed = sorted(file.name for file in offer if file.name in locked)
    if changed:
        raise ToolError(
            f"Hash mismatch for {requirement.name} {requirement.version}: {requirement.index.name}"
            f" offers {', '.join(changed)} with other contents than poetry.lock names",
            hint="nothing was installed. Was the file replaced on the index? If that was"
            " intended, lock again; if not, do not trust it",
        )


def pylock(
    chosen: Iterable[tuple[Requirement, tuple[PinnedFile, ...]]],
    indexes: Mapping[Index, NamedIndex],
) -> str:
    """The pylock.toml: every file by url and hash, every package from its own index.

    `index` decides the bucket of uv's cache that a wheel is shared through, hence no trailing
    slash.
    """
    lines = ['lock-version = "1.0"', 'created-by = "hybrid-install"']
    for requirement, files in chosen:
        lines += [
            "",
            "[[packages]]",
            f"name = {toml_string(requirement.name)}",
            f"version = {toml_string(requirement.version)}",
            f"index = {toml_string(indexes[requirement.index].url.rstrip('/'))}",
        ]
        wheels = [file for file in files if file.is_wheel]
        if wheels:
            lines.append(f"wheels = [{', '.join(_file(file) for file in wheels)}]")
        else:
            lines.append(f"sdist = {_file(files[0])}")
    return "\n".join(lines) + "\n"


def _file(file: PinnedFile) -> str:
    size = f"size = {file.size}, " if file.size is not None else ""
    hashes = f"{{ {file.hash.algorithm} = {toml_string(file.hash.digest)} }}"
    return f"{{ url = {toml_string(file.url)}, {size}hashes = {hashes} }}"

"""The pylock.toml (PEP 751) that uv installs from, and the question that yields its urls.

poetry.lock holds no urls. One `uv pip compile` of a synthetic project, whose every index is
`explicit`, asks each package's own index for them; only files whose hash is in the lock are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urldefrag, urlsplit

from hybrid_install.core.credentials import refuse_unreadable
from hybrid_install.core.document import (
    Table,
    optional,
    refuse_control_characters,
    required,
    table_at,
    tables,
)
from hybrid_install.core.git_urls import git_url
from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    Hash,
    Index,
    LockedFile,
    NormalizedName,
    UrlSource,
    normalize_name,
)
from hybrid_install.core.requirements import DirectRequirement, Requirement, where
from hybrid_install.core.uv_config import NamedIndex, toml_string
from hybrid_install.errors import InvalidDataError, ToolError

# It must not be one of the packages that are asked for.
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

    def is_locked_as(self, locked: LockedFile) -> bool:
        """Whether this is the locked file, as far as the index says.

        `Chooser._choose_hash_verified_link` (poetry/installation/chooser.py): a hash of an
        algorithm that the lock does not have says nothing.
        """
        stated = [each for each in self.hashes if each.algorithm == locked.hash.algorithm]
        return locked.hash in stated if stated else self.name == locked.name


def _file_name(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])


Offer = tuple[OfferedFile, ...]
"""All files that an index offers for one pin and one target."""


def synthetic_project(
    requirements: Iterable[Requirement],
    indexes: Mapping[Index, NamedIndex],
    python: str,
    pythons: Mapping[NormalizedName, str] | None = None,
) -> str:
    """A pyproject.toml whose resolution asks each index for its own pins and nothing else.

    Pins with one specifier: a second one would have uv refuse what is yanked.

    `python` says what it is for (PEP 440). `pythons` are markers of those packages that are for
    some Pythons only: uv refuses what an index says does not run on all that are asked for.
    """
    pinned = tuple(requirements)
    used = {requirement.index: indexes[requirement.index] for requirement in pinned}
    lines = [where(each.pin, (pythons or {}).get(each.name, "")) for each in pinned]
    document = [
        "[project]",
        f"name = {toml_string(_SYNTHETIC_NAME)}",
        'version = "0"',
        f"requires-python = {toml_string(python)}",
        f"dependencies = [{', '.join(toml_string(each) for each in lines)}]",
        "[tool.uv]",
        "package = false",
        "[tool.uv.sources]",
        *(
            f"{toml_string(each.name)} = {{ index = {toml_string(indexes[each.index].name)} }}"
            for each in pinned
        ),
    ]
    for named in used.values():
        document += ["[[tool.uv.index]]", *named.toml(), "explicit = true"]
    return "\n".join(document) + "\n"


def read_offers(document: Table) -> dict[NormalizedName, Offer]:
    """The files of a compiled pylock, by package name; `InvalidDataError` with its place."""
    try:
        return {
            normalize_name(required(package, "name", str)): _offer(package)
            for package in tables(document, "packages")
        }
    except InvalidDataError as error:
        raise error.in_file("the pylock.toml that uv has compiled") from None


def _offer(package: Table) -> Offer:
    files = list(tables(package, "wheels"))
    if "sdist" in package:
        files.append(table_at(package, "sdist"))
    return tuple(
        OfferedFile(
            _readable_url(file),
            tuple(
                Hash(algorithm, digest) for algorithm, digest in table_at(file, "hashes").items()
            ),
            optional(file, "size", int),
        )
        for file in files
    )


def _readable_url(file: Table) -> str:
    """It may come to stand in a file of ours, and is an index's word."""
    refuse_control_characters(file, "url", "hashes")
    url = required(file, "url", str)
    refuse_unreadable(url)
    return url


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """The file that is installed: its name, where it is and the hash it must have.

    `path` is where it is on this machine, empty where it has to be fetched from `url`.
    """

    name: str
    url: str
    hash: Hash
    size: int | None
    path: str = ""

    @property
    def is_wheel(self) -> bool:
        """Whether the file is a wheel by its name."""
        return self.name.endswith(".whl")


def locked_files(requirement: Requirement, offer: Offer) -> tuple[PinnedFile, ...]:
    """Those of the requirement's files that the index offers, best first.

    The index's hash must be the lock's; where the index states none of that algorithm, the
    lock's hash of that file name is demanded at the download. `ToolError` where the index has
    the locked file names with other contents, and nothing that is locked.
    """
    found = tuple(
        PinnedFile(locked.name, file.url, locked.hash, file.size)
        for locked in requirement.files
        if (file := next((each for each in offer if each.is_locked_as(locked)), None))
    )
    if not found:
        _refuse_mismatch(requirement, offer)
    return found


def choose_all(requirement: Requirement, offer: Offer) -> tuple[PinnedFile, ...]:
    """All locked files that the index offers, sorted; `ToolError` as of `locked_files`."""
    best = locked_files(requirement, offer)
    found = {
        PinnedFile(locked.name, file.url, locked.hash, file.size)
        for locked in requirement.files
        for file in offer
        if file.is_locked_as(locked)
    }
    return tuple(sorted(found, key=lambda file: (file.name, file.url))) if best else ()


def _refuse_mismatch(requirement: Requirement, offer: Offer) -> None:
    locked = {file.name for file in requirement.files}
    changed = sorted(file.name for file in offer if file.name in locked)
    if changed:
        raise ToolError(
            f"Hash mismatch for {requirement.name} {requirement.version}: {requirement.index.name}"
            f" offers {', '.join(changed)} with other contents than poetry.lock names",
            hint="nothing was installed. Was the file replaced on the index? If that was"
            " intended, lock again; if not, do not trust it",
        )


def pylock(
    chosen: Iterable[tuple[Requirement, PinnedFile]],
    direct: Iterable[DirectRequirement],
    indexes: Mapping[Index, NamedIndex],
) -> str:
    """The pylock.toml: every file by url and hash, every package from its own place.

    `index` decides the bucket of uv's cache that a wheel is shared through, hence no trailing
    slash. A project on disk has no version: what it builds may differ from what was locked.
    """
    lines = ['lock-version = "1.0"', 'created-by = "hybrid-install"']
    for requirement, file in chosen:
        lines += package_lines(requirement, (file,), indexes[requirement.index])
    for each in direct:
        lines += package_lines(each)
    return "\n".join(lines) + "\n"


def package_lines(
    requirement: Requirement | DirectRequirement,
    files: Sequence[PinnedFile] = (),
    index: NamedIndex | None = None,
) -> tuple[str, ...]:
    """One `[[packages]]` table; `files` and `index` are those of a requirement from an index."""
    lines = ["", "[[packages]]", f"name = {toml_string(requirement.name)}"]
    if isinstance(requirement, Requirement):
        lines += [f"version = {toml_string(requirement.version)}"]
    if requirement.marker:
        lines += [f"marker = {toml_string(requirement.marker)}"]
    if index is not None and not any(file.path for file in files):
        lines += [f"index = {toml_string(index.url.rstrip('/'))}"]
    if isinstance(requirement, DirectRequirement):
        return (*lines, _place(requirement))
    return (*lines, *_files(files))


def _files(files: Sequence[PinnedFile]) -> list[str]:
    """The standard has a place for one sdist only."""
    sdists = [f"sdist = {_file(file)}" for file in files if not file.is_wheel][:1]
    wheels = [_file(file) for file in files if file.is_wheel]
    if len(wheels) > 1:
        return [*sdists, "wheels = [", *(f"    {wheel}," for wheel in wheels), "]"]
    return [*sdists, *(f"wheels = [{wheel}]" for wheel in wheels)]


def _place(requirement: DirectRequirement) -> str:
    match requirement.source:
        case GitSource(url, reference, subdirectory=subdirectory, commit=commit):
            place = {"type": "git", "url": git_url(url), "commit-id": commit or ""}
            place |= {"requested-revision": reference} if reference else {}
            place |= {"subdirectory": subdirectory} if subdirectory else {}
            return f"vcs = {_inline(place)}"
        case UrlSource(url, subdirectory):
            return _archive({"url": urldefrag(url).url}, subdirectory, requirement.hash)
        case FileSource(location=location, subdirectory=subdirectory):
            return _archive({"path": location}, subdirectory, requirement.hash)
        case DirectorySource(location=location):
            editable = "true" if requirement.develop else "false"
            return f"directory = {{ path = {toml_string(location)}, editable = {editable} }}"


def _archive(place: dict[str, str], subdirectory: str | None, locked: Hash | None) -> str:
    assert locked is not None, "an archive without a hash is left to Poetry"  # noqa: S101
    place |= {"subdirectory": subdirectory} if subdirectory else {}
    hashes = _inline({locked.algorithm: locked.digest})
    return f"archive = {_inline(place).removesuffix(' }')}, hashes = {hashes} }}"


def _file(file: PinnedFile) -> str:
    size = f"size = {file.size}, " if file.size is not None else ""
    hashes = _inline({file.hash.algorithm: file.hash.digest})
    place = f"path = {toml_string(file.path)}" if file.path else f"url = {toml_string(file.url)}"
    return f"{{ {place}, {size}hashes = {hashes} }}"


def _inline(table: Mapping[str, str]) -> str:
    return f"{{ {', '.join(f'{key} = {toml_string(value)}' for key, value in table.items())} }}"

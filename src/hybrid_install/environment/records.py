"""The files of installed distributions, held against their RECORDs. Nothing is changed."""

from __future__ import annotations

import base64
import hashlib
import math
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hybrid_install.core.distribution import BY_UV, Distribution
from hybrid_install.core.model import NormalizedName
from hybrid_install.core.receipt import Present
from hybrid_install.core.record import (
    Flaw,
    RecordEntry,
    contents,
    contents_of,
    parse_record,
    plain_lines,
)
from hybrid_install.errors import InvalidDataError
from hybrid_install.regular import opener, read_bytes

_AT_ONCE = 1 << 20

_BLOCK = 4096

# Seconds that files after the .dist-info may take to unpack: in most archives it comes last.
_UNPACKING = 2

# Whatever the file's time is, its contents are compared.
_ALWAYS = -math.inf

# Neither absolute, nor with a `.` or `..` or nothing between slashes.
_IS_PLAIN = re.compile(r"(?!/)(?:(?!\.{0,2}/)[^/]*/)*(?!\.{0,2}$)[^/]+").fullmatch


@dataclass(frozen=True, slots=True)
class Recorded:
    """A distribution and its RECORD's entries, none where it has none that can be read."""

    distribution: Distribution
    entries: tuple[RecordEntry, ...]


def read_record(distribution: Distribution) -> Recorded:
    """Read the RECORD of `distribution`."""
    try:
        text = read_bytes(Path(distribution.path, "RECORD")).decode("utf-8")
        return Recorded(distribution, parse_record(text))
    except (OSError, UnicodeDecodeError, InvalidDataError):
        return Recorded(distribution, ())


def present(recorded: Recorded) -> Present:
    """What the receipt needs to know of it."""
    distribution = recorded.distribution
    return Present(
        distribution.version,
        distribution.stamp[0],
        contents(recorded.entries),
        distribution.origin,
    )


def look(distribution: Distribution) -> Present:
    """`present` of its RECORD, which is read once as long as it stays the same file."""
    try:
        status = Path(distribution.path, "RECORD").stat()
    except OSError:
        return present(Recorded(distribution, ()))
    facts = (status.st_mtime_ns, status.st_size, status.st_ino)
    digest = _contents(distribution, distribution.path, *facts)
    return Present(distribution.version, distribution.stamp[0], digest, distribution.origin)


def ends_with_a_block(distribution: Distribution) -> bool:
    """Whether uv may have come no further with its RECORD than to the end of a block.

    uv writes two of these at once, a disk that becomes full takes one.
    """
    if distribution.stamp[0] != BY_UV:
        return False
    try:
        size = Path(distribution.path, "RECORD").stat().st_size
    except OSError:
        return False
    return size > 0 and size % _BLOCK == 0


@cache
def _contents(distribution: Distribution, *_key: str | int) -> str:
    try:
        return contents_of(read_bytes(Path(distribution.path, "RECORD")).decode("utf-8"))
    except (OSError, UnicodeDecodeError, InvalidDataError):
        return contents(())


class _Claim(NamedTuple):
    """One line of one RECORD."""

    owner: NormalizedName
    entry: RecordEntry


def flaws(
    records: Iterable[Recorded], prefix: Path, *, deep: bool
) -> Mapping[NormalizedName, tuple[Flaw, ...]]:
    """What is wrong with the recorded files, by the name of the distribution.

    A file that several of them record is right where it is as any of them says: the last one that
    was installed has won, in Poetry's environments too. `deep` compares hashes, not only sizes;
    without it, only the hashes of files that look edited since.
    Paths that lead out of `prefix` are named and never followed.
    """
    read = tuple(records)
    found = {
        each.distribution.name: [Flaw("RECORD", problem)]
        for each in read
        if each.distribution.path.endswith(".dist-info") and (problem := _cut_short(each))
    }
    is_within = _within(prefix)
    unpacked = {
        each.distribution.name: _ALWAYS if deep else _unpacked_at(each.distribution)
        for each in read
    }
    for path, claims in _claims(read).items():
        problems = _problems(path, claims, is_within, unpacked)
        if all(problems):
            for claim, problem in zip(claims, problems, strict=True):
                found.setdefault(claim.owner, []).append(Flaw(claim.entry.path, problem))
    return {name: tuple(each) for name, each in found.items()}


def are_plainly_whole(distributions: Iterable[Distribution], prefix: Path) -> bool:
    """Whether `flaws` of their RECORDs has nothing to say, told in two thirds of its time.

    False says nothing: only `flaws` knows.
    """
    is_within = _within(prefix)
    return all(_is_plainly_whole(each, is_within) for each in distributions)


def _is_plainly_whole(distribution: Distribution, is_within: Callable[[str], bool]) -> bool:
    site, _, folder = distribution.path.rpartition("/")
    try:
        text = read_bytes(Path(distribution.path, "RECORD")).decode("ascii")
    except (OSError, UnicodeDecodeError):
        return False
    lines = plain_lines(text) or []
    named = {path for path, _, _ in lines}
    is_cut_short = not named >= {f"{folder}/METADATA", f"{folder}/RECORD"}
    unpacked = _unpacked_at(distribution)
    return not is_cut_short and all(
        _is_as_recorded(site, line, is_within, unpacked) for line in lines
    )


def _is_as_recorded(
    site: str, line: tuple[str, str, str], is_within: Callable[[str], bool], unpacked: float
) -> bool:
    path, digest, size = line
    if path.endswith(".pyc"):
        return True
    place = _place(site, path)
    try:
        status = os.stat(place)  # noqa: PTH116
    except OSError:
        return False
    if not stat.S_ISREG(status.st_mode) or not is_within(place.rpartition("/")[0]):
        return False
    is_same_size = not (digest and size) or int(size) == status.st_size
    return is_same_size and not (digest and _is_edited(place, status, unpacked))


def _unpacked_at(distribution: Distribution) -> float:
    """When its archive was unpacked into uv's cache, in seconds since the epoch.

    That is the time of a file that no installer writes, and infinite where there is none.
    """
    try:
        return Path(distribution.path, "WHEEL").stat().st_mtime
    except OSError:
        return math.inf


def _is_edited(path: str, status: os.stat_result, unpacked: float) -> bool:
    """Whether it is a link of either kind, to uv's cache, and younger than what it came with.

    Whoever edits such a file edits uv's cache and all environments, to the same size or not. What
    uv has copied or cloned is as young as the copy.
    """
    is_young = status.st_mtime > unpacked + _UNPACKING
    return is_young and (status.st_nlink > 1 or os.path.islink(path))  # noqa: PTH114


def _cut_short(recorded: Recorded) -> str:
    """A RECORD names its own folder's files, itself among them; empty where this one does."""
    if not recorded.entries:
        return "is empty or cannot be read"
    folder = recorded.distribution.path.rpartition("/")[2]
    own = [f"{folder}/METADATA", f"{folder}/RECORD"]
    named = [each.path for each in recorded.entries if each.path.endswith(tuple(own))]
    lacking = [path for path in own if not any(each.endswith(path) for each in named)]
    return f"is cut short: it does not name {lacking[0]}" if lacking else ""


def _claims(records: Iterable[Recorded]) -> dict[str, list[_Claim]]:
    """All that the RECORDs say of each path."""
    claims: dict[str, list[_Claim]] = {}
    for recorded in records:
        owner, site = recorded.distribution.name, recorded.distribution.path.rpartition("/")[0]
        for entry in recorded.entries:
            if not entry.is_bytecode:
                claims.setdefault(_place(site, entry.path), []).append(_Claim(owner, entry))
    return claims


def _place(site: str, path: str) -> str:
    """The recorded path from the root on; nearly all of tens of thousands are plain."""
    if _IS_PLAIN(path):
        return f"{site}/{path}"
    return os.path.normpath(os.path.join(site, path))  # noqa: PTH118


def _problems(
    path: str,
    claims: list[_Claim],
    is_within: Callable[[str], bool],
    unpacked: Mapping[NormalizedName, float],
) -> list[str]:
    """One for each claim, empty where the file is as that one says."""
    if not is_within(path.rpartition("/")[0]):
        return ["leads out of the environment"] * len(claims)
    try:
        status = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return ["is missing"] * len(claims)
    except OSError as error:
        return [f"cannot be read ({error.strerror})"] * len(claims)
    if not stat.S_ISREG(status.st_mode):
        return ["is not a file"] * len(claims)
    return [_difference(path, each.entry, status, unpacked[each.owner]) for each in claims]


def _within(prefix: Path) -> Callable[[str], bool]:
    """Whether a folder is in `prefix`, once all links on its way are followed.

    A folder that is no link is where its parent is, which spares the resolution of most.
    """
    named, root = str(prefix), os.path.realpath(prefix)

    @cache
    def is_within(folder: str) -> bool:
        if folder == named:
            return True
        if folder.startswith(f"{named}/") and not os.path.islink(folder):  # noqa: PTH114
            return is_within(folder.rpartition("/")[0])
        real = os.path.realpath(folder)
        return real == root or real.startswith(f"{root}/")

    return is_within


def _difference(path: str, entry: RecordEntry, status: os.stat_result, unpacked: float) -> str:
    """A line without a hash (RECORD's own among them) says only that the file is there."""
    if not entry.hash:
        return ""
    if entry.size is not None and entry.size != status.st_size:
        return f"has {status.st_size} bytes instead of {entry.size}"
    if unpacked != _ALWAYS and not _is_edited(path, status, unpacked):
        return ""
    try:
        return "" if _has_hash(path, entry.hash) else "has other contents"
    except (OSError, ValueError, TypeError):  # the last one for hashes of any length
        return f"cannot be compared with {entry.hash}"


def has_contents(path: Path, entry: RecordEntry) -> bool:
    """Whether it is a file with the contents that a RECORD has."""
    try:
        return _has_hash(str(path), entry.hash)
    except (OSError, ValueError, TypeError):
        return False


def _has_hash(path: str, recorded: str) -> bool:
    algorithm, _, digest = recorded.partition("=")
    with open(path, "rb", opener=opener) as file:
        computed = hashlib.new(algorithm, usedforsecurity=False)
        for chunk in _chunks(file.fileno()):
            computed.update(chunk)
    return base64.urlsafe_b64encode(computed.digest()).decode().rstrip("=") == digest


def _chunks(descriptor: int) -> Iterator[bytes]:
    while chunk := os.read(descriptor, _AT_ONCE):
        yield chunk

"""What is in an environment, and how two environments differ."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

# What uv and Poetry rightly say each in its own way.
_INSTALLERS_OWN = {"INSTALLER", "REQUESTED", "uv_cache.json", "uv_build.json"}
_MADE_WITH_THE_VENV = re.compile(r"_virtualenv\.(py|pth)|distutils-precedence\.pth")


@dataclass(frozen=True)
class InstalledFile:
    """A file that RECORD lists. `digest` is of the content on disk, None where it is missing."""

    digest: str | None
    is_executable: bool
    is_as_recorded: bool


@dataclass(frozen=True)
class Installed:
    """One distribution. `entry_points` and `origin` (direct_url.json) are what the files say."""

    name: str
    version: str
    files: Mapping[str, InstalledFile]
    entry_points: str
    origin: Mapping[str, Any] | None
    installer: str


@dataclass(frozen=True)
class Snapshot:
    """An environment: its distributions by name, and the files that belong to none."""

    distributions: Mapping[str, Installed]
    strays: frozenset[str]

    @property
    def versions(self) -> dict[str, str]:
        """Names and versions."""
        return {name: each.version for name, each in self.distributions.items()}

    def without(self, *names: str) -> Snapshot:
        """The same environment but for some distributions."""
        kept = {name: each for name, each in self.distributions.items() if name not in names}
        return replace(self, distributions=kept)


def snapshot(venv: Path, project: Path) -> Snapshot:
    """Read the environment. Paths of `venv` and `project` in file contents carry no meaning."""
    places = _places(venv, project)
    distributions = {}
    owned: set[Path] = set()
    for site in site_packages(venv):
        for info in sorted(site.glob("*.dist-info")):
            installed, files = _read(info, venv, places)
            assert installed.name not in distributions, f"{installed.name} is installed twice"
            distributions[installed.name] = installed
            owned |= files
    return Snapshot(distributions, frozenset(_strays(venv, owned)))


def site_packages(venv: Path) -> list[Path]:
    """The site-packages folders, without links to each other.

    An interpreter of Debian's that is no environment has others, below `local`.
    """
    patterns = ("lib*/python3*/site-packages", "local/lib/python3*/dist-packages")
    return sorted({path.resolve() for pattern in patterns for path in venv.glob(pattern)})


def versions(venv: Path) -> dict[str, str]:
    """Names and versions of what is installed; empty for no environment."""
    return {
        _normalized(match["name"]): match["version"]
        for site in site_packages(venv)
        for info in site.glob("*.dist-info")
        if (match := re.fullmatch(r"(?P<name>.+)-(?P<version>.+)\.dist-info", info.name))
    }


def differences(ours: Snapshot, poetrys: Snapshot) -> list[str]:
    """All that differs and may not, a line each."""
    found = [*_of_mappings("", ours.versions, poetrys.versions)]
    found += _of_mappings(
        "a file of no distribution: ",
        dict.fromkeys(ours.strays, "is there"),
        dict.fromkeys(poetrys.strays, "is there"),
    )
    for name in sorted(ours.distributions.keys() & poetrys.distributions.keys() - {"pip"}):
        found += _of_distributions(ours.distributions[name], poetrys.distributions[name])
    return found


def assert_same(ours: Snapshot, poetrys: Snapshot) -> None:
    """Fail readably where anything differs that may not."""
    found = differences(ours, poetrys)
    assert not found, "ours differs from Poetry's:\n" + "\n".join(found)


def _of_distributions(ours: Installed, poetrys: Installed) -> Iterator[str]:
    name = ours.name
    yield from _of_mappings(f"{name}: ", _comparable(ours), _comparable(poetrys))
    if ours.entry_points != poetrys.entry_points:
        yield f"{name}: entry points {ours.entry_points!r}, Poetry's {poetrys.entry_points!r}"
    if ours.origin != poetrys.origin:
        yield f"{name}: direct_url.json {ours.origin}, Poetry's {poetrys.origin}"


def _comparable(installed: Installed) -> dict[str, str]:
    """Each file and what is to be equal of it."""
    described = {}
    for path, file in installed.files.items():
        last = path.rpartition("/")[2]
        if last in _INSTALLERS_OWN or "__pycache__" in path:
            continue
        own_text = last in {"RECORD", "direct_url.json"} or path.startswith("../../../bin/")
        digest = "exists" if own_text and file.digest else file.digest
        mode = "executable" if file.is_executable else "not executable"
        recorded = "as recorded" if file.is_as_recorded else "NOT as RECORD says"
        described[path] = f"{digest or 'MISSING'}, {mode}, {recorded}"
    return described


def _of_mappings(label: str, ours: Mapping[str, str], poetrys: Mapping[str, str]) -> Iterator[str]:
    for key in sorted(ours.keys() | poetrys.keys()):
        if ours.get(key) != poetrys.get(key):
            yield f"{label}{key}: {ours.get(key, 'absent')}; Poetry's: {poetrys.get(key, 'absent')}"


def _read(info: Path, venv: Path, places: list[tuple[bytes, bytes]]) -> tuple[Installed, set[Path]]:
    name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
    files, owned = {}, set()
    with (info / "RECORD").open(newline="") as record:
        for path, recorded, *_ in csv.reader(record):
            place = Path(path) if Path(path).is_absolute() else info.parent / path
            shown = path if place != Path(path) else _relative(place, info.parent, venv)
            files[shown] = _file(place, recorded, places)
            owned.add(place.parent.resolve() / place.name)
    installed = Installed(
        name=_normalized(name),
        version=version,
        files=files,
        entry_points=_text(info / "entry_points.txt"),
        origin=_origin_on_disk(info / "direct_url.json", places),
        installer=_text(info / "INSTALLER").strip(),
    )
    return installed, owned


def _file(place: Path, recorded: str, places: list[tuple[bytes, bytes]]) -> InstalledFile:
    if not place.is_file():
        return InstalledFile(None, is_executable=False, is_as_recorded=False)
    content = place.read_bytes()
    executable = bool(place.stat().st_mode & 0o111)
    digest = hashlib.sha256(_without_places(content, places)).hexdigest()
    return InstalledFile(digest, executable, not recorded or recorded == _record_hash(content))


def _record_hash(content: bytes) -> str:
    digest = hashlib.sha256(content).digest()
    return f"sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _strays(venv: Path, owned: set[Path]) -> Iterator[str]:
    for site in site_packages(venv):
        for path in site.rglob("*"):
            is_ours = path in owned or _MADE_WITH_THE_VENV.fullmatch(path.name)
            if path.is_file() and not is_ours and "__pycache__" not in path.parts:
                yield str(path.relative_to(site))


def _places(venv: Path, project: Path) -> list[tuple[bytes, bytes]]:
    named = [(venv, b"<venv>"), (venv.resolve(), b"<venv>")]
    named += [(project, b"<project>"), (project.resolve(), b"<project>")]
    as_uris = [(path.as_uri().encode(), b"file://" + name) for path, name in named]
    return as_uris + [(str(path).encode(), name) for path, name in named]


def _without_places(content: bytes, places: Iterable[tuple[bytes, bytes]]) -> bytes:
    for path, name in places:
        content = content.replace(path, name)
    return content


def _origin_on_disk(path: Path, places: list[tuple[bytes, bytes]]) -> Mapping[str, Any] | None:
    if not path.is_file():
        return None
    origin: dict[str, Any] = json.loads(_without_places(path.read_bytes(), places))
    return origin


def _relative(place: Path, site: Path, venv: Path) -> str:
    """An absolute path of RECORD as it would be relative."""
    if place.is_relative_to(site):
        return place.relative_to(site).as_posix()
    return f"../../../{place.relative_to(venv).as_posix()}"


def _text(path: Path) -> str:
    return path.read_text("utf-8").strip() if path.is_file() else ""


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

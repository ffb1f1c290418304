"""`Exporter` (poetry_plugin_export/exporter.py): the lock, for every environment at once.

What it writes is read as any consumer would: on each environment of a matrix, the lines whose
markers hold. The native side selects from the same lock for the same environment.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cleo.io.null_io import NullIO
from poetry.core.packages.utils.utils import create_nested_marker
from poetry.core.version.markers import BaseMarker
from poetry.repositories.installed_repository import InstalledRepository
from poetry.utils.env import MockEnv
from support.environments import Markers, everywhere
from support.poetry_in_process import (
    Pick,
    Recorder,
    fresh_marker,
    picks_of_ours,
    picks_of_poetry,
)
from upstream import comparison
from upstream.comparison import Answer, IncomparableError
from upstream.conversion import lock_document, lockfile, names
from upstream.walked import walked

from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    LockedPackage,
    RegistrySource,
    UrlSource,
    normalize_name,
)
from hybrid_install.core.selection import Wanted, select

_HASHES = re.compile(r" --hash=(\S+)")


@dataclass(frozen=True, order=True)
class Pin:
    """A package as a format names it, and the hashes that it may have."""

    name: str
    where: str
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A pin and when it counts."""

    pin: Pin
    marker: BaseMarker


Selections = dict[str, list[Pin]]
"""By environment."""


def export(
    format_: str, answer: Answer, exporter: Any, folder: Path
) -> tuple[Selections, Selections]:
    """What both sides would install, on every environment that the project allows."""
    read = _of_pylock if format_ == "pylock.toml" else _of_requirements
    theirs = list(read(answer.expect_value(), folder))
    native = NativeExporter(exporter, format_)
    environments = list(_allowed(exporter._poetry.package.python_constraint))
    assert environments
    ours = {_name(each): native.pins(each) for each in environments}
    exported = {_name(each): _holding(theirs, each) for each in environments}
    if ours != exported and not exporter._poetry.locker.is_locked_groups_and_markers():
        _refuse_what_install_does_otherwise(exporter, native, environments)
    return ours, exported


def _refuse_what_install_does_otherwise(
    exporter: Any, native: NativeExporter, environments: list[Markers]
) -> None:
    """Locks older than 2.1 the exporter walks by rules of its own: `poetry install` is ours.

    Where its solver agrees with us, what is exported is no answer to the same question.
    """
    installed = {_name(each): _solved(exporter, each) for each in environments}
    ours = {
        _name(each): picks_of_ours(native.selected(each), native.folder) for each in environments
    }
    if ours == installed:
        raise IncomparableError(f"`poetry install` does otherwise: {_why(exporter)}")


def _solved(exporter: Any, environment: Markers) -> tuple[Pick, ...]:
    """What `poetry install` would install."""
    poetry = exporter._poetry
    installer = Recorder(
        NullIO(),
        MockEnv(marker_env=dict(environment)),
        poetry.package.clone(),
        poetry.locker,
        poetry.pool,
        poetry.config,
        installed=InstalledRepository(),
        disable_cache=True,
    )
    installer.only_groups(exporter._groups)
    installer.extras(list(exporter._extras))
    document = lock_document(poetry.locker.lock_data)
    # What is asked here is no test's question.
    with (
        patch.object(poetry.locker, "_lock_data", document),
        patch.object(comparison, "COMPARISONS", []),
    ):
        installer.run()
    return picks_of_poetry(each.package for each in installer.operations if not each.skipped)


def _why(exporter: Any) -> str:
    """The two rules of the exporter's that Poetry's solver does not have."""
    package, repository = exporter._poetry.package, exporter._poetry.locker.locked_repository()
    optional = {each.name for each in repository.packages if each.optional}
    if any(each.name in optional for each in package.all_requires):
        return "it heeds what the project demands, not what the lock calls optional"
    return "it heeds the extras in a marker, of which the exporter takes no notice"


def _allowed(constraint: Any) -> Iterator[Markers]:
    marker = fresh_marker(create_nested_marker("python_version", constraint))
    return (each for each in everywhere() if marker.validate(each))


def _name(environment: Markers) -> str:
    return " ".join(
        environment[key] for key in ("python_full_version", "sys_platform", "platform_machine")
    )


def _holding(lines: list[Line], environment: Markers) -> list[Pin]:
    # An extra that were left in a marker would count as not requested.
    target: dict[str, Any] = {**environment, "extra": set()}
    return sorted({line.pin for line in lines if line.marker.validate(target)})


class NativeExporter:
    """The exporter's options, over our reading of the lock and our selection."""

    def __init__(self, exporter: Any, format_: str) -> None:
        poetry = exporter._poetry
        self.locker = poetry.locker
        self.project = poetry.package
        self.wanted = Wanted(names(exporter._groups), names(exporter._extras))
        self.with_hashes = exporter._with_hashes and format_ != "pylock.toml"
        self.format = format_
        self.folder: Path = self.locker.lock.parent

    def pins(self, environment: Markers) -> list[Pin]:
        """What is installed on `environment`, in the words of the format."""
        return sorted({self._pin(each) for each in self.selected(environment) if self._fits(each)})

    def selected(self, environment: Markers) -> tuple[LockedPackage, ...]:
        """What is selected from the lock, or by a walk over it."""
        if self.locker.is_locked_groups_and_markers():
            return select(lockfile(self.locker.lock_data), self.wanted, environment)
        return walked(self.project, self.locker.lock_data, self.folder, self.wanted, environment)

    def _fits(self, package: LockedPackage) -> bool:
        """A constraints.txt cannot hold anything editable."""
        return self.format != "constraints.txt" or not package.develop

    def _pin(self, package: LockedPackage) -> Pin:
        if self.format == "pylock.toml":
            return Pin(package.name, self._in_pylock(package))
        strong = (file.hash for file in package.files if file.hash.algorithm in _ALGORITHMS)
        hashes = sorted(map(str, strong)) if self.with_hashes else ()
        return Pin(*self._in_requirements(package), tuple(hashes))

    def _in_pylock(self, package: LockedPackage) -> str:
        match package.source:
            case DirectorySource(path):
                return self._path(path)
            case GitSource(url, _, str(commit)):
                return f"{url}@{commit}"
            case _:
                return package.version

    def _in_requirements(self, package: LockedPackage) -> tuple[str, str]:
        match package.source:
            case RegistrySource():
                return package.name, package.version
            case GitSource(url, reference, resolved, subdirectory):
                fragment = f"#subdirectory={subdirectory}" if subdirectory else ""
                return package.name, f"git+{url}@{resolved or reference}{fragment}"
            case UrlSource(url, subdirectory):
                return package.name, f"{url}#subdirectory={subdirectory}" if subdirectory else url
            case FileSource(path) | DirectorySource(path):
                name = "-e" if package.develop else package.name
                return name, self._path(path)

    def _path(self, path: str) -> str:
        return self.folder.joinpath(path).resolve().as_uri()


_ALGORITHMS = {"sha256", "sha384", "sha512"}


def _of_requirements(text: str, folder: Path) -> Iterator[Line]:
    for line in text.replace(" \\\n   ", "").splitlines():
        if line and not line.startswith("--"):
            hashes = sorted(_HASHES.findall(line))
            requirement, _, marker = _HASHES.sub("", line).partition(" ; ")
            yield Line(Pin(*_split(requirement), tuple(hashes)), fresh_marker(marker))


def _split(requirement: str) -> tuple[str, str]:
    if requirement.startswith("-e "):
        return "-e", requirement.removeprefix("-e ")
    name, separator, where = requirement.partition(" @ " if " @ " in requirement else "==")
    assert separator, requirement
    return normalize_name(name.partition("[")[0]), where


def _of_pylock(text: str, folder: Path) -> Iterator[Line]:
    for package in tomllib.loads(text)["packages"]:
        where = package.get("version", "")
        if "directory" in package:
            where = folder.joinpath(package["directory"]["path"]).resolve().as_uri()
        elif "vcs" in package:
            where = f"{package['vcs']['url']}@{package['vcs']['commit-id']}"
        yield Line(Pin(package["name"], where), fresh_marker(package.get("marker", "")))

"""Poetry itself, in process, as the answer to compare with.

Its real `install` command reads the options and its real installer decides what to do; both stop
where they would begin to act. Nothing is installed and no network is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cleo.io.buffered_io import BufferedIO
from cleo.io.inputs.argv_input import ArgvInput
from poetry.config.config import Config
from poetry.console.application import Application
from poetry.console.commands.install import InstallCommand
from poetry.console.exceptions import GroupNotFoundError
from poetry.core.packages.package import Package
from poetry.core.version import markers as poetry_markers
from poetry.factory import Factory
from poetry.installation.installer import Installer
from poetry.installation.operations.operation import Operation
from poetry.packages.locker import Locker
from poetry.packages.transitive_package_info import TransitivePackageInfo
from poetry.poetry import Poetry
from poetry.repositories.installed_repository import InstalledRepository
from poetry.repositories.lockfile_repository import LockfileRepository
from poetry.utils.env import MockEnv
from support.environments import Markers

from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    LockedPackage,
    RegistrySource,
    Source,
    UrlSource,
)


@dataclass(frozen=True, order=True)
class Pick:
    """A package as both sides name it: version verbatim, source in Poetry's words.

    An index is known by its name alone: where it is, is pyproject.toml's to say.
    """

    name: str
    version: str
    source: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What `poetry install` would do: a refusal in its words, or groups, extras and packages."""

    groups: frozenset[str] = frozenset()
    extras: frozenset[str] = frozenset()
    packages: tuple[Pick, ...] = ()
    refusal: str | None = None


class _ReadOnce(Locker):
    """A lock that does not change: read, checked and parsed a single time."""

    @cached_property
    def _fresh(self) -> bool:
        return super().is_fresh()

    @cached_property
    def _repository(self) -> LockfileRepository:
        return super().locked_repository()

    @cached_property
    def _packages(self) -> dict[Package, TransitivePackageInfo]:
        return super().locked_packages()

    def is_fresh(self) -> bool:
        return self._fresh

    def locked_repository(self) -> LockfileRepository:
        return self._repository

    def locked_packages(self) -> dict[Package, TransitivePackageInfo]:
        return self._packages


class Recorder(Installer):
    """Poetry's installer up to the point where it would act."""

    operations: Sequence[Operation] = ()

    def _execute(self, operations: list[Operation]) -> int:
        self.operations = operations
        return 0


class Oracle:
    """`poetry install` in one folder.

    To be kept for all questions about it: a large lock takes poetry-core seconds to parse.
    """

    def __init__(self, folder: Path) -> None:
        self.poetry = read_project(folder)
        self.poetry.set_locker(_ReadOnce(folder / "poetry.lock", self.poetry.pyproject.data))

    def install(self, options: Sequence[str], markers: Markers) -> Outcome:
        """`poetry install` with `options`, for a Python with these `markers`."""
        stream = BufferedIO(ArgvInput(["poetry", "install", "--no-plugins", "--dry-run", *options]))
        command = Application().find("install")
        assert isinstance(command, InstallCommand)
        installer = self._installer(stream, markers)
        command.set_poetry(self.poetry)
        command.set_installer(installer)
        command.set_env(installer._env)
        try:
            failed = command.run(stream) != 0
        except (ValueError, GroupNotFoundError) as error:
            return Outcome(refusal=_plain(stream, str(error)))
        if failed:
            return Outcome(refusal=stream.fetch_error().strip())
        return Outcome(
            groups=frozenset(installer._groups or ()),
            extras=frozenset(installer._extras),
            packages=picks_of_poetry(op.package for op in installer.operations if not op.skipped),
        )

    def _installer(self, stream: BufferedIO, markers: Markers) -> Recorder:
        environment = MockEnv(marker_env=dict(markers))
        return Recorder(
            stream,
            environment,
            self.poetry.package,
            self.poetry.locker,
            self.poetry.pool,
            self.poetry.config,
            installed=InstalledRepository(),
            disable_cache=True,
        )


def read_project(folder: Path) -> Poetry:
    """pyproject.toml as Poetry reads it, without the user's keyring.

    With a configuration of its own: Poetry keeps one for the whole process, and what one test
    merges into it would decide the answers of the next.
    """
    Config.create(reload=True)
    poetry = Factory().create_poetry(folder, disable_plugins=True, disable_cache=True)
    poetry.config.merge({"keyring": {"enabled": False}})
    return poetry


def fresh_marker(text: str) -> poetry_markers.BaseMarker:
    """`parse_marker` without memory: it takes `'5' in x` and `x in "5"` for the same marker."""
    for remembered in (
        poetry_markers.cnf,
        poetry_markers.dnf,
        poetry_markers._merge_single_markers,
    ):
        remembered.cache_clear()
    return poetry_markers.parse_marker(text)


def is_readable_marker(text: str) -> bool:
    """Whether Poetry can parse `text`; the parser that it vendors has errors of its own."""
    try:
        fresh_marker(text)
    except Exception:  # noqa: BLE001
        return False
    return True


def content_hash(pyproject: dict[str, Any], *, with_dependency_groups: bool = True) -> str:
    """Poetry's hash of a parsed pyproject.toml."""
    locker = Locker(Path("poetry.lock"), pyproject)
    return locker._get_content_hash(with_dependency_groups=with_dependency_groups)


def picks_of_poetry(packages: Iterable[Package]) -> tuple[Pick, ...]:
    """Poetry's packages, sorted."""
    return tuple(sorted(_pick_of_poetry(package) for package in packages))


def _pick_of_poetry(package: Package) -> Pick:
    if package.source_type == "legacy":
        source = [package.source_type, package.source_reference]
    else:
        source = [
            package.source_type,
            package.source_url,
            package.source_reference,
            package.source_resolved_reference,
            package.source_subdirectory,
        ]
    return Pick(package.name, package.pretty_version, tuple(part or "" for part in source))


def picks_of_ours(packages: Iterable[LockedPackage], folder: Path) -> tuple[Pick, ...]:
    """Our packages of the lock in `folder`, sorted."""
    return tuple(sorted(_pick_of_ours(package, folder) for package in packages))


def _pick_of_ours(package: LockedPackage, folder: Path) -> Pick:
    return Pick(package.name, package.version, _source(package.source, folder))


def _source(source: Source, folder: Path) -> tuple[str, ...]:
    match source:
        case RegistrySource(None):
            return ("",) * 5
        case RegistrySource(str(reference)):
            return ("legacy", reference)
        case GitSource(url, reference, resolved, subdirectory):
            return ("git", url, reference or "", resolved or "", subdirectory or "")
        case UrlSource(url, subdirectory):
            return ("url", url, "", "", subdirectory or "")
        case FileSource(path, subdirectory):
            return ("file", _absolute(path, folder), "", "", subdirectory or "")
        case DirectorySource(path):
            return ("directory", _absolute(path, folder), "", "", "")
        case _:  # pragma: no cover
            raise AssertionError(source)


def _absolute(path: str, folder: Path) -> str:
    return folder.joinpath(path).resolve().as_posix()


def _plain(stream: BufferedIO, text: str) -> str:
    return stream.output.formatter.remove_format(text).strip()

"""The requirements map: the selection as pinned requirements, by the index each is locked to.

It is what uv is fed and what `export` writes. Pins are `===`: uv takes `1.0+cpu` for `==1.0`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote, urldefrag

from hybrid_install.core.deferral import usable_files
from hybrid_install.core.git_urls import git_url
from hybrid_install.core.model import (
    DirectorySource,
    DirectSource,
    FileSource,
    GitSource,
    Hash,
    Index,
    LockedFile,
    LockedPackage,
    NormalizedName,
    RegistrySource,
    UrlSource,
)
from hybrid_install.core.plan import Operation
from hybrid_install.core.versions import normal_version


@dataclass(frozen=True, slots=True)
class Requirement:
    """One package from an index: the pin, and the only files that may be installed, best first.

    `marker` says where it counts (PEP 508), empty for everywhere.
    """

    name: NormalizedName
    version: str
    index: Index
    files: tuple[LockedFile, ...]
    marker: str = ""

    @property
    def pin(self) -> str:
        """`name===version`, as pip compares it."""
        return f"{self.name}==={normal_version(self.version)}"

    @property
    def hashes(self) -> tuple[str, ...]:
        """The allowed hashes, sorted, each once."""
        return tuple(sorted({str(file.hash) for file in self.files}))

    def line(self) -> str:
        """The requirement in requirements.txt syntax, a hash a line."""
        return _with_hashes(where(self.pin, self.marker), self.hashes)


@dataclass(frozen=True, slots=True)
class DirectRequirement:
    """One package from no index: an archive, a project on disk, a repository.

    `file` is the archive that is locked, None for the others. `marker` is as of a `Requirement`.
    """

    name: NormalizedName
    version: str
    source: DirectSource
    file: LockedFile | None
    develop: bool = False
    marker: str = ""

    @property
    def pin(self) -> str:
        """`name===version`, as pip compares it."""
        return f"{self.name}==={normal_version(self.version)}"

    @property
    def hash(self) -> Hash | None:
        """The archive's hash."""
        return self.file.hash if self.file else None

    @property
    def files(self) -> tuple[LockedFile, ...]:
        """The archive, if it is one."""
        return (self.file,) if self.file else ()

    @property
    def is_built(self) -> bool:
        """Whether anything but a wheel is installed."""
        match self.source:
            case UrlSource(url):
                return not urldefrag(url).url.partition("?")[0].endswith(".whl")
            case FileSource(path):
                return not path.endswith(".whl")
        return True

    @property
    def is_folder(self) -> bool:
        """Whether its content may have changed since it was last built."""
        return isinstance(self.source, DirectorySource)

    @property
    def url(self) -> str:
        """The url (PEP 508) that is installed from, without the part of it that is a hash."""
        match self.source:
            case GitSource(url, subdirectory=subdirectory, commit=commit):
                return _in_subdirectory(f"git+{git_url(url)}@{commit}", subdirectory)
            case UrlSource(url, subdirectory):
                return _in_subdirectory(urldefrag(url).url, subdirectory)
            case FileSource(location=location, subdirectory=subdirectory):
                return _in_subdirectory(f"file://{quote(location)}", subdirectory)
            case DirectorySource(location=location):
                return f"file://{quote(location)}"

    def line(self) -> str:
        """The requirement in requirements.txt syntax."""
        text = f"-e {self.url}" if self.develop else f"{self.name} @ {self.url}"
        return _with_hashes(where(text, self.marker), [str(self.hash)] if self.hash else [])

    def portable_line(self) -> str:
        """As `line`, with a path that is relative to the project's folder."""
        if not isinstance(self.source, FileSource | DirectorySource):
            return self.line()
        path = _editable(self.source.path) if self.develop else f"./{self.source.path}"
        return _with_hashes(where(path, self.marker), [str(self.hash)] if self.hash else [])


def _editable(path: str) -> str:
    """After a blank pip reads options, and uv takes quotes for a part of the path: hence a url."""
    return f"-e file:{quote(path)}" if " " in path else f"-e ./{path}"


def _in_subdirectory(url: str, subdirectory: str | None) -> str:
    return f"{url}#subdirectory={subdirectory}" if subdirectory else url


def where(requirement: str, marker: str) -> str:
    """The requirement with its marker, if it has one; a url ends at the blank."""
    return f"{requirement} ; {marker}" if marker else requirement


def _with_hashes(requirement: str, hashes: Iterable[str]) -> str:
    return " \\\n".join([requirement, *(f"    --hash={each}" for each in hashes)])


@dataclass(frozen=True, slots=True)
class RequirementsMap:
    """Requirements by index, in the order of the indexes' names, and those from no index.

    Each part is sorted by name.
    """

    by_index: tuple[tuple[Index, tuple[Requirement, ...]], ...]
    direct: tuple[DirectRequirement, ...] = ()

    @classmethod
    def of(
        cls,
        operations: Iterable[Operation],
        marker_of: Callable[[LockedPackage], str] = lambda _: "",
    ) -> RequirementsMap:
        """The map of what the operations install, for one environment unless there are markers."""
        groups: dict[Index, list[Requirement]] = {}
        direct = []
        for operation in operations:
            if operation.package is None:
                continue
            if operation.index is None:
                direct.append(_direct(operation, marker_of(operation.package)))
            else:
                requirement = _from_index(operation, marker_of(operation.package))
                groups.setdefault(operation.index, []).append(requirement)
        return cls(
            tuple(
                (index, tuple(sorted(groups[index], key=rank)))
                for index in sorted(groups, key=lambda each: (not each.is_default, each.name))
            ),
            tuple(sorted(direct, key=rank)),
        )

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """All requirements from indexes, in the map's order."""
        return tuple(each for _, requirements in self.by_index for each in requirements)

    def only(self, names: frozenset[NormalizedName]) -> RequirementsMap:
        """The part of the map with these names."""
        by_index = (
            (index, tuple(each for each in requirements if each.name in names))
            for index, requirements in self.by_index
        )
        return RequirementsMap(
            tuple((index, requirements) for index, requirements in by_index if requirements),
            tuple(each for each in self.direct if each.name in names),
        )

    @property
    def names(self) -> frozenset[NormalizedName]:
        """All names."""
        return frozenset(each.name for each in self.everything)

    @property
    def everything(self) -> tuple[Requirement | DirectRequirement, ...]:
        """All requirements, from indexes or not."""
        return (*self.requirements, *self.direct)


def rank(requirement: Requirement | DirectRequirement) -> tuple[str, str, str]:
    """What requirements are sorted by."""
    return requirement.name, requirement.version, requirement.marker


def _from_index(operation: Operation, marker: str) -> Requirement:
    assert operation.package is not None and operation.index is not None  # noqa: S101, PT018
    files = usable_files(operation.files)
    return Requirement(operation.name, operation.package.version, operation.index, files, marker)


def _direct(operation: Operation, marker: str) -> DirectRequirement:
    package = operation.package
    assert package is not None and not isinstance(package.source, RegistrySource)  # noqa: S101, PT018
    return DirectRequirement(
        operation.name,
        package.version,
        package.source,
        operation.files[0] if operation.files else None,
        develop=package.develop,
        marker=marker,
    )


def requirements_txt(requirements: Iterable[Requirement | DirectRequirement]) -> str:
    """The text that uv is fed for one index, or for what comes from none."""
    return "".join(f"{requirement.line()}\n" for requirement in requirements)

"""The requirements map: the selection as pinned requirements, by the index each is locked to.

It is what uv is fed and what `export` prints. Pins are `===`: uv takes `1.0+cpu` for `==1.0`.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    NormalizedName,
    RegistrySource,
    UrlSource,
)
from hybrid_install.core.plan import Action, Operation
from hybrid_install.core.redaction import without_credentials


@dataclass(frozen=True, slots=True)
class Requirement:
    """One package from an index: the pin, and the only files that may be installed, best first."""

    name: NormalizedName
    version: str
    index: Index
    files: tuple[LockedFile, ...]

    @property
    def pin(self) -> str:
        """`name===version`."""
        return f"{self.name}==={self.version}"

    @property
    def hashes(self) -> tuple[str, ...]:
        """The allowed hashes, sorted, each once."""
        return tuple(sorted({str(file.hash) for file in self.files}))

    def line(self) -> str:
        """The requirement in requirements.txt syntax, a hash a line."""
        return _with_hashes(self.pin, self.hashes)


@dataclass(frozen=True, slots=True)
class DirectRequirement:
    """One package from no index: an archive, a project on disk, a repository.

    `file` is the archive that is locked, None for the others.
    """

    name: NormalizedName
    version: str
    source: DirectSource
    file: LockedFile | None
    develop: bool = False

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
        if self.develop:
            return f"-e {self.url}"
        return _with_hashes(f"{self.name} @ {self.url}", [str(self.hash)] if self.hash else [])

    def portable_line(self) -> str:
        """As `line`, with a path that is relative to the project's folder."""
        if not isinstance(self.source, FileSource | DirectorySource):
            return self.line()
        path = f"{'-e ' if self.develop else ''}./{self.source.path}"
        return _with_hashes(path, [str(self.hash)] if self.hash else [])


def _in_subdirectory(url: str, subdirectory: str | None) -> str:
    return f"{url}#subdirectory={subdirectory}" if subdirectory else url


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
    def of(cls, operations: Iterable[Operation]) -> RequirementsMap:
        """The map of what the operations install."""
        groups: dict[Index, list[Requirement]] = {}
        direct = []
        for operation in operations:
            if operation.package is None:
                continue
            if operation.index is None:
                direct.append(_direct(operation))
            else:
                groups.setdefault(operation.index, []).append(_from_index(operation))
        return cls(
            tuple(
                (index, tuple(sorted(groups[index], key=lambda each: (each.name, each.version))))
                for index in sorted(groups, key=lambda each: (not each.is_default, each.name))
            ),
            tuple(sorted(direct, key=lambda each: (each.name, each.version))),
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
        return frozenset(each.name for each in self._all)

    @property
    def _all(self) -> tuple[Requirement | DirectRequirement, ...]:
        return (*self.requirements, *self.direct)


def _from_index(operation: Operation) -> Requirement:
    assert operation.package is not None and operation.index is not None  # noqa: S101, PT018
    files = usable_files(operation.files)
    return Requirement(operation.name, operation.package.version, operation.index, files)


def _direct(operation: Operation) -> DirectRequirement:
    package = operation.package
    assert package is not None and not isinstance(package.source, RegistrySource)  # noqa: S101, PT018
    return DirectRequirement(
        operation.name,
        package.version,
        package.source,
        operation.files[0] if operation.files else None,
        develop=package.develop,
    )


def requirements_txt(requirements: Iterable[Requirement | DirectRequirement]) -> str:
    """The text that uv is fed for one index, or for what comes from none."""
    return "".join(f"{requirement.line()}\n" for requirement in requirements)


def export_text(operations: Iterable[Operation], target: str) -> str:
    """The requirements map as a requirements.txt for people and tools, the same to the byte.

    Each index has a section that begins with its name and url as a comment; what only Poetry
    installs is listed as comments, with its reason. `target` names what markers were evaluated
    for.
    """
    planned = tuple(operations)
    deferred = [each for each in planned if each.action is Action.DEFER]
    provided = [each for each in planned if each.action is Action.PROVIDED]
    left_out = (Action.DEFER, Action.PROVIDED)
    exported = RequirementsMap.of(each for each in planned if each.action not in left_out)
    sections = [f"# The requirements map of poetry.lock for {target}, by hybrid-install.\n"]
    for index, requirements in exported.by_index:
        sections.append(f"# index: {_index_text(index)}\n{requirements_txt(requirements)}")
    if exported.direct:
        direct = "".join(f"{each.portable_line()}\n" for each in exported.direct)
        sections.append(f"# from no index:\n{direct}")
    if deferred:
        lines = (
            f"# {each.name} {each.version} ({each.source}): {each.reason}\n" for each in deferred
        )
        sections.append("# left to Poetry:\n" + "".join(lines))
    if provided:
        lines = (f"# {each.name} {each.version}\n" for each in provided)
        sections.append("# provided by the environment:\n" + "".join(lines))
    return "\n".join(sections)


def _index_text(index: Index) -> str:
    if index.url is None:
        return "the default index"
    return f"{index.name} {without_credentials(index.url)}"

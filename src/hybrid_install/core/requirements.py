"""The requirements map: the selection as pinned requirements, by the index each is locked to.

It is what uv is fed and what `export` prints. Pins are `===`: uv takes `1.0+cpu` for `==1.0`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hybrid_install.core.deferral import usable_files
from hybrid_install.core.model import Index, LockedFile, NormalizedName
from hybrid_install.core.plan import Action, Operation
from hybrid_install.core.redaction import without_credentials


@dataclass(frozen=True, slots=True)
class Requirement:
    """One package for uv: the pin, the index, and the only files that may be installed."""

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
        return " \\\n".join([self.pin, *(f"    --hash={each}" for each in self.hashes)])


@dataclass(frozen=True, slots=True)
class RequirementsMap:
    """Requirements by index, in the order of the indexes' names; each sorted by name."""

    by_index: tuple[tuple[Index, tuple[Requirement, ...]], ...]

    @classmethod
    def of(cls, operations: Iterable[Operation]) -> RequirementsMap:
        """The map of the operations whose packages come from an index."""
        groups: dict[Index, list[Requirement]] = {}
        for operation in operations:
            if operation.package is not None and operation.index is not None:
                requirement = Requirement(
                    operation.name,
                    operation.package.version,
                    operation.index,
                    usable_files(operation.package),
                )
                groups.setdefault(operation.index, []).append(requirement)
        return cls(
            tuple(
                (index, tuple(sorted(groups[index], key=lambda each: (each.name, each.version))))
                for index in sorted(groups, key=lambda each: (not each.is_default, each.name))
            )
        )

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """All requirements, in the map's order."""
        return tuple(each for _, requirements in self.by_index for each in requirements)


def requirements_txt(requirements: Iterable[Requirement]) -> str:
    """The text that uv is fed for one index."""
    return "".join(f"{requirement.line()}\n" for requirement in requirements)


def export_text(operations: Iterable[Operation], target: str) -> str:
    """The requirements map as a requirements.txt for people and tools, the same to the byte.

    Each index has a section that begins with its name and url as a comment; what only Poetry
    installs is listed as comments, with its reason. `target` names what markers were evaluated
    for.
    """
    planned = tuple(operations)
    deferred = [each for each in planned if each.action is Action.DEFER]
    exported = RequirementsMap.of(each for each in planned if each.action is not Action.DEFER)
    sections = [f"# The requirements map of poetry.lock for {target}, by hybrid-install.\n"]
    for index, requirements in exported.by_index:
        sections.append(f"# index: {_index_text(index)}\n{requirements_txt(requirements)}")
    if deferred:
        lines = (
            f"# {each.name} {each.version} ({each.source}): {each.reason}\n" for each in deferred
        )
        sections.append("# left to Poetry:\n" + "".join(lines))
    return "\n".join(sections)


def _index_text(index: Index) -> str:
    if index.url is None:
        return "the default index"
    return f"{index.name} {without_credentials(index.url)}"

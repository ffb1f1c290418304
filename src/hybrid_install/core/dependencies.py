"""The door to poetry-core's packages and dependencies, for the walk over the lock.

Which dependencies a package has, which of them apply to an environment, and which locked package
satisfies one: `Provider.complete_package` (poetry/puzzle/provider.py), restricted to a lock. What
cannot be said for sure is `Unsettled`.
"""

from __future__ import annotations

import logging
import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

from hybrid_install.core import markers
from hybrid_install.core.document import Table, table_at
from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    LockedPackage,
    NormalizedName,
    RegistrySource,
    Source,
    UrlSource,
    normalize_name,
)
from hybrid_install.errors import InvalidDataError

if TYPE_CHECKING:
    from poetry.core.constraints.version import Version
    from poetry.core.packages.dependency import Dependency
    from poetry.core.packages.package import Package
    from poetry.core.packages.project_package import ProjectPackage
    from poetry.core.version.markers import BaseMarker

T = TypeVar("T")
Names = frozenset[NormalizedName]

NONE: Names = frozenset()

# What poetry-core makes of a marker beyond its truth matters only for the odd ones: those that
# name extras, and those that compare Python to another precision than it has.
_PYTHON_COMPARISON = re.compile(
    r"""python_version[ ]*(?:(?:[=!<>]=|[<>])[ ]*["']\d+\.\d+["']|(?:>=|<)[ ]*["']\d+["'])
      | python_full_version[ ]*(?:(?:[=!<>]=|[<>])[ ]*["']\d+\.\d+\.\d+["']
                                |(?:>=|<)[ ]*["']\d+(?:\.\d+)?["'])""",
    re.VERBOSE,
)

# poetry-core warns of paths that do not exist; Poetry says so itself at the end of the run.
logging.getLogger("poetry.core").addHandler(logging.NullHandler())


class Unsettled(Exception):  # noqa: N818  # not an error: the whole run becomes Poetry's
    """What only Poetry's solver can settle, or refuse; the message ends a sentence."""


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """A dependency that applies: a name with extras, within a constraint, from a source."""

    dependency: Dependency

    @property
    def name(self) -> NormalizedName:
        """The name that is needed."""
        return NormalizedName(self.dependency.name)

    @property
    def extras(self) -> Names:
        """The extras that it is needed with."""
        return frozenset(map(NormalizedName, self.dependency.extras))

    @property
    def is_direct(self) -> bool:
        """Whether it says where the package is: a url, a path, a repository."""
        return self.dependency.is_direct_origin()

    @property
    def names_source(self) -> bool:
        """Whether it names an index of the project's."""
        return self.dependency.source_name is not None

    @property
    def is_optional(self) -> bool:
        """Whether only extras ask for it (`Dependency.is_optional`)."""
        return self.dependency.is_optional()

    def __str__(self) -> str:
        return f"{self.dependency.complete_name} ({self.dependency.constraint})"


@dataclass(frozen=True)
class Target:
    """The environment that dependencies apply to (`Provider.use_environment`)."""

    environment: markers.Environment

    @cached_property
    def python(self) -> Version:
        """The Python's version; a release candidate counts as the final release."""
        from poetry.core.constraints.version import Version

        return Version.parse(self.environment["python_full_version"]).stable

    @cached_property
    def is_final(self) -> bool:
        """Whether the Python is a final release of three parts, as nearly all are."""
        return re.fullmatch(r"\d+\.\d+\.\d+", self.environment["python_full_version"]) is not None

    def has(self, dependency: Dependency, root_extras: Names | None = None) -> bool:
        """Whether the dependency applies: as a marker, and as a constraint on Python.

        `extra` is known for the project's own dependencies only.
        """
        values: dict[str, Any] = dict(self.environment)
        if root_extras is not None:
            values["extra"] = set(root_extras)
        return dependency.python_constraint.allows(self.python) and dependency.marker.validate(
            values
        )


@dataclass(frozen=True, eq=False)
class Edge:
    """One entry of `[package.dependencies]`; nothing of it is parsed before it matters.

    A path is relative to `within`; `archives` are the paths that are files, and not folders.
    """

    pretty_name: str
    entry: object
    within: str
    archives: frozenset[str]

    @cached_property
    def name(self) -> NormalizedName:
        """The name of what is depended on."""
        return normalize_name(self.pretty_name)

    @property
    def is_known_optional(self) -> bool:
        """Whether the entry says so; a marker may say it too."""
        return isinstance(self.entry, Mapping) and bool(self.entry.get("optional"))

    @property
    def _marker(self) -> str:
        return str(self.entry.get("markers") or "") if isinstance(self.entry, Mapping) else ""

    @cached_property
    def is_plain(self) -> bool:
        """Whether the marker can be evaluated leaf by leaf, and says nothing else."""
        if isinstance(self.entry, Mapping) and self.entry.keys() & {"python", "platform"}:
            return False
        rest = _PYTHON_COMPARISON.sub("", self._marker)
        return "extra" not in rest and "python_v" not in rest and "python_f" not in rest

    @cached_property
    def bare(self) -> Dependency:
        """The dependency without its marker."""
        from poetry.core.factory import Factory
        from poetry.core.packages.dependency import Dependency

        if not isinstance(self.entry, Mapping):
            return Dependency(self.pretty_name, str(self.entry))
        if not self.entry.keys() & {"git", "file", "path", "url"}:
            return Dependency(
                self.pretty_name,
                self.entry.get("version", "*"),
                optional=self.is_known_optional,
                extras=self.entry.get("extras", []),
            )
        if "git" in self.entry or not self.entry.keys() & {"file", "path"}:
            without = {key: value for key, value in self.entry.items() if key not in _CONDITIONS}
            return Factory.create_dependency(self.pretty_name, without)
        return self._path_dependency(self.entry)

    def _path_dependency(self, entry: Mapping[str, Any]) -> Dependency:
        """`Factory.create_dependency`, but the lock knows what is at the path, not the disk."""
        from poetry.core.packages.dependency import Dependency

        path, subdirectory = absolute(entry.get("file") or entry["path"], self.within), None
        kind = "file" if "file" in entry or path in self.archives else "directory"
        if subdirectory := entry.get("subdirectory"):
            path = path if kind == "file" else absolute(subdirectory, path)
        return Dependency(
            self.pretty_name,
            "*",
            optional=self.is_known_optional,
            extras=entry.get("extras", []),
            source_type=kind,
            source_url=path,
            source_subdirectory=subdirectory if kind == "file" else None,
        )

    @cached_property
    def whole(self) -> Dependency:
        """The dependency with its marker, which may make it optional."""
        from poetry.core.factory import Factory

        conditions = self.entry if isinstance(self.entry, Mapping) else {}
        conditions = {key: value for key, value in conditions.items() if key in _CONDITIONS}
        marker = Factory.create_dependency(self.pretty_name, conditions).marker
        dependency = self.bare.clone()
        if not marker.is_any():
            dependency.marker = marker
        return dependency

    def is_relevant(self, optional: Names, extras: Names) -> bool:
        """Whether extras ask for it, if only extras do."""
        if self.is_known_optional and self.name not in optional:
            return False
        if self.is_plain:
            return True
        in_extras = self.whole.in_extras
        return (not self.whole.is_optional() or self.name in optional) and (
            not in_extras or bool(extras.intersection(map(NormalizedName, in_extras)))
        )

    def applies(self, target: Target) -> bool:
        """Whether it applies to the environment."""
        if self.is_plain and (target.is_final or "python_full" not in self._marker):
            return markers.holds(self._marker, target.environment, NONE)
        return target.has(self.whole)

    @property
    def dependency(self) -> Dependency:
        """The dependency with as much of its marker as matters."""
        return self.bare if self.is_plain else self.whole


_CONDITIONS = frozenset({"markers", "python", "platform"})


@dataclass(frozen=True, eq=False)
class Candidate:
    """A locked package as poetry-core has it."""

    package: LockedPackage
    folder: str
    archives: frozenset[str]

    @cached_property
    def _theirs(self) -> Package:
        from poetry.core.packages.package import Package

        package = self.package
        return _reading(
            package.pin,
            lambda: Package(package.name, package.version, **_source(package.source, self.folder)),
        )

    @property
    def name(self) -> NormalizedName:
        """The package's name."""
        return self.package.name

    @property
    def version(self) -> Version:
        """The version as poetry-core compares it."""
        return self._theirs.version

    @property
    def public_version(self) -> Version:
        """The version without its local part, which constraints may ignore."""
        return self.version.without_local()

    def satisfies(self, need: Need) -> bool:
        """`Package.satisfies`: name, version and source."""
        return self._theirs.satisfies(need.dependency)

    def allows(self, target: Target) -> bool:
        """Whether its `python-versions` have the target's Python."""
        from poetry.core.constraints.version import parse_marker_version_constraint

        text = self.package.python_versions
        return _reading(
            self.package.pin, lambda: parse_marker_version_constraint(text).allows(target.python)
        )

    def needs(self, extras: Names, target: Target) -> tuple[Need, ...]:
        """What it depends on, itself apart, when it is asked for with `extras`."""
        return _reading(
            f"the dependencies of {self.package.pin}", lambda: self._needs(extras, target)
        )

    def urgency(self, extras: Names, *, is_direct: bool) -> tuple[int, ...]:
        """`VersionSolver._get_comp_key`: of all that is needed the lowest is decided first."""
        return _reading(
            f"the dependencies of {self.package.pin}",
            lambda: (0 if is_direct else 1, *self._weight(extras)),
        )

    def _weight(self, extras: Names) -> tuple[int, ...]:
        relevant = [
            edge.bare
            for edge in self._edges
            if edge.is_plain
            or not edge.whole.in_extras
            or extras.intersection(map(NormalizedName, edge.whole.in_extras))
        ]
        bounded = sum(dependency.constraint.has_upper_bound() for dependency in relevant)
        return -bounded, 0 if relevant else 1

    def _needs(self, extras: Names, target: Target) -> tuple[Need, ...]:
        found, listed, additional = self._with_extras(extras)
        edges = [
            edge for edge in self._edges if edge.is_relevant(listed, found) and edge.applies(target)
        ]
        times = Counter(edge.name for edge in edges)
        kept = [edge.whole if times[edge.name] > 1 else edge.dependency for edge in edges]
        kept += [dependency for dependency in additional if target.has(dependency)]
        return _one_for_each(kept, found, target, self.package.pin)

    @cached_property
    def _edges(self) -> tuple[Edge, ...]:
        source = self.package.source
        is_directory = isinstance(source, DirectorySource)
        within = absolute(source.path, self.folder) if is_directory else self.folder  # type: ignore[union-attr]
        return tuple(
            Edge(name, entry, within, self.archives)
            for name, entries in self.package.dependencies.items()
            for entry in (entries if isinstance(entries, list) else [entries])
        )

    def _with_extras(self, extras: Names) -> tuple[Names, Names, list[Dependency]]:
        """The extras with those that they name in turn; the names that they list.

        Last, where the package is not from an index, the dependencies of those extras that its
        own dependencies do not mention.
        """
        found, listed = set[NormalizedName](), set[NormalizedName]()
        additional: list[Dependency] = []
        stack = sorted(extras)
        while stack:
            extra = stack.pop()
            if extra in found:
                continue
            found.add(extra)
            for dependency in self._in_extra(extra):
                if str(dependency.name) == self.name:
                    stack += sorted(map(NormalizedName, dependency.extras))
                    continue
                listed.add(NormalizedName(dependency.name))
                if self._theirs.is_direct_origin() and extra not in self._mentioned_extras:
                    additional.append(dependency)
        return frozenset(found), frozenset(listed), additional

    def _in_extra(self, extra: NormalizedName) -> Sequence[Dependency]:
        """Of several spellings of an extra the last one counts."""
        found = [
            texts for name, texts in self.package.extras.items() if normalize_name(name) == extra
        ]
        return [_dependency_in_extra(text) for text in found[-1]] if found else ()

    @cached_property
    def _mentioned_extras(self) -> frozenset[str]:
        return frozenset(extra for edge in self._edges for extra in edge.whole.in_extras)


@dataclass(frozen=True, eq=False)
class Root:
    """The project's own dependencies. `folder` is its folder, absolute and resolved."""

    theirs: ProjectPackage
    folder: str

    @classmethod
    def of(cls, document: Table, folder: str) -> Root:
        """Read a parsed pyproject.toml by `Factory.configure_package` (poetry/core/factory.py).

        `Unsettled` where poetry-core refuses it.
        """
        return cls(_reading("pyproject.toml", lambda: _project_package(document, folder)), folder)

    @property
    def name(self) -> NormalizedName:
        """The project's name."""
        return NormalizedName(self.theirs.name)

    def satisfies(self, need: Need) -> bool:
        """Whether a dependency on the project itself is one on what it is."""
        return not need.extras and need.dependency.constraint.allows(self.theirs.version)

    def declared(self, groups: Names) -> tuple[Need, ...]:
        """Everything that these groups list, for whichever environment."""
        return tuple(map(Need, self._listed(groups)))

    def needs(self, groups: Names, extras: Names, target: Target) -> tuple[Need, ...]:
        """What these groups need on `target`: what extras list is needed without request too."""
        return _reading("pyproject.toml", lambda: self._needs(groups, extras, target))

    def _needs(self, groups: Names, extras: Names, target: Target) -> tuple[Need, ...]:
        kept = [each for each in self._listed(groups) if target.has(each, extras)]
        _refuse_merging_optional_ones(kept)
        return _one_for_each(kept, extras, target, "the project")

    def _listed(self, groups: Names) -> list[Dependency]:
        active = self.theirs.with_dependency_groups(groups, only=True)
        return _reading("pyproject.toml", lambda: active.all_requires)

    def named_by(self, extras: Names) -> Names:
        """The names that these extras of the project list."""
        return frozenset(
            NormalizedName(dependency.name)
            for extra, listed in self.theirs.extras.items()
            if str(extra) in extras
            for dependency in listed
        )


def candidates(
    packages: Iterable[LockedPackage], folder: str
) -> Mapping[NormalizedName, tuple[Candidate, ...]]:
    """The locked packages by name, the highest version first (`Provider._locked`)."""
    locked = tuple(packages)
    sources = (package.source for package in locked)
    archives = frozenset(
        absolute(each.path, folder) for each in sources if isinstance(each, FileSource)
    )
    found: dict[NormalizedName, list[Candidate]] = defaultdict(list)
    for package in locked:
        found[package.name].append(Candidate(package, folder, archives))
    return {
        name: tuple(sorted(same, key=lambda each: each.version, reverse=True))
        if len(same) > 1
        else tuple(same)
        for name, same in found.items()
    }


def absolute(path: str, folder: str) -> str:
    """`path` as seen from `folder`. The disk is not asked: a link in it is not followed."""
    return posixpath.normpath(posixpath.join(folder, path))


def _reading(what: str, read: Callable[[], T]) -> T:
    """`read()`; what poetry-core cannot read, Poetry refuses in its own words."""
    try:
        return read()
    except (
        AssertionError,
        AttributeError,
        InvalidDataError,
        LookupError,
        OSError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise Unsettled(f"{what} cannot be read ({error})") from None


def _project_package(document: Table, folder: str) -> ProjectPackage:
    """The project with its dependencies, groups and extras, and nothing that is on the disk."""
    from poetry.core.factory import Factory

    project, poetry = table_at(document, "project"), table_at(document, "tool", "poetry")
    pyproject: Any = SimpleNamespace(
        data={
            "project": _part(project, "dependencies", "optional-dependencies", "dynamic"),
            "dependency-groups": table_at(document, "dependency-groups"),
        },
        poetry_config=_part(poetry, "dependencies", "dev-dependencies", "extras", "group"),
    )
    package = Factory.get_package(
        project.get("name") or poetry.get("name", "non-package-mode"),
        project.get("version") or poetry.get("version", "0"),
    )
    Factory.configure_package(package, pyproject, Path(folder))
    return package


def _part(table: Table, *keys: str) -> dict[str, Any]:
    return {key: table[key] for key in keys if key in table}


def _source(source: Source, folder: str) -> dict[str, Any]:
    """The source in poetry-core's words. An index is known by its name alone."""
    match source:
        case RegistrySource(None):
            return {}
        case RegistrySource(reference):
            return {"source_type": "legacy", "source_reference": reference}
        case GitSource(url, reference, resolved, subdirectory):
            return {
                "source_type": "git",
                "source_url": url,
                "source_reference": reference,
                "source_resolved_reference": resolved,
                "source_subdirectory": subdirectory,
            }
        case UrlSource(url, subdirectory):
            return {"source_type": "url", "source_url": url, "source_subdirectory": subdirectory}
        case FileSource(path, subdirectory):
            return {
                "source_type": "file",
                "source_url": absolute(path, folder),
                "source_subdirectory": subdirectory,
            }
        case DirectorySource(path):
            return {"source_type": "directory", "source_url": absolute(path, folder)}


# `Locker._get_locked_package`: how old locks write what is no PEP 508, `name[extra] (>=1)`
_OLD_DEPENDENCY = re.compile(r"^(.+?)(?:\[(.+?)])?(?:\s+\((.+)\))?$")


def _dependency_in_extra(text: str) -> Dependency:
    from poetry.core.packages.dependency import Dependency
    from poetry.core.version.requirements import InvalidRequirementError

    try:
        return Dependency.create_from_pep_508(text)
    except InvalidRequirementError:
        match = _OLD_DEPENDENCY.match(text)
        if not match:
            raise
        name, extras, constraint = match.groups()
        return Dependency(name, constraint or "*", extras=(extras or "").split(","))


def _one_for_each(
    dependencies: Sequence[Dependency], extras: Names, target: Target, owner: str
) -> tuple[Need, ...]:
    """Dependencies that apply, with several on one name and the same extras made into one.

    The end of `Provider.complete_package`, where it neither fails nor has to solve twice.
    """
    by_name: dict[str, list[Dependency]] = defaultdict(list)
    for dependency in dependencies:
        by_name[dependency.name].append(dependency)
    return tuple(
        Need(merged)
        for name, same in by_name.items()
        for merged in _merged(same, extras, target, f"{owner} depends on {name} in several ways")
    )


def _merged(
    same: Sequence[Dependency], extras: Names, target: Target, what: str
) -> Iterator[Dependency]:
    of_extras: dict[str, list[Dependency]] = defaultdict(list)
    for dependency in same:
        of_extras[dependency.complete_name].append(dependency)
    if len(of_extras) == 1 < len(same) and any(_mentions_extras(each.marker) for each in same):
        same = _without_alternatives(same, extras, target, what)
        if same:
            yield _intersection(same, what)
        return
    _refuse_exclusive(same, what)
    for each in of_extras.values():
        yield _intersection(each, what)


def _intersection(same: Sequence[Dependency], what: str) -> Dependency:
    """`Provider._resolve_overlapping_markers` for dependencies that all apply."""
    if len(same) == 1:
        return same[0]
    specific = [each for each in same if each.is_direct_origin() or each.source_name]
    for each in specific[1:]:
        if not each.is_same_source_as(specific[0]) or each.source_name != specific[0].source_name:
            raise Unsettled(f"{what}, from several sources")
    constraint = same[0].constraint
    for each in same[1:]:
        constraint = constraint.intersect(each.constraint)
    if constraint.is_empty():
        raise Unsettled(f"{what}, which exclude each other")
    return [*specific, *same][0].with_constraint(constraint)


def _without_alternatives(
    same: Sequence[Dependency], extras: Names, target: Target, what: str
) -> Sequence[Dependency]:
    """Those that apply together, if only one combination of them can apply.

    To `Provider._resolve_overlapping_markers` a marker with extras may hold and not hold: the
    extras are looked at apart from everything else. It then solves once for each case.
    """
    by_constraint: dict[Any, list[Dependency]] = defaultdict(list)
    for each in same:
        source = each.source_type, each.source_url, each.source_reference, each.source_name
        by_constraint[(*source, each.source_subdirectory, each.constraint)].append(each)
    listed = [(each[0], _union(each)) for each in by_constraint.values()]
    possible = [
        uses
        for uses in product([True, False], repeat=len(listed))
        if _is_possible([marker for _, marker in listed], uses, extras, target)
    ]
    if len(possible) > 1:
        raise Unsettled(f"{what}, by extra")
    return [each for uses in possible for (each, _), used in zip(listed, uses, strict=True) if used]


def _union(same: Sequence[Dependency]) -> BaseMarker:
    from poetry.core.version.markers import union

    return union(*(each.marker for each in same)) if len(same) > 1 else same[0].marker


def _is_possible(
    markers: Sequence[BaseMarker], uses: Sequence[bool], extras: Names, target: Target
) -> bool:
    """`Provider._is_relevant_marker` of the markers that are used and the inverse of the rest."""
    from poetry.core.packages.utils.utils import get_python_constraint_from_marker
    from poetry.core.version.markers import AnyMarker

    whole: BaseMarker = AnyMarker()
    for used, marker in sorted(zip(uses, markers, strict=True), key=lambda each: not each[0]):
        whole = whole.intersect(marker if used else marker.invert())
    return (
        not whole.is_empty()
        and get_python_constraint_from_marker(whole).allows(target.python)
        and whole.validate({"extra": set(extras)})
        and whole.validate(dict(target.environment))
    )


def _refuse_exclusive(same: Sequence[Dependency], what: str) -> None:
    for one, other in combinations(same, 2):
        by_extra = _mentions_extras(one.marker) and _mentions_extras(other.marker)
        if by_extra and one.marker.intersect(other.marker).is_empty():
            raise Unsettled(f"{what}, by extra")


def _mentions_extras(marker: BaseMarker) -> bool:
    return "extra" in str(marker)


def _refuse_merging_optional_ones(dependencies: Sequence[Dependency]) -> None:
    """Poetry may forget that one of several was not optional when it merges their markers."""
    for one, other in combinations(dependencies, 2):
        by_extra = _mentions_extras(one.marker) or _mentions_extras(other.marker)
        if one.name == other.name and by_extra and one.is_optional() != other.is_optional():
            raise Unsettled(f"the project depends on {one.name} with and without extras")

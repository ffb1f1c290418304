"""pyproject.toml as values: name, Python range, groups, extras, sources.

Mirrors `Factory.configure_package` (poetry/core/factory.py) and `Factory.create_pool`
(poetry/factory.py) as far as an install from a lock needs them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hybrid_install.core.credentials import refuse_odd_authority
from hybrid_install.core.document import (
    Table,
    as_table,
    each,
    optional,
    refuse_control_characters,
    required,
    table_at,
    tables,
    value_at,
)
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    MAIN_GROUP,
    Index,
    NormalizedName,
    Priority,
    normalize_name,
)
from hybrid_install.errors import InvalidDataError, ProjectError

POETRY = ("tool", "poetry")


class Group(NamedTuple):
    """A dependency group: PEP 735's, or Poetry's own."""

    name: NormalizedName
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """What a project says of itself.

    `name` is None only without package mode. `python_versions` is Poetry's constraint, `*` where
    none is given. `indexes` is Poetry's pool in its order; it includes the default index exactly
    where Poetry adds it. `build_constraints` is its table, by the name of what is
    built. `required_poetry` is a constraint in Poetry's syntax.
    """

    name: NormalizedName | None
    package_mode: bool
    python_versions: str
    groups: tuple[Group, ...]
    extras: frozenset[NormalizedName]
    indexes: tuple[Index, ...]
    build_constraints: Mapping[NormalizedName, Table]
    required_plugins: frozenset[NormalizedName] = frozenset()
    required_poetry: str | None = None

    @classmethod
    def from_dict(cls, document: Table) -> Project:
        """Read a parsed pyproject.toml; errors carry their place."""
        if not table_at(document, "project") and not table_at(document, *POETRY):
            raise ProjectError(
                "pyproject.toml has neither a [project] nor a [tool.poetry] table",
                hint="is this a Poetry project? `poetry init` makes one",
            )
        package_mode = value_at(document, bool, *POETRY, "package-mode")
        name = value_at(document, str, "project", "name") or value_at(
            document, str, *POETRY, "name"
        )
        if not name and package_mode is not False:
            raise ProjectError(
                "The Poetry configuration is invalid: Either [project.name] or [tool.poetry.name]"
                " is required in package mode.",
                hint="name the project, or set `package-mode = false` in [tool.poetry]",
            )
        return cls(
            name=normalize_name(name) if name else None,
            package_mode=package_mode is not False,
            python_versions=_python_versions(document),
            groups=_groups(document),
            extras=_extras(document),
            indexes=_indexes(document),
            build_constraints={
                normalize_name(key): table_at(document, *POETRY, "build-constraints", key)
                for key in table_at(document, *POETRY, "build-constraints")
            },
            required_poetry=value_at(document, str, *POETRY, "requires-poetry"),
            required_plugins=frozenset(
                normalize_name(key) for key in table_at(document, *POETRY, "requires-plugins")
            ),
        )

    def index_named(self, reference: str) -> Index | None:
        """The source of that name; names compare without case (`RepositoryPool`)."""
        wanted = reference.lower()
        return next((index for index in self.indexes if index.name.lower() == wanted), None)

    @property
    def unnamed_index(self) -> Index:
        """Where a package without a source comes from.

        `Chooser._get_repository`: PyPI if it is in the pool, else the first non-explicit source.
        """
        searched = [index for index in self.indexes if index.priority is not Priority.EXPLICIT]
        return self.index_named(DEFAULT_INDEX.name) or searched[0]


def _python_versions(document: Table) -> str:
    """`[tool.poetry.dependencies] python` narrows `[project] requires-python`."""
    found = value_at(document, str, "project", "requires-python") or "*"
    for name, constraints in table_at(document, *POETRY, "dependencies").items():
        if name.lower() == "python":
            # Of several the last one counts, and a table says nothing: as in Poetry's loop.
            listed = constraints if isinstance(constraints, list) else [constraints]
            found = next((text for text in reversed(listed) if isinstance(text, str)), found)
    return found


def _groups(document: Table) -> tuple[Group, ...]:
    """PEP 735 first, `[tool.poetry.group]` second, the legacy `dev-dependencies` last.

    `optional = true` makes no difference to a group that already is: main.
    """
    pep735, own = table_at(document, "dependency-groups"), table_at(document, *POETRY, "group")
    _refuse_duplicates([*pep735, *own])
    is_optional = {normalize_name(key): _is_optional(document, key) for key in own}
    groups: dict[NormalizedName, bool] = {}
    if _has_main_group(document):
        groups[MAIN_GROUP] = False
    for name in map(normalize_name, pep735):
        groups[name] = is_optional.get(name, False)
    groups = {**is_optional, **groups}
    if "dev-dependencies" in table_at(document, *POETRY):
        groups.setdefault(normalize_name("dev"), False)
    return tuple(Group(name, groups[name]) for name in groups)


def _refuse_duplicates(names: list[str]) -> None:
    """`Factory._validate_dependency_groups`: a name has one spelling, in both tables."""
    spellings: dict[NormalizedName, set[str]] = {}
    for name in names:
        spellings.setdefault(normalize_name(name), set()).add(name)
    for normalized, same in spellings.items():
        if len(same) > 1:
            raise ProjectError(
                "The Poetry configuration is invalid: Duplicate dependency group name after"
                f" normalization: {normalized} ({', '.join(sorted(same))})",
                hint="give the group one spelling in pyproject.toml",
            )


def _has_main_group(document: Table) -> bool:
    project = table_at(document, "project")
    return (
        project.get("dependencies") is not None
        or bool(project.get("optional-dependencies"))
        or "dependencies" in table_at(document, *POETRY)
    )


def _is_optional(document: Table, group: str) -> bool:
    return bool(value_at(document, bool, *POETRY, "group", group, "optional"))


def _extras(document: Table) -> frozenset[NormalizedName]:
    """`[tool.poetry.extras]` counts only where [project] declares no dependencies at all."""
    declared = table_at(document, "project", "optional-dependencies")
    if not declared and not table_at(document, "project").get("dependencies"):
        declared = table_at(document, *POETRY, "extras")
    return frozenset(normalize_name(name) for name in declared)


def _indexes(document: Table) -> tuple[Index, ...]:
    """PyPI is added where no source is primary and none is named PyPI; primary ones come first."""
    indexes = _declared_indexes(document)
    named_pypi = any(index.name.lower() == DEFAULT_INDEX.name.lower() for index in indexes)
    has_primary = any(index.priority is Priority.PRIMARY for index in indexes)
    if not named_pypi and not has_primary:
        indexes = (*indexes, DEFAULT_INDEX)
    if all(index.priority is Priority.EXPLICIT for index in indexes):
        raise ProjectError(
            "At least one source must not be configured as 'explicit'.",
            hint="give a [[tool.poetry.source]] another priority, or add one named PyPI",
        )
    return tuple(sorted(indexes, key=lambda index: list(Priority).index(index.priority)))


def _declared_indexes(document: Table) -> tuple[Index, ...]:
    try:
        indexes = each(tables(table_at(document, *POETRY), "source"), "source", _index)
    except InvalidDataError as error:
        raise error.within(".".join(POETRY)) from None
    counts = Counter(index.name.lower() for index in indexes)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise ProjectError(
            f"A repository with name {twice[0]} was already added.",
            hint="name each [[tool.poetry.source]] once; names compare without case",
        )
    return indexes


def _index(entry: Table) -> Index:
    name = required(as_table(entry), "name", str)
    priority = _priority(entry)
    if name.lower() == DEFAULT_INDEX.name.lower():
        if "url" in entry:
            raise ProjectError(
                "The PyPI repository cannot be configured with a custom url.",
                hint="give the source another name in [[tool.poetry.source]]",
            )
        return Index(name, None, priority)
    url = required(entry, "url", str)
    refuse_control_characters(entry, "name", "url")
    refuse_odd_authority(url)
    return Index(name, url.rstrip("/"), priority)


def _priority(entry: Table) -> Priority:
    text = optional(entry, "priority", str) or Priority.PRIMARY.value
    try:
        return Priority(text)
    except ValueError:
        known = ", ".join(priority.value for priority in Priority)
        raise InvalidDataError(f"{text!r} is not a priority ({known})", "priority") from None


def is_single_page(index: Index) -> bool:
    """Whether Poetry reads the source as one page of links (`create_package_source`)."""
    return index.url is not None and re.search(r"\.html?$", index.url) is not None

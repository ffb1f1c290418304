"""Which locked packages `poetry install` would install (lock version 2.1 and later).

Mirrors `GroupCommand.activated_groups` (poetry/console/commands/group_command.py), the extras
check of `Installer._do_install` (poetry/installation/installer.py) and
`Transaction.calculate_operations` (poetry/puzzle/transaction.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hybrid_install.core import markers
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.model import LockedPackage, NormalizedName, normalize_name
from hybrid_install.core.project import Project
from hybrid_install.errors import InvalidDataError, SelectionError


@dataclass(frozen=True, slots=True)
class SelectionOptions:
    """`poetry install`'s selection options, as given on the command line.

    Group values may be comma-separated, extra values whitespace-separated; both may repeat.
    """

    with_groups: tuple[str, ...] = ()
    without_groups: tuple[str, ...] = ()
    only_groups: tuple[str, ...] = ()
    all_groups: bool = False
    extras: tuple[str, ...] = ()
    all_extras: bool = False
    only_root: bool = False
    no_root: bool = False

    def refuse_conflicts(self) -> None:
        """`InstallCommand.handle`'s checks, in its order and with its words."""
        groups = self.with_groups or self.without_groups or self.only_groups
        if self.extras and self.all_extras:
            raise SelectionError(
                "You cannot specify explicit `--extras` while installing using `--all-extras`.",
                hint="keep one of the two",
            )
        if self.only_root and (groups or self.all_groups):
            raise SelectionError(
                "The `--with`, `--without`, `--only` and `--all-groups` options cannot be used"
                " with the `--only-root` option.",
                hint="--only-root installs no group at all",
            )
        if self.only_root and self.no_root:
            raise SelectionError(
                "You cannot specify `--no-root` when using `--only-root`.",
                hint="keep one of the two",
            )
        if groups and self.all_groups:
            raise SelectionError(
                "You cannot specify `--with`, `--without`, or `--only` when using `--all-groups`.",
                hint="--all-groups already includes the optional ones",
            )


@dataclass(frozen=True, slots=True)
class Wanted:
    """The active groups and the requested extras, normalized and known to exist."""

    groups: frozenset[NormalizedName]
    extras: frozenset[NormalizedName]


def wanted(options: SelectionOptions, project: Project, lock: Lockfile) -> Wanted:
    """Groups and extras to install, of options without conflicts; `SelectionError` for unknown."""
    return Wanted(_active_groups(options, project), _active_extras(options, project, lock))


def _active_groups(options: SelectionOptions, project: Project) -> frozenset[NormalizedName]:
    if options.only_root:
        return frozenset()
    asked = {
        "with": _comma_separated(options.with_groups),
        "without": _comma_separated(options.without_groups),
        "only": _comma_separated(options.only_groups),
    }
    _refuse_unknown_groups(asked, project)
    if only := _normalized(asked["only"]):
        return only
    default = frozenset(
        group.name for group in project.groups if options.all_groups or not group.optional
    )
    return (default | _normalized(asked["with"])) - _normalized(asked["without"])


def _refuse_unknown_groups(asked: Mapping[str, list[str]], project: Project) -> None:
    known = {group.name for group in project.groups}
    via: dict[str, list[str]] = {}
    for option, names in sorted(asked.items()):
        for name in dict.fromkeys(names):
            if normalize_name(name) not in known:
                via.setdefault(name, []).append(f"--{option}")
    if via:
        unknown = ", ".join(f"{name} (via {', '.join(via[name])})" for name in sorted(via))
        raise SelectionError(f"Group(s) not found: {unknown}", hint=_known("groups", known))


def _active_extras(
    options: SelectionOptions, project: Project, lock: Lockfile
) -> frozenset[NormalizedName]:
    """`--all-extras` takes pyproject's extras, but every extra is checked against the lock's."""
    names = [name for value in options.extras for name in value.split()]
    extras = project.extras if options.all_extras else _normalized(names)
    for extra in sorted(extras):
        if extra not in lock.extras:
            raise SelectionError(
                f"Extra [{extra}] is not specified.", hint=_known("extras", lock.extras)
            )
    return extras


def select(
    lock: Lockfile, wanted: Wanted, environment: markers.Environment
) -> tuple[LockedPackage, ...]:
    """The packages of `lock` that are wanted on `environment`, sorted by name and version.

    A package is selected where one of its groups is active and the union of those groups'
    markers holds; a group without a marker holds always. Nothing else matters: neither
    `optional` nor `python-versions` nor `[package.dependencies]`.
    """
    selected = (
        package
        for index, package in enumerate(lock.packages)
        if _is_selected(package, index, wanted, environment)
    )
    return tuple(sorted(selected, key=lambda package: (package.name, package.version)))


def _is_selected(
    package: LockedPackage, index: int, wanted: Wanted, environment: markers.Environment
) -> bool:
    active = {package.markers.get(group, "") for group in package.groups & wanted.groups}
    try:
        return any(markers.holds(marker, environment, wanted.extras) for marker in active)
    except InvalidDataError as error:
        raise error.within(f"package[{index}]").in_file("poetry.lock") from None


def several_versions(packages: Iterable[LockedPackage]) -> dict[NormalizedName, list[str]]:
    """Names selected more than once, with their versions: no environment can hold both."""
    selected = tuple(packages)
    counts = Counter(package.name for package in selected)
    return {
        name: [package.version for package in selected if package.name == name]
        for name, count in sorted(counts.items())
        if count > 1
    }


def _comma_separated(values: Iterable[str]) -> list[str]:
    return [name.strip() for value in values for name in value.split(",")]


def _normalized(names: Iterable[str]) -> frozenset[NormalizedName]:
    return frozenset(normalize_name(name) for name in names)


def _known(kind: str, names: Iterable[str]) -> str:
    listed = ", ".join(sorted(names))
    return f"the project's {kind}: {listed}" if listed else f"the project has no {kind}"

"""Every question about a selection, to Poetry and to us: options of groups and extras, targets."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

from support.environments import Markers
from support.poetry_in_process import Oracle, Outcome, picks_of_ours

from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.project import Project
from hybrid_install.core.selection import SelectionOptions, Wanted, select, wanted
from hybrid_install.errors import SelectionError

Arguments = tuple[str, ...]


def compare(
    folder: Path,
    poetry: Oracle,
    asked: Iterable[Arguments],
    targets: Iterable[Markers],
    tally: Counter[str],
) -> None:
    """Every selection on every target; each counts, and all differences are shown."""
    project, lock, different = project_in(folder), lock_in(folder), []
    for arguments, target in product(asked, targets):
        outcome = ours(project, lock, folder, arguments, target)
        expected = poetry.install(arguments, target)
        tally["selections"] += 1
        if outcome == expected:
            tally["selections equal"] += 1
        else:
            different.append((arguments, target["python_full_version"], outcome, expected))
    assert not different


def selections(poetry: Oracle) -> Iterator[Arguments]:
    """Groups: default, each alone, all, each optional one added. Extras: none, each, all."""
    package = poetry.poetry.package
    default = package.dependency_group_names()
    every = package.dependency_group_names(include_optional=True)
    groups: list[Arguments] = [
        (),
        *(("--only", group) for group in sorted(every)),
        ("--all-groups",),
        *(("--with", group) for group in sorted(every - default)),
    ]
    extras: list[Arguments] = [
        (),
        *(("--extras", extra) for extra in sorted(package.extras)),
        ("--all-extras",),
    ]
    for of_groups, of_extras in product(groups, extras):
        yield (*of_groups, *of_extras)


def ours(
    project: Project, lock: Lockfile, folder: Path, arguments: Arguments, target: Markers
) -> Outcome:
    """Our answer to a command line of `poetry install`."""
    try:
        options = _options(arguments)
        options.refuse_conflicts()
        asked = wanted(options, project, lock)
    except SelectionError as error:
        return Outcome(refusal=error.message)
    return _outcome(asked, lock, folder, target)


def _outcome(asked: Wanted, lock: Lockfile, folder: Path, target: Markers) -> Outcome:
    packages = select(lock, asked, target)
    return Outcome(asked.groups, asked.extras, picks_of_ours(packages, folder))


def _options(arguments: Arguments) -> SelectionOptions:
    """Poetry's command line as our options. Only its flags stand without a value."""
    values: dict[str, list[str]] = {"--with": [], "--without": [], "--only": [], "--extras": []}
    flags, rest = set[str](), iter(arguments)
    for argument in rest:
        option = "--extras" if argument == "-E" else argument
        if option in values:
            values[option].append(next(rest))
        else:
            flags.add(option)
    assert flags <= {"--all-groups", "--all-extras", "--only-root", "--no-root"}
    return SelectionOptions(
        with_groups=tuple(values["--with"]),
        without_groups=tuple(values["--without"]),
        only_groups=tuple(values["--only"]),
        extras=tuple(values["--extras"]),
        all_groups="--all-groups" in flags,
        all_extras="--all-extras" in flags,
        only_root="--only-root" in flags,
        no_root="--no-root" in flags,
    )


def project_in(folder: Path) -> Project:
    """The folder's pyproject.toml."""
    return Project.from_dict(tomllib.loads(folder.joinpath("pyproject.toml").read_text("utf-8")))


def lock_in(folder: Path) -> Lockfile:
    """The folder's poetry.lock."""
    return Lockfile.from_dict(tomllib.loads(folder.joinpath("poetry.lock").read_text("utf-8")))

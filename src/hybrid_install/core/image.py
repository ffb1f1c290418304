"""The Dockerfile and .dockerignore of a project, as texts fitted to what it says of itself.

One template makes both the file for any project (`ANY_PROJECT`) and the one that is fitted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from hybrid_install.core.document import Table, table_at
from hybrid_install.core.file_choice import BinaryPolicy, candidates
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.model import (
    MAIN_GROUP,
    DirectorySource,
    FileSource,
    GitSource,
    LockedPackage,
    NormalizedName,
    RegistrySource,
)
from hybrid_install.core.project import Project
from hybrid_install.core.scripts import launchers
from hybrid_install.core.selection import Wanted, select
from hybrid_install.core.versions import allows, is_older
from hybrid_install.errors import ProjectError

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""What an image's Python may be: the tool runs on it too."""

_DEVELOPERS = re.compile(
    r"(?:.*-)?(?:dev|develop|development|test|tests|testing|lint|linting|format|typing|types|mypy"
    r"|docs?|documentation|ci|debug|notebooks?|jupyter|release|build|pre-commit|coverage|bench"
    r"|benchmarks?|examples?|profiling|local)(?:-.*)?"
)
"""Groups that an image to run does without, by the names that people give them."""

_OLDEST_POETRY = "2.1"
"""Beside the tool, which needs poetry-core 2.1, no older one can be."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the packages go. `uid` is who owns them; `options` make the tool go there.

    `settings` are lines of shell that say the same of Poetry.
    """

    folder: str
    python: str
    options: str
    uid: int
    settings: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()


VENV = Place(
    folder="/app",
    python=".venv/bin/python",
    options=' --venv /app/.venv --python "$(command -v python3)"',
    uid=10001,
    environment=("ENV PATH=/app/.venv/bin:$PATH",),
)

SYSTEM = Place(
    folder="/usr",
    python="python3",
    options="",
    uid=0,
    settings=("'export POETRY_VIRTUALENVS_CREATE=false'",),
    environment=("USER app",),
)
"""Packages in the interpreter itself are root's: who runs the program cannot change them."""


@dataclass(frozen=True, slots=True)
class Image:
    """What the template leaves open.

    `project` is the project's folder in the build's context. `secrets` are the names of the
    variables that private indexes want, None where they are not known and come in one file.
    `start` are the last lines. `arguments` are further ones of the stage that has the tool, and
    `settings` the lines of shell that heed them.
    """

    header: str
    base: str
    poetry: str
    start: str
    place: Place = VENV
    project: str = "."
    selection: str = "--only=main"
    build_packages: str = ""
    with_source: bool = False
    secrets: tuple[str, ...] | None = None
    arguments: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()

    def dockerfile(self, template: str) -> str:
        """The template with this image's values."""
        for name, lines in self._blocks().items():
            text = "".join(f"{line}\n" for line in lines)
            template = template.replace(f"@{name}@\n", text)
        values = self._values()
        return re.sub(r"@(\w+)@", lambda match: values[match[1]], template)

    def _values(self) -> Mapping[str, str]:
        return {
            "header": self.header,
            "base": self.base,
            "poetry": self.poetry,
            "project": f'"{self.project}"' if " " in self.project else self.project,
            "selection": self.selection,
            "build_packages": self.build_packages and f'"{self.build_packages}"',
            "with_source": "1" if self.with_source else "",
            "place": self.place.folder,
            "python": self.place.python,
            "target": self.place.options,
            "uid": str(self.place.uid),
            "start": self.start,
        }

    def _blocks(self) -> Mapping[str, list[str]]:
        settings = [*self.place.settings, *self.settings]
        return {
            "tool_arguments": list(self.arguments),
            "settings": _continued(settings),
            "read_secrets": _continued(self._reading_of_secrets()),
            "secrets": _continued(self._secret_mounts()),
            "user": ["USER app"] if self.place.uid else [],
            "environment": list(self.place.environment),
        }

    def _secret_mounts(self) -> list[str]:
        names = ["credentials"] if self.secrets is None else self.secrets
        return [f"--mount=type=secret,id={name},uid={self.place.uid}" for name in names]

    def _reading_of_secrets(self) -> list[str]:
        if self.secrets is None:
            return [f"'{_SOURCE_CREDENTIALS}'"]
        if not self.secrets:
            return []
        return [f"'{_READ_VARIABLES}'"]


_SOURCE_CREDENTIALS = (
    "if [ -e /run/secrets/credentials ]; then set -a; . /run/secrets/credentials; set +a; fi"
)
_READ_VARIABLES = (
    "for each in /run/secrets/POETRY_*; do"
    ' if [ -e "$each" ]; then export "${each##*/}=$(cat "$each")"; fi; done'
)


def _continued(lines: Iterable[str]) -> list[str]:
    return [f"    {line} \\" for line in lines]


_ANY_START = """\
ARG COMMAND=python3
ENV COMMAND=${COMMAND}
ENTRYPOINT ["/bin/sh", "-c", "exec \\"$COMMAND\\" \\"$@\\"", "sh"]"""

_ANY_END = """\
#
# README.md beside this file says why each line is as it is. `hybrid-install init --docker` writes
# one that is fitted to a project."""

ANY_PROJECT = Image(
    header=f"""\
# An image of any Poetry project: its heavy packages, its light ones and itself in a layer each.
#
#   docker build -f docker/Dockerfile --build-arg COMMAND=ml-service -t ml-service \\
#       examples/ml-service
{_ANY_END}""",
    base="python:3.12-slim",
    poetry="poetry",
    start=_ANY_START,
)

ANY_SYSTEM = Image(
    header=f"""\
# As Dockerfile, without a virtual environment (`virtualenvs.create = false`): the packages are in
# the image's own Python, root's, and the program runs as a user who cannot change them.
#
#   docker build -f docker/system.Dockerfile --build-arg COMMAND=ml-service -t ml-service \\
#       examples/ml-service
{_ANY_END}""",
    base="python:3.12-slim",
    poetry="poetry",
    start=_ANY_START,
    place=SYSTEM,
)

ANY_PROVIDED = Image(
    header=f"""\
# As Dockerfile, on a base that brings some of the packages: they are checked against the lock, and
# neither installed nor hidden.
#
#   docker build -f docker/base-has-torch.Dockerfile --build-arg BASE=example.com/pytorch:25.01 \\
#       --build-arg PROVIDED=torch --build-arg MISMATCH=warn --build-arg COMMAND=train -t train .
{_ANY_END}""",
    base="pytorch/pytorch:latest",
    poetry="poetry",
    start=_ANY_START,
    arguments=('ARG PROVIDED="torch"', "ARG MISMATCH=error"),
    settings=(
        "'export POETRY_VIRTUALENVS_OPTIONS_SYSTEM_SITE_PACKAGES=true'",
        "\"export HYBRID_INSTALL_PROVIDED='$PROVIDED' HYBRID_INSTALL_PROVIDED_MISMATCH=$MISMATCH\"",
    ),
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """An image for one project, and what its owner should know of it.

    `context` is the folder to build in, relative to the project's: `.`, or `..` and so on where
    it takes packages from outside of its own. `keeps_git` where the version is read from the
    repository.
    """

    image: Image
    context: str
    notes: tuple[str, ...]
    keeps_git: bool


def fitted(document: Table, project: Project, lock: Lockfile, folder: PurePosixPath) -> Fitted:
    """The image of a project in `folder`, which is absolute; `document` is its pyproject.toml."""
    groups = _groups(project)
    python = _python(project, lock, groups)
    packages = _selected(lock, groups, python)
    context = _context(packages, folder)
    inside = folder.relative_to(context)
    start, notes = _start(document, project)
    secrets = _secrets(project)
    keeps_git = bool(table_at(document, "tool", "poetry-dynamic-versioning"))
    image = Image(
        header=_header(inside, secrets),
        base=f"python:{python}-slim",
        poetry=_poetry(lock),
        project=str(inside),
        selection=f"--only={','.join(sorted(groups, key=lambda name: (name != MAIN_GROUP, name)))}",
        build_packages=" ".join(_build_packages(packages, needs_git=keeps_git)),
        with_source=not project.package_mode,
        secrets=secrets,
        start=start,
    )
    missing = _without_wheel(packages, python) if lock.has_groups_and_markers else []
    notes += _notes(project, groups, python, missing)
    if keeps_git:
        notes.append("the version is read from git: .git is part of the build")
    return Fitted(image, _up(inside), tuple(notes), keeps_git)


def _groups(project: Project) -> frozenset[NormalizedName]:
    """What the image runs with: main, and what is neither optional nor a developer's."""
    others = {
        group.name
        for group in project.groups
        if not (group.optional or _DEVELOPERS.fullmatch(group.name))
    }
    return frozenset({MAIN_GROUP, *others})


def _python(project: Project, lock: Lockfile, groups: frozenset[NormalizedName]) -> str:
    """Of those that the project allows the one with most wheels; of equals the newest."""
    allowed = [each for each in PYTHONS if _allows(project.python_versions, each)]
    if not allowed:
        raise ProjectError(
            f"the project allows Python {project.python_versions}, and the tool needs"
            f" {PYTHONS[0]} or later in the image",
            hint="install from an exported requirements.txt in an image of an older Python",
        )
    return min(
        reversed(allowed),
        key=lambda each: len(_without_wheel(_selected(lock, groups, each), each)),
    )


def _allows(constraint: str, minor: str) -> bool:
    """Any patch release will do: images have the newest."""
    return allows(constraint, f"{minor}.99") or allows(constraint, f"{minor}.0")


def _selected(
    lock: Lockfile, groups: frozenset[NormalizedName], python: str
) -> tuple[LockedPackage, ...]:
    """What an image with that Python gets; of an older lock all that it has."""
    if not lock.has_groups_and_markers:
        return lock.packages
    return select(lock, Wanted(groups, frozenset()), _linux(python))


def _linux(python: str) -> Mapping[str, str]:
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }


def _without_wheel(packages: Iterable[LockedPackage], python: str) -> list[LockedPackage]:
    """What would have to be built, or cannot be had, for that Python on Linux."""
    tags = _tags(python)
    return [
        each
        for each in packages
        if isinstance(each.source, RegistrySource)
        if each.files and not any(it.is_wheel for it in candidates(each, tags, BinaryPolicy()))
    ]


@cache
def _tags(python: str) -> Mapping[str, int]:
    """What CPython of that version runs on a Linux of today, on either processor."""
    from packaging.tags import compatible_tags, cpython_tags

    major, minor = (int(part) for part in python.split("."))
    platforms = [
        f"{kind}_{machine}"
        for machine in ("x86_64", "aarch64")
        for kind in (
            *(f"manylinux_2_{each}" for each in range(5, 42)),
            *("manylinux2014", "manylinux2010", "manylinux1", "linux"),
        )
    ]
    tags = (
        *cpython_tags((major, minor), platforms=platforms),
        *compatible_tags((major, minor), interpreter=f"cp{major}{minor}", platforms=platforms),
    )
    return {str(tag): rank for rank, tag in enumerate(tags)}


def _start(document: Table, project: Project) -> tuple[str, list[str]]:
    """The lines that start it, and what is left to the owner."""
    commands = sorted(launchers(document))
    if not project.package_mode or not commands:
        return 'CMD ["python"]', ["put the program to start into CMD, the last line"]
    named = [name for name in commands if name == project.name]
    command = (named or commands)[0]
    others = [name for name in commands if name != command]
    notes = [f"it starts {command}; other commands: {', '.join(others)}"] if others else []
    return f'ENTRYPOINT ["{command}"]', notes


def _context(packages: Iterable[LockedPackage], folder: PurePosixPath) -> PurePosixPath:
    """The nearest folder that holds the project and all that it takes from disk."""
    context = folder
    for each in packages:
        if isinstance(each.source, FileSource | DirectorySource):
            place = _resolved(folder / each.source.path)
            while not place.is_relative_to(context):
                context = context.parent
    return context


def _resolved(path: PurePosixPath) -> PurePosixPath:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return PurePosixPath(*parts)


def _secrets(project: Project) -> tuple[str, ...]:
    """Poetry's own variables for the credentials of each source (`PasswordManager`)."""
    names = [re.sub(r"[.-]", "_", it.name).upper() for it in project.indexes if not it.is_default]
    return tuple(
        f"POETRY_HTTP_BASIC_{name}_{part}" for name in names for part in ("USERNAME", "PASSWORD")
    )


def _up(inside: PurePosixPath) -> str:
    """From the project's folder to the context's."""
    return "/".join([".."] * len(inside.parts)) or "."


def _header(inside: PurePosixPath, secrets: Iterable[str]) -> str:
    """How to build it, from the project's folder."""
    options = "".join(f" --secret id={name} \\\n#      " for name in secrets)
    command = f"#   docker build{options} -f Dockerfile -t NAME {_up(inside)}"
    hint = "\n#\n# Without the secrets of an index that asks for none." if options else ""
    return (
        "# Written by `hybrid-install init --docker`; yours to change. From this folder:\n#\n"
        f"{command}{hint}"
    )


def _poetry(lock: Lockfile) -> str:
    """The one that wrote the lock, where it can live beside the tool."""
    version = lock.generated_by
    if version is None or is_older(version, _OLDEST_POETRY):
        return "poetry"
    return f"poetry=={version}"


def _build_packages(packages: Iterable[LockedPackage], *, needs_git: bool) -> list[str]:
    """Debian's packages without which some of the lock cannot be built."""
    locked = tuple(packages)
    compiles = any(
        isinstance(each.source, RegistrySource)
        and each.files
        and not any(file.is_wheel for file in each.files)
        for each in locked
    )
    has_git = needs_git or any(isinstance(each.source, GitSource) for each in locked)
    needed = {"build-essential": compiles, "ca-certificates": has_git, "git": has_git}
    return [name for name, is_needed in needed.items() if is_needed]


def _notes(
    project: Project,
    groups: frozenset[NormalizedName],
    python: str,
    missing: Iterable[LockedPackage],
) -> Iterable[str]:
    left_out = sorted(group.name for group in project.groups if group.name not in groups)
    if left_out:
        yield f"groups left out: {', '.join(left_out)} (SELECTION)"
    if project.extras:
        yield f"extras left out: {', '.join(sorted(project.extras))} (SELECTION)"
    if names := ", ".join(each.name for each in missing):
        yield f"no wheel for Python {python} on Linux: {names}; built from source (BUILD_PACKAGES)"
    if not project.package_mode:
        yield "the project is no package: the image holds its folder, in /app"


IGNORED = (
    *(".git", ".venv", "venv", ".env", ".env.*", "Dockerfile*", "*.dockerignore", ".dockerignore"),
    *("**/__pycache__", "**/*.pyc", "**/.pytest_cache", "**/.mypy_cache", "**/.ruff_cache"),
    *("**/.tox", "**/.nox", "**/.coverage*", "**/htmlcov", "**/node_modules"),
    *("dist", ".idea", ".vscode", ".DS_Store"),
)


def dockerignore(image: Image, *, keeps_git: bool) -> str:
    """What the build of `image` has no use for."""
    prefix = "" if image.project == "." else "**/"
    lines = [
        line if line.startswith("**/") else f"{prefix}{line}"
        for line in IGNORED
        if line != ".git" or not keeps_git
    ]
    return "\n".join(["# What no image of this project needs.", *lines]) + "\n"

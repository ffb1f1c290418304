"""Real Poetry projects, locked by real Poetry."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit
from packaging.requirements import Requirement
from support.poetry_release import KNOWS_DEPENDENCY_GROUPS
from support.sandbox import Sandbox, run

POETRY = (sys.executable, "-m", "poetry")
_PYTHON = f">={sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Group:
    """A dependency group."""

    dependencies: tuple[str, ...]
    optional: bool = False

    def of_poetry(self) -> dict[str, Any]:
        """What Poetry's own table has to say of it."""
        optional: dict[str, Any] = {"optional": True} if self.optional else {}
        if KNOWS_DEPENDENCY_GROUPS:
            return optional
        return {**optional, "dependencies": dict(map(_of_poetry, self.dependencies))}


def _of_poetry(dependency: str) -> tuple[str, dict[str, Any]]:
    requirement = Requirement(dependency)
    table = {"version": str(requirement.specifier) or "*", "extras": sorted(requirement.extras)}
    return requirement.name, table


@dataclass(frozen=True)
class Spec:
    """A project to be. `sources` maps a name to a url; the first one replaces the default index, if there is one.

    `pinned` maps a dependency to the table of [tool.poetry.dependencies] that says where it comes
    from. `imports` are the modules that its console script prints.
    """

    sources: Mapping[str, str]
    dependencies: tuple[str, ...] = ()
    name: str = "acme-app"
    groups: Mapping[str, Group] = field(default_factory=dict)
    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pinned: Mapping[str, Any] = field(default_factory=dict)
    imports: tuple[str, ...] = ()
    package_mode: bool = True
    requires_python: str = _PYTHON
    in_project: bool = True
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def module(self) -> str:
        """The project's import name."""
        return self.name.replace("-", "_")

    @property
    def pyproject(self) -> str:
        """pyproject.toml."""
        project: dict[str, Any] = {
            "name": self.name,
            "version": "0.1.0",
            "description": "A project of the tests.",
            "requires-python": self.requires_python,
            "dependencies": list(self.dependencies),
        }
        if self.package_mode:
            project["scripts"] = {self.name: f"{self.module}:main"}
        if self.extras:
            project["optional-dependencies"] = {
                extra: list(requires) for extra, requires in self.extras.items()
            }
        document: dict[str, Any] = {"project": project}
        if self.groups and KNOWS_DEPENDENCY_GROUPS:
            document["dependency-groups"] = {
                name: list(group.dependencies) for name, group in self.groups.items()
            }
        document["tool"] = {"poetry": self._poetry(), **self.tables}
        if self.package_mode:
            document["build-system"] = {
                "requires": ["poetry-core"],
                "build-backend": "poetry.core.masonry.api",
            }
        return tomlkit.dumps(document)

    def _poetry(self) -> dict[str, Any]:
        table: dict[str, Any] = {}
        if self.package_mode:
            table["packages"] = [{"include": self.module, "from": "src"}]
        else:
            table["package-mode"] = False
        if self.pinned:
            table["dependencies"] = dict(self.pinned)
        groups = {name: each.of_poetry() for name, each in self.groups.items()}
        if any(groups.values()):
            table["group"] = {name: group for name, group in groups.items() if group}
        if not self.sources:
            return table
        primary, *others = self.sources.items()
        table["source"] = [{"name": primary[0], "url": primary[1], "priority": "primary"}]
        table["source"] += [
            {"name": name, "url": url, "priority": "explicit"} for name, url in others
        ]
        return table

    @property
    def code(self) -> str:
        """The project's module: it prints what it imports."""
        lines = [f"import {module}" for module in self.imports]
        prints = [
            f'    print("{module}", {module}.VERSION, {module}.FLAVOUR)' for module in self.imports
        ]
        return "\n".join(
            [*lines, "", "", "def main():", *(prints or ["    print('no imports')"]), ""]
        )

    def write(self, folder: Path) -> None:
        """Put the project's files there, without a lock."""
        write_files(folder, self.files)
        write_files(folder, {"pyproject.toml": self.pyproject})
        if self.package_mode:
            write_files(folder, {f"src/{self.module}/__init__.py": self.code})
        if self.in_project:
            write_files(folder, {"poetry.toml": "[virtualenvs]\nin-project = true\n"})


@dataclass(frozen=True)
class Project:
    """A locked project on disk."""

    folder: Path
    spec: Spec

    @property
    def venv(self) -> Path:
        """The environment in the project."""
        return self.folder / ".venv"

    @property
    def lock(self) -> Path:
        """poetry.lock."""
        return self.folder / "poetry.lock"

    @property
    def pyproject(self) -> Path:
        """pyproject.toml."""
        return self.folder / "pyproject.toml"

    @property
    def fingerprint(self) -> str:
        """What an installation depends on."""
        digest = hashlib.sha256()
        for path in files_of(self.folder):
            digest.update(f"{path.relative_to(self.folder)}\n".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace text that must be there."""
        path = self.folder / file
        text = path.read_text("utf-8")
        assert old in text, f"{file} has no {old!r}:\n{text}"
        path.write_text(text.replace(old, new), "utf-8")


class Locksmith:
    """Locks projects, each distinct one once."""

    def __init__(self, folder: Path, sandbox: Sandbox, python_prefix: Path) -> None:
        self._folder = folder
        # An active environment spares Poetry from making one for each lock.
        self._sandbox = sandbox.having(VIRTUAL_ENV=str(python_prefix))

    def project(
        self, spec: Spec, folder: Path, *, environ: Mapping[str, str] | None = None
    ) -> Project:
        """`spec` written to `folder` and locked. `environ` holds what locking needs besides."""
        spec.write(folder)
        project = Project(folder, spec)
        locked = self._folder / project.fingerprint
        if not locked.is_dir():
            unfinished = locked.with_suffix(".unfinished")
            shutil.copytree(folder, unfinished)
            variables = {**self._sandbox.environ, **(environ or {})}
            run([*POETRY, "lock", "--no-interaction", "--no-ansi"], variables, unfinished)
            unfinished.rename(locked)
        shutil.copy(locked / "poetry.lock", project.lock)
        return project

    def declare_fresh(self, project: Project) -> None:
        """Give the lock the content-hash that Poetry computes for pyproject.toml as it is now."""
        old = self._content_hash(project.lock)
        code = (
            "from poetry.factory import Factory;"
            " print(Factory().create_poetry().locker._get_content_hash())"
        )
        answer = run([sys.executable, "-c", code], self._sandbox.environ, project.folder)
        project.edit("poetry.lock", old, answer.stdout.strip())

    @staticmethod
    def _content_hash(lock: Path) -> str:
        return str(tomlkit.parse(lock.read_text("utf-8"))["metadata"]["content-hash"])


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files with their parents."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def files_of(folder: Path) -> list[Path]:
    """All files but those of an environment in it, sorted."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] != ".venv"
    )

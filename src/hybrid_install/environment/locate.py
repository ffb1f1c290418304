"""Which environment: the very one that Poetry would use, or the one that `--venv` names.

Mirrors `EnvManager.get` and `EnvManager.create_venv` (poetry/utils/env/env_manager.py).
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.project import Project
from hybrid_install.core.versions import allows
from hybrid_install.environment.discovery import (
    compatible_python,
    is_version,
    newest_allowed,
    preferred_python,
    requested_python,
    requested_version,
)
from hybrid_install.environment.probe import presumed, probe
from hybrid_install.errors import InvalidDataError, TargetError
from hybrid_install.files import read_toml
from hybrid_install.poetry_config import PoetryConfig
from hybrid_install.tools.process import Runner

ENVS_FILE = "envs.toml"

UNNAMED = "non-package-mode"
"""Poetry's name for a project without one (`Factory.create_poetry` in poetry-core)."""


@dataclass(frozen=True)
class TargetEnvironment:
    """The environment to fill.

    `interpreter` is the environment's own where it `exists`, else the one that it will be made
    with. `origin` says why this one. `is_broken` marks a folder without a working interpreter,
    which is made anew, as Poetry does. `is_virtual` is False where Poetry
    installs into an interpreter itself. `remember_minor` is what Poetry must find in its
    envs.toml to choose the same environment next time.
    """

    path: Path
    interpreter: Interpreter
    exists: bool
    origin: str
    is_broken: bool = False
    is_virtual: bool = True
    remember_minor: bool = False

    @property
    def python(self) -> Path:
        """The environment's interpreter, by the path that installs into it."""
        return python_in(self.path)


@dataclass(frozen=True)
class Locator:
    """Everything that the choice depends on.

    `poetry_python` is the interpreter that runs Poetry, for `virtualenvs.use-poetry-python`.
    """

    project: Project
    project_dir: Path
    config: PoetryConfig
    environ: Mapping[str, str]
    runner: Runner
    venv: Path | None = None
    python: str | None = None
    poetry_python: Path | None = None

    def locate(self) -> TargetEnvironment:
        """The environment; `TargetError` where its Python, or every Python, is refused."""
        target = self._at_named_place() or self._existing() or self._new()
        if target.is_virtual:
            self._refuse_wrong_python(target)
        return target

    def _at_named_place(self) -> TargetEnvironment | None:
        if self.venv is None:
            return None
        return self._at(self.venv, "--venv")

    def _existing(self) -> TargetEnvironment | None:
        """`EnvManager.get`: whatever is there wins over where a new one would be made.

        A broken active environment is not replaced by another one that exists: `_new` says where.
        """
        if active := self._active_prefix:
            name = "VIRTUAL_ENV" if "VIRTUAL_ENV" in self.environ else "CONDA_PREFIX"
            found = self._at(active, f"{name} is set") if is_sane(active) else None
            return found or self._without_virtualenv()
        return self._existing_in_project() or self._without_virtualenv() or self._existing_central()

    def _new(self) -> TargetEnvironment:
        """`EnvManager.create_venv`: in the project only where that is asked for.

        A sane environment in that place is used, also where Poetry would make it anew.
        """
        wanted = self.config.flag("virtualenvs", "in-project")
        if wanted or (wanted is None and self._project_folder.is_dir()):
            return self._at(self._project_folder, "in the project")
        return self._new_central()

    @property
    def _active_prefix(self) -> Path | None:
        """An environment is active unless envs.toml has chosen another."""
        prefix = self.environ.get("VIRTUAL_ENV", self.environ.get("CONDA_PREFIX"))
        if not prefix or self.environ.get("CONDA_DEFAULT_ENV") == "base":
            return None
        return None if self.is_remembered else Path(prefix).absolute()

    @property
    def _project_folder(self) -> Path:
        return self.project_dir / ".venv"

    def _existing_in_project(self) -> TargetEnvironment | None:
        unwanted = self.config.flag("virtualenvs", "in-project") is False
        if unwanted or not self._project_folder.is_dir():
            return None
        return self._at(self._project_folder, "in the project")

    def _without_virtualenv(self) -> TargetEnvironment | None:
        """`virtualenvs.create = false`: Poetry's interpreter, presumably the preferred one."""
        if self.config.flag("virtualenvs", "create") is not False:
            return None
        interpreter = self._preferred or self._interpreter_for_new()
        return TargetEnvironment(
            interpreter.prefix,
            interpreter,
            exists=True,
            origin="virtualenvs.create is false",
            is_virtual=False,
        )

    def _existing_central(self) -> TargetEnvironment | None:
        """The named environment of envs.toml's minor, without one of the preferred Python's.

        A broken one is not returned: Poetry makes it anew with the Python that it prefers now.
        """
        if self.python is not None:
            return None
        if remembered := self._remembered_minor:
            path, origin = self._central(remembered), "chosen in Poetry's envs.toml"
        elif preferred := self._preferred:
            path, origin = self._central(preferred.minor_version), "in Poetry's virtualenvs.path"
        else:
            return None
        return self._at(path, origin) if is_sane(path) else None

    def _new_central(self) -> TargetEnvironment:
        """`<virtualenvs.path>/<name>-py<minor>` by the Python that it is made with."""
        interpreter, preferred = self._interpreter_for_new(), self._preferred
        path, origin = self._central(interpreter.minor_version), "in Poetry's virtualenvs.path"
        if is_sane(path):
            return self._at(path, origin)
        differs = preferred is None or preferred.minor_version != interpreter.minor_version
        return TargetEnvironment(
            path=path,
            interpreter=interpreter,
            exists=False,
            origin=origin,
            is_broken=path.exists(),
            remember_minor=differs or self.is_remembered,
        )

    def _central(self, minor_version: str) -> Path:
        name = base_env_name(self._name, self.project_dir)
        return self.config.virtualenvs_path / f"{name}-py{minor_version}"

    def _at(self, path: Path, origin: str) -> TargetEnvironment:
        if is_sane(path):
            interpreter = probe(python_in(path), self.runner, self.environ)
            return TargetEnvironment(path, interpreter, exists=True, origin=origin)
        is_file = path.exists() and not path.is_dir()
        if is_file or (_holds_something(path) and not (path / "pyvenv.cfg").is_file()):
            raise TargetError(
                f"{path} is neither empty nor an environment",
                hint="name another folder, or remove this one",
            )
        return TargetEnvironment(
            path,
            self._interpreter_for_new(),
            exists=False,
            origin=origin,
            is_broken=_holds_something(path),
        )

    def _interpreter_for_new(self) -> Interpreter:
        """`--python`, the preferred Python, a compatible one, or one that uv will provide."""
        if self.python is not None:
            return self._requested(self.python)
        preferred = self._preferred
        if preferred and self._is_allowed(preferred):
            return preferred
        if compatible := compatible_python(self.project.python_versions, self.environ):
            return probe(compatible, self.runner, self.environ)
        if version := newest_allowed(self.project.python_versions):
            return presumed(version)
        raise TargetError(
            "Poetry was unable to find a compatible version. The project supports"
            f" {self.project.python_versions}",
            hint="name an interpreter with --python",
        )

    def _requested(self, request: str) -> Interpreter:
        if found := requested_python(request, self.environ):
            return probe(found, self.runner, self.environ)
        return presumed(requested_version(request) or request)

    @cached_property
    def _preferred(self) -> Interpreter | None:
        """`Python.get_preferred_python`: the active one, or the one that runs Poetry."""
        of_poetry = self.config.flag("virtualenvs", "use-poetry-python")
        found = self.poetry_python if of_poetry else preferred_python(self.environ)
        return probe(found, self.runner, self.environ) if found else None

    def _is_allowed(self, interpreter: Interpreter) -> bool:
        return allows(self.project.python_versions, interpreter.full_version)

    def _refuse_wrong_python(self, target: TargetEnvironment) -> None:
        found = target.interpreter.full_version
        version = requested_version(self.python) if self.python else None
        if target.exists and version and not is_version(found, version):
            raise TargetError(
                f"the environment {target.path} has Python {found}, not {self.python} (--python)",
                hint="remove the environment to have it made anew, or leave --python out",
            )
        if not self._is_allowed(target.interpreter):
            raise TargetError(
                f"Current Python version ({found}) is not allowed by the project"
                f" ({self.project.python_versions}).",
                hint="name an interpreter with --python, or another environment with --venv",
            )

    @property
    def _name(self) -> str:
        return self.project.name or UNNAMED

    @property
    def is_remembered(self) -> bool:
        """Whether Poetry's envs.toml has a section for the project."""
        return self._remembered_minor is not None

    @cached_property
    def _remembered_minor(self) -> str | None:
        """The project's section of envs.toml, which `poetry env use` writes."""
        path = self.config.virtualenvs_path / ENVS_FILE
        if not path.is_file():
            return None
        try:
            section = read_toml(path).document.get(base_env_name(self._name, self.project_dir))
        except InvalidDataError as error:
            raise TargetError(str(error), hint="Poetry cannot read it either: mend it") from None
        return str(section["minor"]) if isinstance(section, dict) and "minor" in section else None


def is_sane(prefix: Path) -> bool:
    """`VirtualEnv.is_sane`: the environment has a python."""
    return python_in(prefix).exists()


def python_in(prefix: Path) -> Path:
    """`Env.python`: `bin/python`, or the first by name where there is no such file."""
    names = (path.name for path in (prefix / "bin").glob("python*"))
    pythons = sorted(name for name in names if re.fullmatch(r"python(?:\d+(?:\.\d+)?)?", name))
    return prefix / "bin" / (pythons[0] if pythons else "python")


def _holds_something(path: Path) -> bool:
    return path.is_dir() and any(path.iterdir())


def base_env_name(name: str, project_dir: Path) -> str:
    """`EnvManager.generate_env_name`."""
    sanitized = re.sub(r'[ $`!*@"\\\r\n\t]', "_", name.lower())[:42]
    place = os.path.normcase(os.path.realpath(project_dir))
    digest = base64.urlsafe_b64encode(hashlib.sha256(place.encode()).digest()).decode()[:8]
    return f"{sanitized}-{digest}"


def prompt(config: PoetryConfig, project: Project, interpreter: Interpreter) -> str | None:
    """`virtualenvs.prompt`, filled in."""
    template = config.get("virtualenvs", "prompt")
    if template is None:
        return None
    try:
        return str(template).format(
            project_name=project.name or UNNAMED, python_version=interpreter.minor_version
        )
    except (KeyError, ValueError, IndexError) as error:
        raise TargetError(
            f"Invalid template string in 'virtualenvs.prompt' setting: {error}",
            hint="valid variables are {project_name} and {python_version}",
        ) from None


def remember(target: TargetEnvironment, locator: Locator) -> None:
    """Write the project's section of envs.toml, as `poetry env use` does (`EnvsFile`)."""
    import tomlkit

    path = locator.config.virtualenvs_path / ENVS_FILE
    document = tomlkit.parse(path.read_text("utf-8")) if path.is_file() else tomlkit.document()
    name = base_env_name(locator.project.name or UNNAMED, locator.project_dir)
    document[name] = {
        "minor": target.interpreter.minor_version,
        "patch": target.interpreter.full_version,
    }
    path.write_text(tomlkit.dumps(document), "utf-8")

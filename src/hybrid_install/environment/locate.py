"""Which environment: the very one that Poetry would use, or the one that `--venv` names.

Mirrors `EnvManager.get` and `EnvManager.create_venv` (poetry/utils/env/env_manager.py).
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from hybrid_install.core.deferral import Handover
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.project import Project
from hybrid_install.core.versions import allows
from hybrid_install.environment.discovery import (
    compatible_python,
    is_version,
    minor_by_name,
    newest_allowed,
    preferred_python,
    provision,
    requested_python,
    requested_version,
)
from hybrid_install.environment.own_interpreter import is_writable, own_interpreter
from hybrid_install.environment.probe import presumed, probe
from hybrid_install.errors import InvalidDataError, TargetError
from hybrid_install.files import read_toml
from hybrid_install.poetry_config import PoetryConfig
from hybrid_install.regular import read_text
from hybrid_install.tools.process import Runner

ENVS_FILE = "envs.toml"

MARKER = "hybrid-install.unfinished-environment"
"""The file in an environment that is being made (`environment.creation`)."""

# Characters of a field in a prompt.
_WIDEST = 1000

UNNAMED = "non-package-mode"
"""Poetry's name for a project without one (`Factory.create_poetry` in poetry-core)."""


@dataclass(frozen=True)
class TargetEnvironment:
    """The environment to fill.

    `interpreter` is the environment's own where it `exists`, else the one that it will be made
    with. `origin` says why this one. `is_broken` marks a folder without a working interpreter,
    which is made anew, as Poetry does. `is_virtual` is False where Poetry installs into an
    interpreter itself; `handover` then says why only Poetry can. `remember_minor` is what Poetry
    must find in its envs.toml to choose the same environment next time.
    """

    path: Path
    interpreter: Interpreter
    exists: bool
    origin: str
    is_broken: bool = False
    is_virtual: bool = True
    handover: Handover | None = None
    remember_minor: bool = False

    @property
    def python(self) -> Path:
        """The environment's interpreter, by the path that installs into it."""
        return python_in(self.path) if self.is_virtual else self.interpreter.executable


@dataclass(frozen=True)
class Locator:
    """Everything that the choice depends on.

    `poetry_python` answers with the interpreter that runs Poetry, None where that is unknown; it is
    asked only where a setting of Poetry's makes it matter.
    """

    project: Project
    project_dir: Path
    config: PoetryConfig
    environ: Mapping[str, str]
    runner: Runner
    venv: Path | None = None
    python: str | None = None
    poetry_python: Callable[[], Path | None] = lambda: None

    def locate(self) -> TargetEnvironment:
        """The environment; `TargetError` where its Python, or every Python, is refused."""
        target = self._at_named_place() or self._existing() or self._new()
        self.refuse_wrong_python(target)
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
            if is_sane(active):
                return self._at(active, f"{name} is set")
            return self._left_to_poetry(Handover.BROKEN_ENVIRONMENT) if self._makes_none else None
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

    @property
    def _makes_none(self) -> bool:
        return self.config.flag("virtualenvs", "create") is False

    def _without_virtualenv(self) -> TargetEnvironment | None:
        """`virtualenvs.create = false`: the interpreter below the one that runs Poetry."""
        if not self._makes_none:
            return None
        running = self.poetry_python()
        if running is None:
            return self._left_to_poetry(Handover.UNKNOWN_INTERPRETER)
        interpreter = own_interpreter(running, self.runner, self.environ)
        if not is_writable(interpreter):
            return self._left_to_poetry(Handover.READ_ONLY_INTERPRETER, interpreter)
        return self._interpreter_itself(interpreter, None)

    def _left_to_poetry(
        self, handover: Handover, interpreter: Interpreter | None = None
    ) -> TargetEnvironment:
        """Whatever Poetry takes; another Python stands for it in what we print."""
        standing_in = interpreter or self._preferred or self._interpreter_for_new()
        return self._interpreter_itself(standing_in, handover)

    @staticmethod
    def _interpreter_itself(
        interpreter: Interpreter, handover: Handover | None
    ) -> TargetEnvironment:
        return TargetEnvironment(
            interpreter.prefix,
            interpreter,
            exists=True,
            origin="virtualenvs.create is false",
            is_virtual=False,
            handover=handover,
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
        return self._at(path, origin) if is_sane(path) and not is_unfinished(path) else None

    def _new_central(self) -> TargetEnvironment:
        """`<virtualenvs.path>/<name>-py<minor>` by the Python that it is made with."""
        interpreter = self._interpreter_for_new()
        path = self._central(interpreter.minor_version)
        target = self._at(path, "in Poetry's virtualenvs.path", interpreter)
        if target.exists:
            return target
        return replace(target, remember_minor=self._must_be_remembered(interpreter))

    def _must_be_remembered(self, interpreter: Interpreter) -> bool:
        """Whether Poetry would not find an environment by this Python without its envs.toml.

        It finds the one of the preferred Python, or of the one that it takes in its place.
        """
        if self.is_remembered:
            return True
        if self.python is None and not interpreter.is_presumed:
            return False
        return self._preferred_minor != interpreter.minor_version

    @property
    def _preferred_minor(self) -> str | None:
        """Told by its name, if it has one that tells: a start costs up to 0.25 s."""
        if not self.config.flag("virtualenvs", "use-poetry-python"):
            found = preferred_python(self.environ, self.config.python_installation_dir)
            if found is None or (minor := minor_by_name(found)):
                return minor if found else None
        return self._preferred.minor_version if self._preferred else None

    def _central(self, minor_version: str) -> Path:
        name = base_env_name(self._name, self.project_dir)
        return self.config.virtualenvs_path / f"{name}-py{minor_version}"

    def _at(
        self, path: Path, origin: str, made_with: Interpreter | None = None
    ) -> TargetEnvironment:
        if is_sane(path) and not is_unfinished(path):
            interpreter = probe(python_in(path), self.runner, self.environ)
            _refuse_stranger(path, interpreter)
            return TargetEnvironment(path, interpreter, exists=True, origin=origin)
        is_file = path.exists() and not path.is_dir()
        is_environment = is_unfinished(path) or (path / "pyvenv.cfg").is_file()
        if is_file or (_holds_something(path) and not is_environment):
            raise TargetError(
                f"{path} is neither empty nor an environment",
                hint="name another folder, or remove this one",
            )
        return TargetEnvironment(
            path,
            made_with or self._interpreter_for_new(),
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
        allowed, provided = self.project.python_versions, self.config.python_installation_dir
        if compatible := compatible_python(allowed, self.environ, provided):
            return probe(compatible, self.runner, self.environ)
        if provision := newest_allowed(allowed):
            return presumed(provision.request, provision.version)
        raise TargetError(
            "Poetry was unable to find a compatible version. The project supports"
            f" {self.project.python_versions}",
            hint="name an interpreter with --python",
        )

    def _requested(self, request: str) -> Interpreter:
        if found := requested_python(request, self.environ, self.config.python_installation_dir):
            return probe(found, self.runner, self.environ)
        provided = provision(requested_version(request) or request, self.project.python_versions)
        return presumed(provided.request, provided.version)

    @cached_property
    def _preferred(self) -> Interpreter | None:
        """`Python.get_preferred_python`: the active one, or the one that runs Poetry."""
        if self.config.flag("virtualenvs", "use-poetry-python"):
            found = self.poetry_python()
        else:
            found = preferred_python(self.environ, self.config.python_installation_dir)
        return probe(found, self.runner, self.environ) if found else None

    def _is_allowed(self, interpreter: Interpreter) -> bool:
        return allows(self.project.python_versions, interpreter.full_version)

    def refuse_wrong_python(self, target: TargetEnvironment) -> None:
        """`TargetError` for a Python that `--python` or the project does not allow.

        What Poetry takes where the whole run is its own is Poetry's to judge.
        """
        if target.handover is not None:
            return
        found = target.interpreter.full_version
        if target.exists and self.python and not self._is_requested(target.interpreter):
            raise TargetError(
                f"{self._noun(target)} {target.path} has Python {found}, not {self.python}"
                " (--python)",
                hint="remove the environment to have it made anew, or leave --python out"
                if target.is_virtual
                else "leave --python out, or name an environment with --venv",
            )
        if not self._is_allowed(target.interpreter):
            raise TargetError(
                f"Current Python version ({found}) is not allowed by the project"
                f" ({self.project.python_versions}).",
                hint="name an interpreter with --python, or another environment with --venv"
                if target.is_virtual
                else "Poetry cannot switch to a compatible Python version because virtualenv"
                " creation is disabled: name an environment with --venv",
            )

    @staticmethod
    def _noun(target: TargetEnvironment) -> str:
        return "the environment" if target.is_virtual else "Poetry's interpreter in"

    def _is_requested(self, interpreter: Interpreter) -> bool:
        """Whether it has the version that `--python` states, or the version of what it names."""
        request = self.python or ""
        if version := requested_version(request):
            return is_version(interpreter.full_version, version)
        named = self._requested(request)
        same = ("implementation_name", "python_full_version")
        return all(named.markers[each] == interpreter.markers[each] for each in same)

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


def is_unfinished(prefix: Path) -> bool:
    """Whether a run of ours was killed while it made the environment.

    One that has been used since, by Poetry say, is taken as it is.
    """
    if not (prefix / MARKER).exists():
        return False
    if not is_sane(prefix):
        return True
    installed = prefix.glob("lib/python*/site-packages/*.dist-info")
    return all(path.name.startswith("pip-") for path in installed)


def python_in(prefix: Path) -> Path:
    """`Env.python`: `bin/python`, or the first by name where there is no such file."""
    names = (path.name for path in (prefix / "bin").glob("python*"))
    pythons = sorted(name for name in names if re.fullmatch(r"python(?:\d+(?:\.\d+)?)?", name))
    return prefix / "bin" / (pythons[0] if pythons else "python")


def _refuse_stranger(path: Path, interpreter: Interpreter) -> None:
    """`TargetError` where its python installs elsewhere: pyvenv.cfg (PEP 405) is lost.

    Poetry takes it for an environment all the same, and `poetry sync` then removes what it finds in
    the interpreter below, which may be the machine's own.
    """
    if not interpreter.prefix.exists() or not path.samefile(interpreter.prefix):
        raise TargetError(
            f"{path} is not an environment of its own: its python installs into"
            f" {interpreter.prefix}",
            hint="its pyvenv.cfg is missing or damaged: remove the folder, and it is made anew",
        )


def _holds_something(path: Path) -> bool:
    return path.is_dir() and any(path.iterdir())


def base_env_name(name: str, project_dir: Path) -> str:
    """`EnvManager.generate_env_name`."""
    sanitized = re.sub(r'[ $`!*@"\\\r\n\t]', "_", name.lower())[:42]
    place = os.path.normcase(os.path.realpath(project_dir)).encode(errors="ignore")
    digest = base64.urlsafe_b64encode(hashlib.sha256(place).digest()).decode()[:8]
    return f"{sanitized}-{digest}"


def prompt(config: PoetryConfig, project: Project, interpreter: Interpreter) -> str | None:
    """`virtualenvs.prompt`, filled in."""
    template = config.text("virtualenvs", "prompt")
    if template is None:
        return None
    try:
        _refuse_absurd_widths(template)
        return template.format(
            project_name=project.name or UNNAMED, python_version=interpreter.minor_version
        )
    except (LookupError, ValueError, AttributeError, TypeError) as error:
        raise TargetError(
            f"Invalid template string in 'virtualenvs.prompt' setting: {error}",
            hint="valid variables are {project_name} and {python_version}",
        ) from None


def _refuse_absurd_widths(template: str) -> None:
    """`ValueError` for `{project_name:>999999999}`, whose spaces would take all memory."""
    if ":" not in template:
        return
    from string import Formatter

    for _, _, spec, _ in Formatter().parse(template):
        if any(int(width) > _WIDEST for width in re.findall(r"\d+", spec or "")):
            raise ValueError(f"{spec} is wider than {_WIDEST}")


def remember(target: TargetEnvironment, locator: Locator) -> None:
    """Write the project's section of envs.toml, as `poetry env use` does (`EnvsFile`)."""
    import tomlkit

    path = locator.config.virtualenvs_path / ENVS_FILE
    document = tomlkit.parse(read_text(path)) if path.is_file() else tomlkit.document()
    name = base_env_name(locator.project.name or UNNAMED, locator.project_dir)
    document[name] = {
        "minor": target.interpreter.minor_version,
        "patch": target.interpreter.full_version,
    }
    path.write_text(tomlkit.dumps(document), "utf-8")

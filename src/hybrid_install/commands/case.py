"""The project at hand as `doctor` looks at it: each part for itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from hybrid_install import poetry_config
from hybrid_install import settings as own_settings
from hybrid_install.commands.inputs import Inputs, as_requested
from hybrid_install.commands.prepare import Preparation, poetry_python
from hybrid_install.commands.request import Request
from hybrid_install.core.credentials import Credentials
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.project import Project
from hybrid_install.core.selection import wanted
from hybrid_install.core.settings import Settings
from hybrid_install.environment.locate import Locator, TargetEnvironment
from hybrid_install.errors import HybridInstallError, InvalidDataError, ProjectError
from hybrid_install.files import TomlFile, find_pyproject, read_lock, read_project, read_toml
from hybrid_install.poetry_config import PoetryConfig
from hybrid_install.tools import poetry as poetry_tool
from hybrid_install.tools import uv as uv_tool
from hybrid_install.tools.keyring import KeyringQuery, ask
from hybrid_install.tools.poetry import Poetry
from hybrid_install.tools.process import Runner
from hybrid_install.tools.uv import Uv

T = TypeVar("T")


def known(look: Callable[[], T]) -> T | None:
    """What is looked for; None where that is the matter of another section."""
    with suppress(HybridInstallError, OSError):
        return look()
    return None


@dataclass(frozen=True)
class Case:
    """Every part raises what an install would end with; `known` asks for it all the same."""

    request: Request
    runner: Runner

    @cached_property
    def pyproject(self) -> TomlFile:
        """pyproject.toml, which need not be one of a project."""
        return read_toml(find_pyproject(self.request.directory))

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self.pyproject.path.parent

    @cached_property
    def project(self) -> Project:
        """The project."""
        return read_project(self.pyproject)

    @cached_property
    def settings(self) -> Settings:
        """Our own settings."""
        return as_requested(own_settings.load(self.pyproject, self.request.environ), self.request)

    @cached_property
    def config(self) -> PoetryConfig:
        """Poetry's settings."""
        return poetry_config.load(self.folder, self.request.environ)

    @property
    def is_readable(self) -> bool:
        """Whether the project and Poetry's settings can be read: what most else depends on."""
        return None not in (known(lambda: self.project), known(lambda: self.config))

    @cached_property
    def lock(self) -> Lockfile:
        """The lock, stale or not."""
        return read_lock(self.folder)

    @cached_property
    def uv(self) -> Uv:
        """The uv that would be used."""
        return uv_tool.find(self.request.environ, self.runner)

    @property
    def is_offline(self) -> bool:
        """Whether uv is told to ask no server; uv itself need not be there."""
        return Uv(Path(), "", self.runner, self.request.environ).is_offline

    @cached_property
    def poetry(self) -> Poetry | None:
        """The Poetry of this machine."""
        return poetry_tool.find(self.request.environ, self.runner)

    @cached_property
    def locator(self) -> Locator:
        """What the choice of the environment depends on."""
        return Locator(
            project=self.project,
            project_dir=self.folder,
            config=self.config,
            environ=self.request.environ,
            runner=self.runner,
            venv=self.request.venv,
            python=self.request.python,
            poetry_python=lambda: poetry_python(self.request, self.runner, may_start=False),
        )

    @cached_property
    def target(self) -> TargetEnvironment:
        """The environment."""
        try:
            return self.locator.locate()
        except InvalidDataError as error:
            found = error.in_file(error.file or str(self.pyproject.path))
            raise ProjectError(str(found), hint="mend that value") from None

    @cached_property
    def preparation(self) -> Preparation:
        """All of it, as for a run that starts no tools; of a stale lock too."""
        request = self.request
        request.selection.refuse_conflicts()
        chosen = wanted(request.selection, self.project, self.lock)
        inputs = Inputs(
            self.folder,
            self.project,
            self.lock,
            self.config,
            chosen,
            self.pyproject.document,
            self.settings,
            self.folder / "poetry.lock",
            contents={},
        )
        parts = (request, inputs, self.locator, self.target, self.runner)
        return Preparation(*parts, starts_tools=False)

    def ask_keyring(self, queries: Sequence[KeyringQuery]) -> Sequence[Credentials | None]:
        """As a run asks it; a keyring that cannot be asked knows nothing."""
        if not self.config.asks_keyring:
            return [None] * len(queries)
        poetry = known(lambda: self.poetry)
        python = (poetry and poetry.interpreter) or Path(sys.executable)
        return ask(queries, python, self.runner, self.request.environ)

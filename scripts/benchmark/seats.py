"""Where a contestant works: its own home, caches and copy of the project, on one file system."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from benchmark.environs import environment
from benchmark.kitchen import Kitchen
from benchmark.locks import Variant, put
from benchmark.measure import BenchError
from benchmark.tools import Tools


@dataclass(frozen=True, slots=True)
class Seat:
    """A folder, and what is served there. See `environment` for `is_mirrored`."""

    folder: Path
    tools: Tools
    kitchen: Kitchen
    is_mirrored: bool

    @property
    def project(self) -> Path:
        """The copy of the project."""
        return self.folder / "project"

    @property
    def venv(self) -> Path:
        """The environment, in the project."""
        return self.project / ".venv"

    @property
    def python(self) -> str:
        """The environment's interpreter."""
        return str(self.venv / "bin" / "python")

    @property
    def environ(self) -> dict[str, str]:
        """The variables of a run."""
        url = self.kitchen.index_url
        return environment(self.folder, self.tools, url, is_mirrored=self.is_mirrored)

    def forget_caches(self) -> None:
        """As on a new machine; the environment is gone too."""
        self.remove_environment()
        for folder in (self.folder / "home", self.folder / "tmp"):
            shutil.rmtree(folder, ignore_errors=True)

    def remove_environment(self) -> None:
        """As in a new clone."""
        shutil.rmtree(self.venv, ignore_errors=True)

    def lay_poetry(self, variant: Variant) -> None:
        """The project as it is."""
        self.kitchen.lock.write(self.project, variant)

    def lay_requirements(self, variant: Variant) -> None:
        """The project, and a requirements.txt that was exported before."""
        self.lay_poetry(variant)
        put(self.project / "requirements.txt", self.kitchen.requirements(variant))

    def lay_uv(self, variant: Variant) -> None:
        """The project as it would be one of uv's, with a uv.lock.

        In pyproject.toml nothing changes with a light package, as nothing does in Poetry's.
        """
        self.kitchen.lock.write_sources(self.project)
        pyproject = self.kitchen.uv_pyproject(Variant(bumps=variant.bumps))
        put(self.project / "pyproject.toml", pyproject)
        put(self.project / "uv.lock", self.kitchen.uv_lock(variant))

    def check(self, variant: Variant) -> None:
        """Every package is there in the version that is locked, or the benchmark ends."""
        there = self._installed()
        for name, version in self.kitchen.pins_of(variant).items():
            if name not in there or there[name] != Version(version):
                raise BenchError(f"{self.folder.name} left {name} {there.get(name)}, not {version}")

    def _installed(self) -> dict[str, Version]:
        """Names, normalized, and versions, as the names of metadata folders have them."""
        folders = self.venv.glob("lib/python*/site-packages/*.dist-info")
        found = (path.name.removesuffix(".dist-info").split("-", 1) for path in folders)
        return {canonicalize_name(name): Version(version) for name, version in found}

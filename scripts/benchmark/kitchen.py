"""What is made of a lock before anything is measured: pins, and what contestants start from."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit
from packaging.utils import canonicalize_name

from benchmark.environs import environment
from benchmark.locks import AS_IT_IS, Lock, Variant
from benchmark.measure import BenchError
from benchmark.tools import PYTHON, Tools, run

# Other platforms would need packages that the index does not have.
_HERE = (
    "sys_platform == 'linux' and platform_machine == 'x86_64'"
    " and implementation_name == 'cpython' and platform_python_implementation == 'CPython'"
)


@dataclass
class Kitchen:
    """Makes each file once; its caches are no contestant's."""

    lock: Lock
    tools: Tools
    folder: Path
    index_url: str
    _made: dict[tuple[str, Variant], str] = field(default_factory=dict)
    _pins: dict[str, str] = field(default_factory=dict)

    @property
    def pins(self) -> dict[str, str]:
        """What is installed of the lock as it is: names, normalized, and versions."""
        if not self._pins:
            project = self._project(AS_IT_IS)
            argv = [self.tools["hybrid-install"], "plan", "--json"]
            plan = json.loads(run(argv, self._environ(), project))
            installed = [each for each in plan["operations"] if each["action"] == "install"]
            others = [each for each in plan["operations"] if each not in installed]
            if others:
                raise BenchError(f"{self.lock.key} is not all uv's: {others[:3]}")
            self._pins = {canonicalize_name(each["name"]): each["version"] for each in installed}
        return self._pins

    def pins_of(self, variant: Variant) -> dict[str, str]:
        """What is installed of a variant."""
        return self.lock.pinned(self.pins, variant)

    def requirements(self, variant: Variant) -> str:
        """A requirements.txt with hashes, as `poetry export` writes it."""
        return self._once("requirements", Variant(variant.light))

    def uv_lock(self, variant: Variant) -> str:
        """The uv.lock of `uv_pyproject`."""
        return self._once("uv_lock", variant)

    def uv_pyproject(self, variant: Variant) -> str:
        """A project for uv, with the very versions that the lock selects, and the same root."""
        document = tomllib.loads(self.lock.pyproject(variant))
        project, poetry = document.get("project", {}), document.get("tool", {}).get("poetry", {})
        pins = [f"{name}=={version}" for name, version in self.pins_of(variant).items()]
        own: dict[str, Any] = {
            "name": project.get("name") or poetry["name"],
            "version": project.get("version") or poetry["version"],
            "requires-python": f"=={PYTHON}.*",
            "dependencies": pins,
        }
        own |= {key: project[key] for key in {"scripts"} & project.keys()}
        ours: dict[str, Any] = {"project": own, "build-system": document["build-system"]}
        kept = {key: poetry[key] for key in ("packages", "include", "exclude") if key in poetry}
        uv = {"environments": [_HERE], "override-dependencies": pins}
        return tomlkit.dumps({**ours, "tool": {"poetry": kept, "uv": uv}})

    def _once(self, what: str, variant: Variant) -> str:
        if (what, variant) not in self._made:
            self._made[what, variant] = getattr(self, f"_make_{what}")(variant)
        return self._made[what, variant]

    def _make_requirements(self, variant: Variant) -> str:
        groups = self.lock.groups
        argv = [self.tools["poetry"], "export", "--format", "requirements.txt", "--no-interaction"]
        argv += ["--with", ",".join(groups)] if groups else []
        return run(argv, self._environ(), self._project(variant))

    def _make_uv_lock(self, variant: Variant) -> str:
        project = self._project(variant)
        (project / "uv.lock").unlink(missing_ok=True)
        (project / "pyproject.toml").write_text(self.uv_pyproject(variant), "utf-8")
        run([self.tools["uv"], "lock", "--quiet"], self._environ(), project)
        return (project / "uv.lock").read_text("utf-8")

    def _project(self, variant: Variant) -> Path:
        project = self.folder / "project"
        self.lock.write(project, variant)
        return project

    def _environ(self) -> dict[str, str]:
        return environment(self.folder, self.tools, self.index_url, is_mirrored=True)

"""What is made before anything is measured: wheels, pins, and what contestants start from.

Wheels come from the default index, once; all else from the index on 127.0.0.1.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import tomlkit
from packaging.utils import canonicalize_name

from benchmark.environs import environment
from benchmark.locks import Lock, Release, Variant, light_candidates
from benchmark.measure import BenchError
from benchmark.tools import Tools, run

_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

# Other platforms would need packages that the index does not have.
_HERE = (
    "sys_platform == 'linux' and platform_machine == 'x86_64'"
    " and implementation_name == 'cpython' and platform_python_implementation == 'CPython'"
)


def fill(lock: Lock, tools: Tools, folder: Path, changes: int) -> Lock:
    """Fetch the wheels of a lock and of so many changes to it, once.

    Returns the lock with the releases that it can be changed to.
    """
    stamp = folder / "filled.json"
    key = hashlib.sha256(f"{lock.pyproject()}{lock.lock()}".encode()).hexdigest()
    known = json.loads(stamp.read_text("utf-8")) if stamp.is_file() else {}
    if known.get("key") == key and len(known["releases"]) >= changes:
        releases = [
            Release(name, version, tuple((file, digest) for file, digest in files))
            for name, version, files in known["releases"]
        ]
        return replace(lock, releases=tuple(releases))
    folder.mkdir(parents=True, exist_ok=True)
    _download(lock, tools, folder, Variant())
    lock = replace(lock, releases=_releases(lock, tools, changes))
    for number in range(1, len(lock.releases) + 1):
        _download(lock, tools, folder, Variant(light=number))
    _download_backend(lock, tools, folder)
    told = [(each.name, each.version, each.files) for each in lock.releases]
    stamp.write_text(json.dumps({"key": key, "releases": told}), "utf-8")
    return lock


def _download(lock: Lock, tools: Tools, folder: Path, variant: Variant) -> None:
    project = folder / "project"
    write_project(lock, project, variant)
    argv = [tools["hybrid-install"], "download", "--quiet", "--output", str(folder)]
    run(argv, _as_the_user(), project)
    shutil.rmtree(project)


def _download_backend(lock: Lock, tools: Tools, folder: Path) -> None:
    """What builds the project, for those who build in isolation."""
    needed = lock.document.get("build-system", {}).get("requires", [])
    argv = [str(Path(tools["poetry"]).resolve().with_name("python")), "-m", "pip", "download"]
    options = ["--quiet", "--only-binary", ":all:", "--dest", str(folder)]
    if needed:
        run([*argv, *options, *needed], _as_the_user(), folder)


def _as_the_user() -> dict[str, str]:
    """The user's own settings, with the folder of no active environment."""
    return {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}


def _releases(lock: Lock, tools: Tools, changes: int) -> tuple[Release, ...]:
    if not changes:
        return ()
    pins = {package["name"]: package["version"] for package in lock.packages}
    for name in light_candidates(lock, pins)[:10]:
        found = tuple(_before(name, pins[name], tools, changes))
        if len(found) == changes:
            return found
    raise BenchError(f"no light package of {lock.key} has {changes} earlier releases")


def _before(name: str, version: str, tools: Tools, count: int) -> Iterator[Release]:
    """The releases before the locked one, as the default index has them."""
    argv = [tools["uv"], "pip", "compile", "--quiet", "--no-deps", "--no-header", "--universal"]
    argv += [
        "--python",
        sys.executable,
        "--python-version",
        _PYTHON,
        "--format",
        "pylock.toml",
        "-",
    ]
    for _ in range(count):
        try:
            told = tomllib.loads(run(argv, _as_the_user(), Path.cwd(), f"{name}<{version}"))
        except BenchError:
            return
        package = told["packages"][0]
        files = [each for each in (*package.get("wheels", ()), package.get("sdist")) if each]
        if not any(_file_name(each).endswith("-none-any.whl") for each in files):
            return
        version = package["version"]
        yield Release(
            name,
            version,
            tuple((_file_name(each), f"sha256:{each['hashes']['sha256']}") for each in files),
        )


def _file_name(file: dict[str, Any]) -> str:
    return str(file.get("name") or file["url"].rpartition("/")[2])


def write_project(lock: Lock, folder: Path, variant: Variant) -> None:
    """The project as its author has it."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(lock.folder, folder, dirs_exist_ok=True)
    (folder / "pyproject.toml").write_text(lock.pyproject(variant), "utf-8")
    (folder / "poetry.lock").write_text(lock.lock(variant), "utf-8")


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
            project = self._project(Variant())
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
            "requires-python": f"=={_PYTHON}.*",
            "dependencies": pins,
        }
        for key in ("scripts",):
            own |= {key: project[key]} if key in project else {}
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
        write_project(self.lock, project, variant)
        return project

    def _environ(self) -> dict[str, str]:
        return environment(self.folder, self.tools, self.index_url, is_mirrored=True)

"""The wheels: fetched from the default index, once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmark.locks import AS_IT_IS, Lock, Release, Variant, light_candidates
from benchmark.measure import BenchError
from benchmark.tools import PYTHON, Tools, run

# How many packages are looked at for one that is light and has releases enough.
_TRIED = 10


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
    _download(lock, tools, folder, AS_IT_IS)
    lock = replace(lock, releases=_releases(lock, tools, changes))
    for number in range(1, len(lock.releases) + 1):
        _download(lock, tools, folder, Variant(light=number))
    _download_backend(lock, tools, folder)
    told = [(each.name, each.version, each.files) for each in lock.releases]
    stamp.write_text(json.dumps({"key": key, "releases": told}), "utf-8")
    return lock


def _download(lock: Lock, tools: Tools, folder: Path, variant: Variant) -> None:
    project = folder / "project"
    lock.write(project, variant)
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
    for name in light_candidates(lock, pins)[:_TRIED]:
        found = tuple(_before(name, pins[name], tools, changes))
        if len(found) == changes:
            return found
    raise BenchError(f"no light package of {lock.key} has {changes} earlier releases")


def _before(name: str, version: str, tools: Tools, count: int) -> Iterator[Release]:
    """The releases before the locked one, as the default index has them."""
    argv = [tools["uv"], "pip", "compile", "--quiet", "--no-deps", "--no-header", "--universal"]
    argv += ["--python", sys.executable, "--python-version", PYTHON]
    argv += ["--format", "pylock.toml", "-"]
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

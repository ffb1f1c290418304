"""Changes to a project that is locked, for tests of what is built again after them.

    pins.py move LOCK NAME      another version of NAME, with its files, as the index has them
    pins.py small FROM TO       a small project in TO: one package of FROM's lock, and what it needs
    pins.py torch LOCK          that small project wants a torch, which no index has
    pins.py installed FOLDER    that torch, as it is after an installation, in FOLDER

Python of an environment that hybrid-install is in: uv and the lock's hash are taken from there.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from hybrid_install.core.freshness import content_hash

_UV = Path(sys.executable).parent / "uv"
_SEED = "httpx"

_PYPROJECT = """\
[project]
name = "small-service"
version = "1.0.0"
requires-python = ">=3.11,<3.14"
dependencies = ["httpx>=0.28"]

[project.scripts]
small-service = "small_service:main"

[build-system]
requires = ["poetry-core>=2.1,<3"]
build-backend = "poetry.core.masonry.api"

[tool.hybrid-install]
heavy = ["anyio"]
"""

_SOURCE = '''\
"""A service that is small."""

import httpx


def main() -> None:
    """Answer."""
    print("small-service answers:", httpx.codes.OK.name)
'''


def move(lock: Path, name: str) -> None:
    """The newest version before the locked one; its dependencies stay as they are locked."""
    text = lock.read_text("utf-8")
    entry = _entry(text, name)
    locked = tomllib.loads(entry)["package"][0]["version"]
    other = _before(name, locked)
    files = [each for each in (*other.get("wheels", ()), other.get("sdist")) if each]
    lines = "".join(
        f'    {{file = "{_file_name(each)}", hash = "sha256:{each["hashes"]["sha256"]}"}},\n'
        for each in files
    )
    changed = entry.replace(f'version = "{locked}"', f'version = "{other["version"]}"', 1)
    changed = re.sub(
        r"^files = \[\n.*?^\]\n", f"files = [\n{lines}]\n", changed, flags=re.MULTILINE | re.DOTALL
    )
    lock.write_text(text.replace(entry, changed), "utf-8")
    print(f"{name} {locked} -> {other['version']}")


def _file_name(file: dict[str, str]) -> str:
    return file.get("name") or file["url"].rpartition("/")[2]


def _entry(text: str, name: str) -> str:
    entries = re.split(
        r"(?=^\[\[package\]\]\n)", text.partition("\n[extras]")[0], flags=re.MULTILINE
    )
    found = next(each for each in entries if f'\nname = "{name}"\n' in each)
    return found.partition("\n[metadata]")[0]


def _before(name: str, version: str) -> dict[str, object]:
    argv = [_UV, "pip", "compile", "--quiet", "--no-deps", "--universal", "--no-header"]
    asked = subprocess.run(
        [*argv, "--python-version", "3.11", "--format", "pylock.toml", "-"],
        input=f"{name}<{version}",
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        sys.exit(asked.stderr)
    return tomllib.loads(asked.stdout)["packages"][0]


def small(origin: Path, folder: Path) -> None:
    """A project whose lock is a part of `origin`'s."""
    text = (origin / "poetry.lock").read_text("utf-8")
    document = tomllib.loads(text)
    packages = {each["name"]: each for each in document["package"]}
    kept: list[str] = []
    waiting = [_SEED]
    while waiting:
        name = waiting.pop()
        if name in packages and name not in kept:
            kept.append(name)
            needed = packages[name].get("dependencies", ())
            waiting += [re.sub(r"[-_.]+", "-", each).lower() for each in needed]
    (folder / "src" / "small_service").mkdir(parents=True)
    (folder / "src" / "small_service" / "__init__.py").write_text(_SOURCE, "utf-8")
    (folder / "pyproject.toml").write_text(_PYPROJECT, "utf-8")
    head = text.partition("\n")[0]
    entries = "".join(_entry(text, name).rstrip() + "\n\n" for name in sorted(kept))
    metadata = (
        f'[metadata]\nlock-version = "{document["metadata"]["lock-version"]}"\n'
        f'python-versions = ">=3.11,<3.14"\ncontent-hash = "{_hash(_PYPROJECT)}"\n'
    )
    (folder / "poetry.lock").write_text(f"{head}\n\n{entries}{metadata}", "utf-8")
    print(f"{len(kept)} packages: {', '.join(sorted(kept))}")


def _hash(pyproject: str) -> str:
    return content_hash(tomllib.loads(pyproject))


_TORCH = """\
[[package]]
name = "torch"
version = "9.9.0"
description = "A stand-in"
optional = false
python-versions = ">=3.11"
groups = ["main"]
files = [
    {{file = "torch-9.9.0-py3-none-any.whl", hash = "sha256:{digest}"}},
]

[metadata]
"""


def torch(lock: Path) -> None:
    """What only the base image can bring: it is on no index."""
    pyproject = lock.with_name("pyproject.toml")
    text = pyproject.read_text("utf-8")
    before, after = _hash(text), text.replace('"httpx>=0.28"', '"httpx>=0.28", "torch>=9"')
    pyproject.write_text(after, "utf-8")
    entry = _TORCH.format(digest="0" * 64)
    locked = lock.read_text("utf-8").replace("[metadata]\n", entry).replace(before, _hash(after))
    lock.write_text(locked, "utf-8")


def installed(folder: Path) -> None:
    """Metadata, record and a module."""
    files = {
        "torch/__init__.py": '__version__ = "9.9.0"\n',
        "torch-9.9.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: torch\nVersion: 9.9.0\n",
        "torch-9.9.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
        "torch-9.9.0.dist-info/INSTALLER": "pip\n",
    }
    record = "torch-9.9.0.dist-info/RECORD"
    files[record] = "".join(f"{name},,\n" for name in [*files, record])
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


_VERBS = {"installed": installed, "torch": torch, "small": small}

if __name__ == "__main__":
    verb, first, *rest = sys.argv[1:]
    if verb == "move":
        move(Path(first), *rest)
    else:
        _VERBS[verb](Path(first), *map(Path, rest))

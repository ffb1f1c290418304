"""The tools of all contestants, in an environment of their own, as a user has them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from benchmark.measure import BenchError

REPOSITORY = Path(__file__).resolve().parents[2]

# The version of all interpreters.
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

_OTHERS = ("poetry>=2.5,<3", "poetry-plugin-export", "poetry-plugin-pypi-mirror", "pip")
_TOLD = ("hybrid-install", "poetry", "poetry-core", "poetry-plugin-export", "uv", "pip")


@dataclass(frozen=True, slots=True)
class Tools:
    """`bin` is the folder for PATH: the tools, and the interpreter below environments."""

    bin: Path
    versions: dict[str, str]
    install_help: str

    def __getitem__(self, name: str) -> str:
        """The path of a tool."""
        return str(self.bin / name)


def prepare_tools(work: Path) -> Tools:
    """Make the environment, or take the one that is there; ours is what this checkout holds."""
    environment = work / "tools"
    if not (environment / "bin" / "python").exists():
        _uv("venv", "--quiet", "--python", _interpreter(), environment)
        _uv("pip", "install", "--quiet", "--compile-bytecode", *_into(environment), *_OTHERS)
    _install_ours(work, environment)
    folder = _bin(work / "bin", environment)
    versions = _versions(environment)
    said = _said(folder / "hybrid-install", "install", "--help")
    return Tools(folder, {name: versions[name] for name in _TOLD}, said)


def _install_ours(work: Path, environment: Path) -> None:
    stamp, digest = work / "installed.txt", _digest()
    if stamp.is_file() and stamp.read_text("utf-8") == digest:
        return
    wheels = work / "ours"
    for old in wheels.glob("*.whl"):
        old.unlink()
    _uv("build", "--quiet", "--wheel", "--out-dir", wheels, REPOSITORY)
    wheel = next(wheels.glob("*.whl"))
    options = ("--compile-bytecode", "--reinstall-package", "hybrid-install")
    _uv("pip", "install", "--quiet", *options, *_into(environment), wheel)
    stamp.write_text(digest, "utf-8")


def _digest() -> str:
    """Of everything that goes into our wheel."""
    sources = sorted((REPOSITORY / "src").rglob("*"))
    digest = hashlib.sha256((REPOSITORY / "pyproject.toml").read_bytes())
    for path in sources:
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(REPOSITORY)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _bin(folder: Path, environment: Path) -> Path:
    """Links to the tools, and to the interpreter below: `python` there is no tool's own."""
    folder.mkdir(parents=True, exist_ok=True)
    tools = ("hybrid-install", "poetry", "uv")
    targets = {name: environment / "bin" / name for name in tools}
    targets |= dict.fromkeys(("python", "python3", f"python{PYTHON}"), Path(_interpreter()))
    for name, target in targets.items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)
    return folder


def _interpreter() -> str:
    return str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())


def _into(environment: Path) -> tuple[str, str]:
    return "--python", str(environment / "bin" / "python")


def _versions(environment: Path) -> dict[str, str]:
    listed = _said(find_uv_bin(), "pip", "list", "--format", "json", *_into(environment))
    return {each["name"]: each["version"] for each in json.loads(listed)}


def _uv(*words: str | Path) -> None:
    _said(find_uv_bin(), *words)


def _said(*words: str | Path) -> str:
    return run(words, dict(os.environ), Path.cwd())


def run(words: Sequence[str | Path], environ: dict[str, str], folder: Path, told: str = "") -> str:
    """What a command that is not measured prints; failing ends the benchmark."""
    argv = [str(word) for word in words]
    done = subprocess.run(
        argv, env=environ, cwd=folder, input=told, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"{' '.join(argv)}: exit code {done.returncode}\n{done.stderr[-4000:]}")
    return done.stdout

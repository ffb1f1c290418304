"""uv and Poetry without processes: what they are told is done, as far as files tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.distributions import dist_info
from support.fakes import StandIn
from support.mutations import toml
from support.projects import write_files

from hybrid_install.environment.probe import _PROBE
from hybrid_install.tools.process import Command

HONEST = {
    "uv": "uv 0.13.9 (abcdef 2026-01-01)\n",
    "Poetry": "Poetry (version 2.5.1)\n",
    "index": "--index-url http://127.0.0.1:9/simple\n",
}
"""What they answer of themselves: the version of each, and uv's default index."""

_DIGEST = "0" * 64


@dataclass
class Obedient(StandIn):
    """A `Runner` that starts nothing. Interpreters answer; uv and Poetry have `words` of theirs.

    `offered` is the pylock that uv compiles, None for one that has all that is asked for. What
    Poetry binds is `bound`.
    """

    answer: Callable[[Path], str]
    words: Mapping[str, str] = field(default_factory=lambda: HONEST)
    offered: str | None = None
    bound: str = "acme-app"

    def capture(self, command: Command) -> str:
        tool, argv = Path(command.argv[0]), list(command.argv[1:])
        if argv and argv[-1] == _PROBE:
            return self.answer(tool)
        if tool.name == "uv":
            return self._uv(argv, command)
        if tool.name == "poetry":
            return self._poetry(argv, command)
        return super().capture(command)

    def _uv(self, argv: list[str], command: Command) -> str:
        if argv == ["--version"]:
            return self.words["uv"]
        if argv[0] == "venv":
            write_files(Path(argv[1]), {"pyvenv.cfg": "home = /usr/bin\n", "bin/python": ""})
            (Path(argv[1]) / "bin" / "python").chmod(0o755)
        elif "--emit-index-url" in argv:
            return self.words["index"]
        elif "compile" in argv and command.cwd:
            pinned = (command.cwd / "pyproject.toml").read_text("utf-8")
            text = self.offered if self.offered is not None else _pylock_of(pinned)
            (command.cwd / "pylock.toml").write_text(text, "utf-8")
        elif "pylock.toml" in argv and command.cwd:
            _install(command.cwd / "pylock.toml", Path(argv[argv.index("--python") + 1]))
        return ""

    def _poetry(self, argv: list[str], command: Command) -> str:
        if "--version" in argv:
            return self.words["Poetry"]
        if argv[0] in {"install", "sync"} and (venv := command.env.get("VIRTUAL_ENV")):
            dist_info(site_of(Path(venv)), self.bound, "0.1.0", {"INSTALLER": "Poetry 2.5.1"})
        return ""


def site_of(venv: Path) -> Path:
    """Where the environments of `support.machine` have their packages."""
    return venv / "lib" / "python" / "site-packages"


def _pylock_of(project: str) -> str:
    """All that is asked for, as wheels for any platform with the one digest that locks here have."""
    pins = tomllib.loads(project)["project"]["dependencies"]
    packages = []
    for pin in pins:
        name, version = re.split("=+", pin.partition(";")[0].strip(), maxsplit=1)
        url = f"http://127.0.0.1:9/{name}-{version}-py3-none-any.whl"
        wheel = {"url": url, "hashes": {"sha256": _DIGEST}}
        packages.append({"name": name, "version": version, "wheels": [wheel]})
    return toml({"lock-version": "1.0", "packages": packages}).decode()


def _install(pylock: Path, python: Path) -> None:
    for package in tomllib.loads(pylock.read_text("utf-8"))["packages"]:
        dist_info(site_of(python.parent.parent), package["name"], package.get("version", "1.0"))

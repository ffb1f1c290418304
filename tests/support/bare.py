"""A machine that has Python, a package index and a checkout of this repository; no more."""

from __future__ import annotations

import os
import re
import shutil
import sysconfig
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from support.index import Index, Source
from support.rebuilt import RebuiltWheel, with_dependencies
from support.sandbox import Result, Sandbox, run

REPOSITORY = Path(__file__).parents[2]

# Where the pages say that a checkout comes from.
URL = "https://git.example.com/tools/hybrid-install"

_AUTHOR = {
    "GIT_AUTHOR_NAME": "Tests",
    "GIT_AUTHOR_EMAIL": "tests@example.invalid",
    "GIT_COMMITTER_NAME": "Tests",
    "GIT_COMMITTER_EMAIL": "tests@example.invalid",
    "GIT_CONFIG_NOSYSTEM": "1",
}


@dataclass(frozen=True)
class Bare:
    """Runs scripts of the checkout."""

    sandbox: Sandbox
    checkout: Path

    @property
    def environ(self) -> dict[str, str]:
        """The environment of whatever runs there."""
        return self.sandbox.environ

    def script(self, name: str, *arguments: str | Path, cwd: Path, **variables: str) -> Result:
        """Run one of `scripts` by the machine's plain sh."""
        argv = ["sh", self.checkout / "scripts" / name, *arguments]
        return run(argv, {**self.environ, **variables}, cwd, check=False)

    def succeeding(self, name: str, *arguments: str | Path, cwd: Path, **variables: str) -> Result:
        """Run it; anything but success is a failure of the test."""
        result = self.script(name, *arguments, cwd=cwd, **variables)
        assert result.exit_code == 0, str(result)
        return result

    def having_uv(self) -> Bare:
        """The same with uv, and with a Python that has no pip, as Debian's: made in a second."""
        folder = self.sandbox.folder("tools")
        if not (folder / "uv").exists():
            (folder / "uv").symlink_to(self.environ["HYBRID_INSTALL_UV"])
        variables = {
            "PYTHON": str(without_pip(folder / "python", self.environ["PYTHON"])),
            "PATH": f"{folder}{os.pathsep}{self.environ['PATH']}",
            "UV_DEFAULT_INDEX": self.environ["PIP_INDEX_URL"],
        }
        return replace(self, sandbox=self.sandbox.having(**variables))

    def knowing_the_url(self) -> Bare:
        """The same; git finds the checkout where the pages say."""
        config = Path(self.environ["HOME"]) / ".gitconfig"
        config.write_text(
            f'[url "file://{self.checkout}"]\n\tinsteadOf = {URL}.git\n\tinsteadOf = {URL}\n'
        )
        return self


def without_pip(path: Path, real: str) -> Path:
    """An interpreter as Debian has it without python3-venv and python3-pip."""
    path.write_text(
        "#!/bin/sh\n"
        'case ${2:-} in "import ensurepip" | "import pip") exit 1 ;; esac\n'
        f'exec {real} "$@"\n'
    )
    path.chmod(0o755)
    return path


def clone(folder: Path, sandbox: Sandbox) -> Path:
    """What is in this working tree, committed to a repository of its own."""
    listing = ["git", "-C", str(REPOSITORY), "ls-files", "-co", "--exclude-standard", "-z"]
    trusting = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    names = run(listing, {**sandbox.environ, **trusting}, REPOSITORY).stdout.split("\0")
    for name in filter(None, names):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (REPOSITORY / name).is_file():
            shutil.copy(REPOSITORY / name, target)
    for command in ("init -q", "add -A", "commit -q -m Everything", "tag v0.1.0"):
        run(["git", *command.split()], {**sandbox.environ, **_AUTHOR}, folder)
    return folder


def offer_the_tool(source: Source) -> Source:
    """All that an installation of a checkout takes from an index."""
    document = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    needs = [*document["project"]["dependencies"], *document["build-system"]["requires"], "pip"]
    names = {re.split(r"[^\w.-]", each)[0] for each in needs}
    wheels: dict[str, RebuiltWheel] = {
        wheel.filename: wheel for name in names for wheel in with_dependencies(name)
    }
    return source.offer(*wheels.values())


def variables(index: Index, source: Source, sandbox: Sandbox) -> Mapping[str, str]:
    """For a sandbox: `pip` asks this index alone. uv and Poetry are those of the tests.

    A wheel that was made of what is installed has no executable of uv's.
    """
    scripts = Path(sysconfig.get_path("scripts"))
    return {
        "PYTHON": str(sandbox.bin / "python"),
        "PIP_INDEX_URL": index.url(source),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_COMPILE": "1",
        "HYBRID_INSTALL_UV": str(scripts / "uv"),
        "HYBRID_INSTALL_POETRY": str(scripts / "poetry"),
    }

"""An environment for child processes that nothing of this machine's user leaks into."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_SCRUBBED = (
    "POETRY_",
    "UV_",
    "PIP_",
    "HYBRID_INSTALL_",
    "CONDA_",
    "VIRTUALENV_",
    "XDG_",
    "PYTHON",
    "SSL_",
    "GIT_",
)
_SCRUBBED_NAMES = {
    "VIRTUAL_ENV",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NETRC",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR_FORCE",
    "PYENV_ROOT",
    "CI",
}
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True)
class Sandbox:
    """A home of its own, with its own caches and configuration of Poetry and uv.

    `outside` is the proxy that all traffic but that to 127.0.0.1 must take.
    """

    root: Path
    bin: Path
    outside: str
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a child."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _SCRUBBED_NAMES and not name.startswith(_SCRUBBED)
        }
        return {
            **kept,
            "HOME": self._folder("home"),
            "XDG_CACHE_HOME": self._folder("cache"),
            "XDG_CONFIG_HOME": self._folder("config"),
            "XDG_DATA_HOME": self._folder("data"),
            "TMPDIR": self._folder("tmp"),
            "POETRY_CACHE_DIR": self._folder("poetry-cache"),
            "POETRY_CONFIG_DIR": self._folder("poetry-config"),
            "UV_CACHE_DIR": self._folder("uv-cache"),
            "PATH": f"{self.bin}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            **dict.fromkeys(_PROXIES, self.outside),
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            **self.extra,
        }

    def having(self, **variables: str) -> Sandbox:
        """The same, with more variables."""
        return Sandbox(self.root, self.bin, self.outside, {**self.extra, **variables})

    def folder(self, name: str) -> Path:
        """A folder of the sandbox."""
        return Path(self._folder(name))

    def _folder(self, name: str) -> str:
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return str(path)


def make_bin(folder: Path) -> Path:
    """A folder for PATH whose `python` is the interpreter below the one that runs the tests."""
    folder.mkdir(parents=True)
    base = getattr(sys, "_base_executable", sys.executable)
    (folder / "python").symlink_to(base)
    return folder


@dataclass(frozen=True)
class Result:
    """How a process ended and what it said."""

    argv: Sequence[str]
    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both streams."""
        return f"{self.stdout}{self.stderr}"

    def __str__(self) -> str:
        return f"{' '.join(self.argv)}\nexit code {self.exit_code}\n{self.stdout}\n{self.stderr}"


def run(
    argv: Sequence[str | Path],
    environ: Mapping[str, str],
    cwd: Path,
    *,
    check: bool = True,
    seconds: float = 300,
) -> Result:
    """Run to the end; with `check`, failing is a failure of the test."""
    words = [str(word) for word in argv]
    done = subprocess.run(
        words,
        env=dict(environ),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    result = Result(words, done.returncode, done.stdout, done.stderr)
    assert not check or result.exit_code == 0, str(result)
    return result

"""Environments made by others, and what users do to them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from support.compare import site_packages
from support.sandbox import Result, Sandbox, run
from support.wheels import Wheel


def make_with_venv(path: Path, sandbox: Sandbox, *options: str) -> Path:
    """`python -m venv`."""
    run([sandbox.bin / "python", "-m", "venv", *options, path], sandbox.environ, sandbox.root)
    return path


def make_with_virtualenv(path: Path, sandbox: Sandbox, *options: str) -> Path:
    """`virtualenv`, as Poetry uses it: with pip alone."""
    base = [sys.executable, "-m", "virtualenv", "--no-download", "--no-periodic-update"]
    base += ["--no-setuptools"]
    argv = [*base, "--python", str(sandbox.bin / "python"), *options, str(path)]
    run(argv, sandbox.environ, sandbox.root)
    return path


def install_wheels(
    venv: Path, wheels: Sequence[Wheel], sandbox: Sandbox, *, keep_origin: bool = False
) -> None:
    """Put wheels into an environment as a user would: with uv, from disk, past any lock.

    The direct_url.json of a local wheel is removed, so that it looks like one from an index,
    unless `keep_origin`.
    """
    folder = sandbox.folder("wheels")
    paths = []
    for wheel in wheels:
        path = folder / wheel.filename
        path.write_bytes(wheel.content)
        paths.append(path)
    uv = [sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--offline", "--no-config"]
    run([*uv, "--reinstall", "--python", venv / "bin" / "python", *paths], sandbox.environ, folder)
    for site, wheel in product(site_packages(venv), [] if keep_origin else wheels):
        for origin in site.glob(f"{wheel.release.module}-*.dist-info/direct_url.json"):
            record = origin.with_name("RECORD")
            lines = record.read_text("utf-8").splitlines(keepends=True)
            record.write_text("".join(each for each in lines if origin.name not in each), "utf-8")
            origin.unlink()


def launch(venv: Path, script: str, sandbox: Sandbox) -> Result:
    """Run a script of an environment."""
    return run([venv / "bin" / script], sandbox.environ, sandbox.root)

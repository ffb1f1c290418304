"""Interpreters that a test may write to, and Poetry run by one of them."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from support.rebuilt import with_dependencies
from support.sandbox import Sandbox, run

_VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
_NOT_SHARED = {"site-packages", "dist-packages", "EXTERNALLY-MANAGED", "sitecustomize.py"}

_POETRY = """\
#!{python}
from poetry.console.application import main
raise SystemExit(main())
"""


def copy_interpreter(prefix: Path, *, externally_managed: bool = False) -> Path:
    """An interpreter like the one below ours, with a library to fill; its path.

    The standard library is links: nothing is written to it.
    """
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    library = prefix / "lib" / _VERSION
    (library / "site-packages").mkdir(parents=True)
    (prefix / "bin").mkdir()
    shutil.copy2(base, prefix / "bin" / _VERSION)
    for name in ("python3", "python"):
        (prefix / "bin" / name).symlink_to(_VERSION)
    for path in Path(sysconfig.get_path("stdlib")).iterdir():
        if path.name not in _NOT_SHARED:
            (library / path.name).symlink_to(path)
    for shared in Path(sysconfig.get_config_var("LIBDIR")).glob(f"lib{_VERSION}*.so*"):
        (prefix / "lib" / shared.name).symlink_to(shared)
    if externally_managed:
        (library / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=Not yours.\n")
    return prefix / "bin" / _VERSION


def poetry_run_by(python: Path, folder: Path, sandbox: Sandbox) -> Path:
    """A launcher of Poetry in an environment of its own above `python`."""
    run([python, "-I", "-m", "venv", "--without-pip", folder], sandbox.environ, sandbox.root)
    [site] = folder.glob("lib/python3*/site-packages")
    (site / "poetry-is-elsewhere.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")
    launcher = folder / "bin" / "poetry"
    launcher.write_text(_POETRY.format(python=folder / "bin" / "python"), "utf-8")
    launcher.chmod(0o755)
    return launcher


def put_into(python: Path, names: Iterable[str], sandbox: Sandbox) -> None:
    """Install distributions of the tests' own environment, with all that they need."""
    folder = sandbox.folder("rebuilt")
    wheels = {each.filename: each for name in names for each in with_dependencies(name)}
    for filename, wheel in wheels.items():
        if not (folder / filename).exists():
            (folder / filename).write_bytes(wheel.content)
    uv = [sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--offline", "--no-config"]
    uv += ["--no-index", "--find-links", str(folder), "--python", str(python)]
    pins = [f"{wheel.name}=={wheel.version}" for wheel in wheels.values()]
    run([*uv, *pins], sandbox.environ, folder)

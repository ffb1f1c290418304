"""The wheel of pip that virtualenv carries, and that Poetry's environments are seeded with.

`get_embed_wheel` (virtualenv/seed/wheels/embed/__init__.py) tells; to import it is to import all of
virtualenv, which takes longer than uv needs to install the wheel. So its tables are read.
"""

from __future__ import annotations

import ast
import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hybrid_install.regular import read_bytes

_WHEELS, _HASHES = "BUNDLE_SUPPORT", "BUNDLE_SHA256"


def embedded_pip(minor_version: str) -> Path | None:
    """The wheel for a Python (`3.11`), None where virtualenv has none for it.

    What its tables do not say plainly is virtualenv's to say.
    """
    folder = _folder()
    tables: dict[str, Any] = _tables(folder / "__init__.py") if folder else {}
    name: str | None = tables.get(_WHEELS, {}).get(minor_version, {}).get("pip")
    if folder is None or name is None or not _is_sound(folder / name, tables.get(_HASHES)):
        return _asked_for(minor_version)
    return folder / name


def _folder() -> Path | None:
    spec = find_spec("virtualenv")
    return Path(spec.origin).parent / "seed" / "wheels" / "embed" if spec and spec.origin else None


def _tables(module: Path) -> dict[str, Any]:
    """The two assignments that are literals; empty where the module cannot be read so."""
    try:
        statements = ast.parse(read_bytes(module)).body
        return {
            name: ast.literal_eval(value) for name, value in map(_assigned, statements) if value
        }
    except (OSError, SyntaxError, ValueError):
        return {}


def _assigned(statement: ast.stmt) -> tuple[str, ast.expr | None]:
    match statement:
        case (
            ast.Assign(targets=[ast.Name(name)], value=value)
            | ast.AnnAssign(target=ast.Name(name), value=value)
        ) if name in {_WHEELS, _HASHES}:
            return name, value
    return "", None


def _is_sound(wheel: Path, hashes: dict[str, str] | None) -> bool:
    """Older releases of virtualenv know no hashes, and look whether the file is there."""
    if not wheel.is_file():
        return False
    digest = hashlib.sha256(read_bytes(wheel)).hexdigest() if hashes else None
    return hashes is None or hashes.get(wheel.name) == digest


def _asked_for(minor_version: str) -> Path | None:
    from virtualenv.seed.wheels.embed import get_embed_wheel

    wheel = get_embed_wheel("pip", minor_version)
    return None if wheel is None else wheel.path

"""Poetry's own interpreter, which it installs into where `virtualenvs.create` is false.

Mirrors `EnvManager.get_system_env` (poetry/utils/env/env_manager.py): not the Python that runs
Poetry, which may be an environment made for it, but the one below.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.environment.probe import probe, python_below
from hybrid_install.tools.process import Runner


def own_interpreter(poetry_python: Path, runner: Runner, environ: Mapping[str, str]) -> Interpreter:
    """The interpreter below the one that runs Poetry."""
    return probe(python_below(probe(poetry_python, runner, environ)), runner, environ)


def is_writable(interpreter: Interpreter) -> bool:
    """Whether Poetry installs there, not into the user site (`Env.scheme_dict`, base_env.py)."""
    return all(map(_is_writable, interpreter.written_to))


def _is_writable(folder: Path) -> bool:
    """Whether files can be made in `folder`, which may have to be made first."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)

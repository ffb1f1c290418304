"""What the user asked for: the command line as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hybrid_install.core.feed import Feed
from hybrid_install.core.selection import SelectionOptions
from hybrid_install.core.settings import Finish, Mismatch
from hybrid_install.core.tiers import Tier


@dataclass(frozen=True, kw_only=True)
class Request:
    """Options of `install`, `plan` and `export`, the environment they were given in included.

    `directory` is where the project is looked for, `working_dir` what relative paths in Poetry's
    settings are relative to: Poetry changes to `--directory`, and not to `--project`.
    `relocatable` implies `no_editable`: a folder's path would be what has to stay. What is None is
    as the settings have it. With `no_receipt` nothing is taken from what earlier runs have noted.
    With `atomic` the environment is made beside its place; `place` is where one that is being made
    so will be.
    `require_hashes` and `no_build` are what the user demands (core/demands.py). `wait` is for how
    many seconds another run in the same environment is waited for.
    """

    selection: SelectionOptions = field(default_factory=SelectionOptions)
    directory: Path
    working_dir: Path = Path()
    venv: Path | None = None
    python: str | None = None
    sync: bool = False
    tier: Tier | None = None
    no_directory: bool = False
    compile_bytecode: bool = False
    no_editable: bool | None = None
    relocatable: bool = False
    provided: tuple[str, ...] | None = None
    provided_from_environment: bool = False
    provided_mismatch: Mismatch | None = None
    finish: Finish | None = None
    no_plugins: bool = False
    no_cache: bool = False
    no_receipt: bool = False
    atomic: bool = False
    place: Path | None = None
    wait: float = 600
    strict: bool = False
    require_hashes: bool = False
    no_build: bool = False
    interactive: bool = False
    ansi: bool | None = None
    verbosity: int = 0
    feed: Feed = Feed.PYLOCK
    find_links: Path | None = None
    offline: bool = False
    environ: Mapping[str, str] = field(repr=False)

"""Who runs: a table, and what each one says to its shell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmark.locks import Variant
from benchmark.measure import Step
from benchmark.seats import Seat


@dataclass(frozen=True, slots=True)
class Contestant:
    """`lay` writes what is there before the clock runs, `steps` are what is timed.

    `option` is what `hybrid-install install --help` must name for it to take part; `scenarios` are
    the only ones of interest, where not all are. A `variant` of ours has some knob of uv's turned.
    """

    key: str
    title: str
    steps: Callable[[Seat], Sequence[Step]]
    lay: Callable[[Seat, Variant], None] = Seat.lay_poetry
    binds_root: bool = True
    is_ours: bool = False
    option: str = ""
    scenarios: tuple[str, ...] = ()
    is_variant: bool = False

    def left_out(self, install_help: str) -> str:
        """Why it does not take part, or nothing."""
        if self.option and self.option not in install_help:
            return f"this hybrid-install has no {self.option}"
        return ""


def _poetry(seat: Seat) -> list[Step]:
    return [(seat.tools["poetry"], "install", "--no-interaction")]


def _made(seat: Seat, *words: str) -> list[Step]:
    return [] if seat.venv.exists() else [words]


def _recipe(kind: str, file: str) -> Callable[[Seat], list[Step]]:
    def steps(seat: Seat) -> list[Step]:
        uv, poetry = seat.tools["uv"], seat.tools["poetry"]
        groups = seat.kitchen.lock.groups
        chosen = ("--with", ",".join(groups)) if groups else ()
        return [
            *_made(seat, uv, "venv", "--quiet", ".venv"),
            (poetry, "export", "--format", kind, "--output", file, "--no-interaction", *chosen),
            (uv, "pip", "sync", "--python", seat.python, file),
            *_poetry(seat),
        ]

    return steps


def _pip(seat: Seat) -> list[Step]:
    # Nobody else compiles bytecode; with it pip takes several times as long.
    install = ("-m", "pip", "install", "--quiet", "--no-compile", "--require-hashes")
    return [
        *_made(seat, seat.tools["python"], "-m", "venv", ".venv"),
        (seat.python, *install, "-r", "requirements.txt"),
    ]


def _uv_sync(*options: str) -> Callable[[Seat], list[Step]]:
    return lambda seat: [(seat.tools["uv"], "sync", "--frozen", *options)]


def _ours(*options: str) -> Callable[[Seat], list[Step]]:
    words = ("install", "--no-interaction", *options)
    return lambda seat: [(seat.tools["hybrid-install"], *words)]


def _turned(knob: str, what: str, scenario: str, *words: str, variable: str = "") -> Contestant:
    """Ours, without what others than uv do."""
    steps = _ours("--no-root", *words)

    def with_variable(seat: Seat) -> list[Step]:
        return [("env", variable, *step) if variable else step for step in steps(seat)]

    return Contestant(
        f"knob-{knob}",
        f"`hybrid-install --no-root`, {what}",
        with_variable,
        binds_root=False,
        is_ours=True,
        scenarios=(scenario,),
        is_variant=True,
    )


CONTESTANTS = (
    Contestant("poetry", "`poetry install`", _poetry),
    Contestant(
        "hand",
        "`poetry export`, `uv pip sync`, `poetry install`",
        _recipe("requirements.txt", "requirements.txt"),
    ),
    Contestant(
        "pylock",
        "the same by `pylock.toml`",
        _recipe("pylock.toml", "pylock.toml"),
    ),
    Contestant(
        "pip",
        "`pip install --require-hashes -r`",
        _pip,
        Seat.lay_requirements,
        binds_root=False,
    ),
    Contestant("uv", "`uv sync --frozen`", _uv_sync(), Seat.lay_uv),
    Contestant(
        "uv-no-root",
        "`uv sync --frozen --no-install-project`",
        _uv_sync("--no-install-project"),
        Seat.lay_uv,
        binds_root=False,
    ),
    Contestant("ours", "`hybrid-install`", _ours(), is_ours=True),
    Contestant(
        "ours-no-root",
        "`hybrid-install --no-root`",
        _ours("--no-root"),
        binds_root=False,
        is_ours=True,
    ),
    Contestant(
        "ours-fast",
        "`hybrid-install --finish poetry-core`",
        _ours("--finish", "poetry-core"),
        is_ours=True,
        option="--finish",
    ),
    Contestant(
        "atomic",
        "`hybrid-install --no-root --atomic`",
        _ours("--no-root", "--atomic"),
        binds_root=False,
        is_ours=True,
        option="--atomic",
        scenarios=("warm", "light"),
        is_variant=True,
    ),
    _turned("feed", "fed with requirements", "warm", "--feed", "requirements"),
    _turned("copy", "files copied", "warm", variable="UV_LINK_MODE=copy"),
    _turned("installs", "one install at a time", "warm", variable="UV_CONCURRENT_INSTALLS=1"),
    _turned("compile", "bytecode compiled", "warm", "--compile"),
    _turned("downloads", "eight downloads at a time", "cold", variable="UV_CONCURRENT_DOWNLOADS=8"),
)

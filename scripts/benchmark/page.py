"""docs/benchmarks.md: what is between two marks is the script's, all else written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from benchmark import tables
from benchmark.plans import PLAN, PLANS
from benchmark.plot import draw
from benchmark.results import Results

BEGIN, END = "<!-- figures: by scripts/bench.py --write-docs -->\n", "<!-- end of figures -->\n"


def write(results: Results, folder: Path) -> None:
    """The page, and a drawing of each lock beside it."""
    page = folder / "benchmarks.md"
    page.write_text(with_figures(page.read_text("utf-8"), results), "utf-8")
    for lock in _installed(results):
        (folder / _drawing(lock)).write_text(draw(results, lock), "utf-8")


def with_figures(text: str, results: Results) -> str:
    """The text with these figures in place of those that it has."""
    between = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    return between.sub(lambda _: f"{BEGIN}\n{figures(results)}\n{END}", text)


def figures(results: Results) -> str:
    """All tables."""
    return "\n".join(_parts(results))


def _parts(results: Results) -> Iterator[str]:
    yield _about(results)
    yield "## Goals\n"
    yield tables.goals(results)
    for lock in _installed(results):
        yield f"## The lock “{lock}”\n"
        yield f"![Wall time of each contestant in each scenario]({_drawing(lock)})\n"
        for key in results.scenarios(lock):
            yield f"### {_capital(tables.title_of(key))}\n"
            yield tables.scenario(results, lock, key)
        if told := tables.phases(results, lock):
            yield "### Our phases, in seconds\n"
            yield told
        if told := tables.profiles(results, lock):
            yield "### Where our time goes, in milliseconds of one run\n"
            yield told
    if PLANS in results.locks():
        yield "## Our own overhead\n"
        yield tables.scenario(results, PLANS, PLAN)


def _about(results: Results) -> str:
    about = results.about
    commands = "\n".join(about.get("commands", ()))
    versions = ", ".join(f"{name} {version}" for name, version in about.get("versions", {}).items())
    machine = (
        f"{about.get('processors')} processors, {about.get('system')}, Python {about.get('python')}"
    )
    left_out = "".join(f"\nLeft out: {each}.\n" for each in about.get("left_out", ()))
    return f"```\n{commands}\n```\n\n{machine}; {versions}.\n{left_out}"


def _installed(results: Results) -> list[str]:
    return [lock for lock in results.locks() if lock != PLANS]


def _drawing(lock: str) -> str:
    return f"benchmarks-{lock}.svg"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

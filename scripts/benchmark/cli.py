"""The command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.contestants import CONTESTANTS
from benchmark.index import Distance, Index
from benchmark.kitchen import fill
from benchmark.locks import Lock, choose
from benchmark.measure import BenchError
from benchmark.results import Results, Sample
from benchmark.rounds import Setting, play
from benchmark.scenarios import SCENARIOS
from benchmark.tools import REPOSITORY, prepare_tools


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and say what came of it."""
    options = _parser().parse_args(argv)
    try:
        results = _measured(options)
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.json:
        options.json.write_text(json.dumps(results.document(), indent=1), "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench.py", description=__doc__)
    add = parser.add_argument
    add("--lock", action="append", metavar="example|medium|torch|PATH", help="default: example")
    keys = [each.key for each in SCENARIOS]
    add("--scenario", action="append", choices=keys, help="default: all")
    add("--contestant", action="append", choices=[each.key for each in CONTESTANTS])
    add("--runs", type=int, default=5, help="rounds of each scenario (5)")
    add("--latency", type=float, default=30, metavar="MS", help="of each request (30)")
    add("--bandwidth", type=float, default=0, metavar="MBIT", help="of the index (no limit)")
    add("--work", type=Path, default=REPOSITORY / "build" / "bench", help="what may be kept")
    add("--json", type=Path, metavar="FILE", help="all figures")
    return parser


def _measured(options: argparse.Namespace) -> Results:
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    tools = prepare_tools(work)
    contestants = []
    for each in CONTESTANTS:
        if options.contestant and each.key not in options.contestant:
            continue
        if why := each.left_out(tools.install_help):
            print(f"left out: {each.title}: {why}", file=sys.stderr)
        else:
            contestants.append(each)
    chosen = [each for each in SCENARIOS if each.key in (options.scenario or [each.key])]
    setting = Setting(tools, contestants, chosen, options.runs)
    samples: list[Sample] = []
    with Index(Distance(options.latency / 1e3, options.bandwidth * 1e6)) as index:
        for word in options.lock or ["example"]:
            lock = choose(word, work / "locks")
            if not isinstance(lock, Lock):
                print(f"left out: {lock}", file=sys.stderr)
                continue
            changes = options.runs if any(each.key == "light" for each in chosen) else 0
            wheels = work / "wheels" / lock.key
            lock = fill(lock, tools, wheels, changes)
            index.offer(wheels, lock.files)
            for outcome in play(setting, lock, index, work / "run" / lock.key):
                if isinstance(outcome, Sample):
                    samples.append(outcome)
    return Results(tuple(samples))

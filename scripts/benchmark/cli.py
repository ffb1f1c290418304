"""Installs Poetry locks in every way there is, in turns, and prints how the ways compare.

No network but an index on 127.0.0.1, which is filled from the default index once.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark import page, plans, rounds
from benchmark.contestants import CONTESTANTS, Contestant
from benchmark.index import Distance, Index
from benchmark.locks import Lock, choose
from benchmark.measure import BenchError
from benchmark.pantry import fill
from benchmark.results import Results, Sample, profile_key, together
from benchmark.scenarios import SCENARIOS
from benchmark.tables import name_of
from benchmark.tools import REPOSITORY, Tools, prepare_tools

_SCENARIOS = [*(each.key for each in SCENARIOS), plans.PLAN]
_CONTESTANTS = [each.key for each in CONTESTANTS]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and say what came of it."""
    options = _parser().parse_args(argv)
    # Whoever is told to end shows what there is, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parts = [Results.read(json.loads(path.read_text("utf-8"))) for path in options.add or ()]
    if not options.no_runs:
        session = _Session(options)
        try:
            session.run()
        except BenchError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("stopped; these are the figures until now", file=sys.stderr)
        parts.append(session.results)
    results = together(parts)
    if options.json:
        options.json.write_text(json.dumps(results.document(), indent=1) + "\n", "utf-8")
    if options.write_docs:
        page.write(results, REPOSITORY / "docs")
    print(page.figures(results))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench.py", description=__doc__)
    add = parser.add_argument
    add("--lock", action="append", metavar="example|medium|torch|PATH", help="default: example")
    add("--scenario", action="append", choices=_SCENARIOS, help="default: all")
    add("--contestant", action="append", choices=_CONTESTANTS, help="default: all")
    add("--runs", type=int, default=5, metavar="N", help="rounds of each scenario (5)")
    add("--latency", type=float, default=30, metavar="MS", help="of each request (30)")
    add("--bandwidth", type=float, default=0, metavar="MBIT", help="of the index (no limit)")
    add("--fresh", type=int, default=600, metavar="S", help="pages may be kept so long (600)")
    add("--profile", action="store_true", help="one more run each of ours: what its time goes to")
    add("--json", type=Path, metavar="FILE", help="write all figures")
    add("--work", type=Path, default=REPOSITORY / "build" / "bench", metavar="DIR")
    add("--write-docs", action="store_true", help="put the figures into docs/benchmarks.md")
    add("--add", type=Path, action="append", metavar="FILE", help="an earlier run's --json")
    add("--no-runs", action="store_true", help="measure nothing, only show what --add brings")
    return parser


@dataclass
class _Session:
    """What is measured in one go."""

    options: argparse.Namespace
    samples: list[Sample] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    profiles: dict[str, Mapping[str, float]] = field(default_factory=dict)
    tools: Tools | None = None

    def run(self) -> None:
        options = self.options
        work = options.work.resolve()
        work.mkdir(parents=True, exist_ok=True)
        self.tools = prepare_tools(work)
        chosen = [each for each in SCENARIOS if each.key in (options.scenario or _SCENARIOS)]
        setting = rounds.Setting(
            self.tools, [*self._contestants(self.tools)], chosen, options.runs, options.profile
        )
        distance = Distance(options.latency / 1e3, options.bandwidth * 1e6, options.fresh)
        with Index(distance) as index:
            for word in (options.lock or ["example"]) if chosen else ():
                self._install(word, setting, index, work)
        if plans.PLAN in (options.scenario or _SCENARIOS):
            self._plan(self.tools, work)

    @property
    def results(self) -> Results:
        """Until now."""
        return Results(tuple(self.samples), self._about())

    def _contestants(self, tools: Tools) -> Iterator[Contestant]:
        for each in CONTESTANTS:
            if each.key not in (self.options.contestant or _CONTESTANTS):
                continue
            if why := each.left_out(tools.install_help):
                self._leave_out(f"{each.title}: {why}")
            else:
                yield each

    def _install(self, word: str, setting: rounds.Setting, index: Index, work: Path) -> None:
        lock = choose(word, work / "locks")
        if not isinstance(lock, Lock):
            self._leave_out(lock)
            return
        wheels = work / "wheels" / lock.key
        is_changed = any(each.key == "light" for each in setting.scenarios)
        changes = setting.runs + setting.profiles if is_changed else 0
        lock = fill(lock, setting.tools, wheels, changes)
        index.offer(wheels, lock.files)
        for outcome in rounds.play(setting, lock, index, work / "run" / lock.key):
            if isinstance(outcome, Sample):
                self.samples.append(outcome)
            elif isinstance(outcome, rounds.Profile):
                key = profile_key(outcome.lock, outcome.scenario, outcome.contestant)
                self.profiles[key] = outcome.seconds
            else:
                last = outcome.said.strip().splitlines()[-1]
                self._leave_out(f"{name_of(outcome.contestant)} on {outcome.lock}: {last}")

    def _plan(self, tools: Tools, work: Path) -> None:
        pairs = plans.corpus()
        if pairs is None:
            self._leave_out("plans of big locks: there is no folder of real pairs")
            return
        self.samples += plans.play(pairs, tools, self.options.runs, work / "run" / plans.PLANS)

    def _leave_out(self, what: str) -> None:
        print(f"left out: {what}", file=sys.stderr)
        self.left_out.append(what)

    def _about(self) -> dict[str, object]:
        return {
            "commands": [command(self.options)],
            "latency": self.options.latency,
            "processors": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "versions": self.tools.versions if self.tools else {},
            "left_out": self.left_out,
            "profiles": self.profiles,
        }


def command(options: argparse.Namespace) -> str:
    """The command that measures the same again: what says where files are is left out."""
    words = ["scripts/bench.py"]
    for lock in options.lock or ():
        words += ["--lock", lock if lock in {"example", "medium", "torch"} else Path(lock).name]
    words += [word for each in options.scenario or () for word in ("--scenario", each)]
    words += [word for each in options.contestant or () for word in ("--contestant", each)]
    words += ["--runs", str(options.runs), "--latency", f"{options.latency:g}"]
    words += ["--profile"] if options.profile else []
    words += ["--bandwidth", f"{options.bandwidth:g}"] if options.bandwidth else []
    words += ["--fresh", str(options.fresh)] if options.fresh != Distance().fresh else []
    return " ".join(words)

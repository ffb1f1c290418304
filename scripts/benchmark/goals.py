"""What hybrid-install is to be: a table, judged by what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from benchmark.plans import LARGEST, MADE_UP, ODD, PLAN, PLANS, PYTHON
from benchmark.results import Results, Sample, Spread


class Unit(Enum):
    """What a limit is of."""

    RATIO = "wall time of the other"
    SECONDS = "s of CPU"
    MEBIBYTES = "MiB"


_MEASURES: Mapping[Unit, Callable[[Sample], float]] = {
    Unit.RATIO: lambda sample: sample.wall,
    Unit.SECONDS: lambda sample: sample.cpu,
    Unit.MEBIBYTES: lambda sample: sample.memory / (1 << 20),
}


@dataclass(frozen=True, slots=True)
class Goal:
    """`ours` takes at most `limit` of what `against` takes, or of the unit where that is nobody.

    `less` (scenario, contestant) is taken off ours first. `latency` is the index's, in
    milliseconds, without which the goal is not judged.
    """

    lock: str
    scenario: str
    ours: str
    against: str
    limit: float
    unit: Unit = Unit.RATIO
    less: tuple[str, str] | None = None
    latency: float | None = None


GOALS = (
    Goal("example", "warm", "ours", "poetry", 1 / 8),
    Goal("medium", "warm", "ours", "poetry", 1 / 10),
    Goal("example", "warm", "ours", "hand", 1 / 2),
    Goal("example", "warm", "ours-no-root", "uv-no-root", 1.5),
    Goal("example", "warm", "ours-fast", "uv", 1.5),
    Goal("example", "cold", "ours-no-root", "uv-no-root", 1.15, latency=30),
    Goal("example", "cold", "ours-fast", "uv", 1.15, latency=30),
    Goal("example", "cold", "ours", "uv", 1.15, less=("nothing", "poetry"), latency=30),
    Goal("example", "nothing", "ours", "uv", 2.5),
    Goal("example", "nothing", "ours", "poetry", 1 / 25),
    Goal("example", "light", "ours", "poetry", 1 / 2),
    Goal("example", "light", "ours-fast", "poetry", 1 / 8),
    *(
        Goal(PLANS, PLAN, which, "", 0.25, Unit.SECONDS, less=(PLAN, PYTHON))
        for which in (MADE_UP, LARGEST, ODD)
    ),
    *(Goal(PLANS, PLAN, which, "", 80, Unit.MEBIBYTES) for which in (MADE_UP, LARGEST)),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal and what was measured, None where it was not."""

    goal: Goal
    measured: Spread | None

    @property
    def is_met(self) -> bool | None:
        """By the median."""
        return None if self.measured is None else self.measured.middle <= self.goal.limit


def judge(goal: Goal, results: Results) -> Verdict:
    """Hold a goal against the results."""
    measure, less = _MEASURES[goal.unit], 0.0
    if goal.latency is not None and results.about.get("latency") != goal.latency:
        return Verdict(goal, None)
    if goal.less:
        taken_off = results.spread(goal.lock, *goal.less, measure)
        if taken_off is None:
            return Verdict(goal, None)
        less = taken_off.middle
    if goal.against:
        ratio = results.ratio(goal.lock, goal.scenario, goal.ours, goal.against, measure, less)
        return Verdict(goal, ratio)
    spread = results.spread(
        goal.lock, goal.scenario, goal.ours, lambda sample: measure(sample) - less
    )
    return Verdict(goal, spread)

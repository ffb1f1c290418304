"""Results as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from benchmark.contestants import CONTESTANTS
from benchmark.goals import GOALS, Goal, Unit, Verdict, judge
from benchmark.plans import PLAN, TITLES
from benchmark.results import Results, Sample, Spread
from benchmark.scenarios import SCENARIOS

_ORDER = [each.key for each in CONTESTANTS] + list(TITLES)
_NAMES = {each.key: each.title for each in CONTESTANTS} | TITLES
_SCENARIOS = {each.key: each.title for each in SCENARIOS} | {PLAN: "a plan of a big lock"}
_BINDS_ROOT = {each.key: each.binds_root for each in CONTESTANTS}
# From here on a ratio reads better as a fraction.
_CLEARLY_LESS = 2 / 3

# Seconds; what never takes longer is left out of a profile.
_WORTH_A_ROW = 0.005

_KINDS = ("page", "metadata", "file", "missing")


def name_of(contestant: str) -> str:
    """As it stands in tables; a stranger's key is its name."""
    return _NAMES.get(contestant, contestant)


def title_of(scenario: str) -> str:
    """As it stands over tables."""
    return _SCENARIOS.get(scenario, scenario)


def ordered(contestants: Iterable[str]) -> list[str]:
    """In the order of the table of contestants."""
    return sorted(
        contestants, key=lambda key: (key not in _ORDER, _ORDER.index(key) if key in _ORDER else 0)
    )


def goals(results: Results) -> str:
    """Every goal with what was measured."""
    head = ("scenario", "lock", "ours", "against", "goal", "measured", "")
    return _table(head, [_goal(judge(goal, results)) for goal in GOALS])


def _goal(verdict: Verdict) -> list[str]:
    goal = verdict.goal
    said = {True: "met", False: "**not met**", None: "not measured"}[verdict.is_met]
    against = name_of(goal.against) if goal.against else ""
    measured = shown(verdict.measured, lambda value: _value(goal, value))
    limit = f"at most {_value(goal, goal.limit)}"
    return [title_of(goal.scenario), goal.lock, _ours(goal), against, limit, measured, said]


def _ours(goal: Goal) -> str:
    if not goal.less:
        return name_of(goal.ours)
    return f"{name_of(goal.ours)}, less {name_of(goal.less[1])} ({title_of(goal.less[0])})"


def _value(goal: Goal, value: float) -> str:
    if goal.unit is Unit.RATIO:
        return ratio(value)
    return f"{value:.0f} MiB" if goal.unit is Unit.MEBIBYTES else f"{value:.2f} s of CPU"


def ratio(value: float) -> str:
    """`1/8.3` of what is clearly less than the whole, else `1.15`."""
    if 0 < value < _CLEARLY_LESS:
        return f"1/{1 / value:.1f}".removesuffix(".0")
    return f"{value:.2f}"


def scenario(results: Results, lock: str, key: str) -> str:
    """Who took what."""
    head = ["", "wall", "of `poetry install`", "of `uv sync`", "CPU", "peak memory"]
    is_plan = key == PLAN
    head = (
        ["", "wall", "CPU", "peak memory"]
        if is_plan
        else [*head, "requests", "received", "written"]
    )
    rows = [
        _row(results, lock, key, each, is_plan=is_plan)
        for each in ordered(results.contestants(lock, key))
    ]
    return _table(head, rows)


def _row(results: Results, lock: str, key: str, contestant: str, *, is_plan: bool) -> list[str]:
    def of(measure: Callable[[Sample], float], form: Callable[[float], str]) -> str:
        return shown(results.spread(lock, key, contestant, measure), form, with_spread=False)

    wall = shown(results.spread(lock, key, contestant, lambda each: each.wall), seconds)
    cpu = of(lambda each: each.cpu, seconds)
    memory = of(lambda each: each.memory / (1 << 20), lambda value: f"{value:.0f} MiB")
    if is_plan:
        return [name_of(contestant), wall, cpu, memory]
    limit = "uv" if _BINDS_ROOT.get(contestant, True) else "uv-no-root"
    return [
        name_of(contestant),
        wall,
        _against(results, lock, key, contestant, "poetry"),
        _against(results, lock, key, contestant, limit),
        cpu,
        memory,
        _requests(results.of(lock, key, contestant)),
        of(lambda each: each.received / 1e6, lambda value: f"{value:.1f} MB"),
        of(lambda each: each.written / 1e6, lambda value: f"{value:.1f} MB"),
    ]


def _against(results: Results, lock: str, key: str, contestant: str, other: str) -> str:
    found = results.ratio(lock, key, contestant, other, lambda each: each.wall)
    return "" if contestant == other else shown(found, ratio, with_spread=False)


def _requests(samples: Sequence[Sample]) -> str:
    middles = {kind: median([each.requests.get(kind, 0) for each in samples]) for kind in _KINDS}
    asked = [
        f"{count:.0f} {kind}{'s' * (kind in {'page', 'file'} and count != 1)}"
        for kind, count in middles.items()
        if count
    ]
    return ", ".join(asked) or "none"


def phases(results: Results, lock: str) -> str:
    """What ours did with the time, in seconds; nothing where no run told."""
    told: dict[tuple[str, str], dict[str, float]] = {}
    for key in results.scenarios(lock):
        for contestant in ordered(results.contestants(lock, key)):
            samples = [each for each in results.of(lock, key, contestant) if each.phases]
            names = dict.fromkeys(name for each in samples for name in each.phases)
            if names:
                told[key, contestant] = {
                    name: median([each.phases.get(name, 0.0) for each in samples]) for name in names
                }
    columns = list(dict.fromkeys(name for found in told.values() for name in found))
    rows = [
        [
            title_of(key),
            name_of(contestant),
            *(f"{found[name]:.1f}" if name in found else "" for name in columns),
        ]
        for (key, contestant), found in told.items()
    ]
    return _table(("scenario", "", *columns), rows) if rows else ""


def profiles(results: Results, lock: str) -> str:
    """What the time of ours went to where somebody looked, in thousandths of a second."""
    runs = [
        (key, contestant, found)
        for key in results.scenarios(lock)
        for contestant in ordered(results.contestants(lock, key))
        if (found := results.profile(lock, key, contestant))
    ]
    names = dict.fromkeys(name for _, _, found in runs for name in found)
    most = {name: max(found.get(name, 0.0) for _, _, found in runs) for name in names}
    rows = sorted((name for name in names if most[name] >= _WORTH_A_ROW), key=most.__getitem__)
    head = ["", *(f"{title_of(key)}, {name_of(contestant)}" for key, contestant, _ in runs)]
    table = [
        [name, *(f"{found[name] * 1e3:.0f}" if name in found else "" for _, _, found in runs)]
        for name in reversed(rows)
    ]
    return _table(head, table) if table else ""


def shown(spread: Spread | None, form: Callable[[float], str], *, with_spread: bool = True) -> str:
    """The median, with least and most in brackets where that says more."""
    if spread is None:
        return ""
    middle, least, most = form(spread.middle), form(spread.least), form(spread.most)
    return middle if not with_spread or least == most else f"{middle} ({least} to {most})"


def seconds(value: float) -> str:
    """`0.123 s`, `12.3 s`."""
    return f"{value:.3f} s" if value < 1 else f"{value:.2f} s" if value < 10 else f"{value:.1f} s"  # noqa: PLR2004


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)

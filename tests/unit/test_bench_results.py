"""Ratios, goals, tables and the drawing of scripts/bench.py."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from benchmark import page, tables
from benchmark.goals import GOALS, Goal, Unit, judge
from benchmark.plans import PLAN, PLANS, PYTHON
from benchmark.plot import draw
from benchmark.results import Results, Sample, Spread, together


def sample(contestant: str, number: int, wall: float, **more: Any) -> Sample:
    told = {"lock": "example", "scenario": "warm", "cpu": wall, "memory": 50 << 20, **more}
    return Sample(contestant=contestant, round=number, wall=wall, **told)


@pytest.fixture
def results() -> Results:
    """Three rounds, of which the second was slow for everybody."""
    rounds = [(1.0, 10.0), (5.0, 40.0), (2.0, 10.0)]
    samples = [
        each
        for number, (ours, theirs) in enumerate(rounds)
        for each in (sample("ours", number, ours), sample("poetry", number, theirs))
    ]
    return Results(tuple(samples), {"latency": 30, "commands": ["scripts/bench.py --runs 3"]})


def wall(each: Sample) -> float:
    return each.wall


def test_a_spread_is_the_median_and_how_far_it_goes(results: Results) -> None:
    assert results.spread("example", "warm", "ours", wall) == Spread(2.0, 1.0, 5.0)
    assert results.spread("example", "warm", "nobody", wall) is None


def test_a_ratio_is_the_median_of_the_rounds_own(results: Results) -> None:
    found = results.ratio("example", "warm", "ours", "poetry", wall)
    assert found == Spread(0.125, 0.1, 0.2)


def test_a_round_that_only_one_has_played_has_no_ratio(results: Results) -> None:
    more = Results((*results.samples, sample("ours", 3, 100.0)))
    assert more.ratio("example", "warm", "ours", "poetry", wall) == Spread(0.125, 0.1, 0.2)
    assert more.ratio("example", "warm", "ours", "nobody", wall) is None


def test_what_is_written_is_read_again(results: Results) -> None:
    document = json.loads(json.dumps(results.document()))
    assert json.loads(json.dumps(Results.read(document).document())) == document
    assert Results.read(document).of("example", "warm")[0].wall == 1.0


def test_a_later_part_counts_where_both_measured(results: Results) -> None:
    later = Results(
        (sample("ours", 0, 7.0), sample("ours", 0, 8.0, scenario="cold")), {"commands": ["b"]}
    )
    both = together([results, later])
    assert [each.wall for each in both.of("example", "warm")] == [7.0]
    assert both.scenarios("example") == ["warm", "cold"]
    assert both.about["commands"] == ["scripts/bench.py --runs 3", "b"]


def test_a_goal_is_judged_by_the_median(results: Results) -> None:
    met, missed = (Goal("example", "warm", "ours", "poetry", limit) for limit in (1 / 8, 1 / 9))
    assert judge(met, results).is_met is True
    assert judge(missed, results).is_met is False
    assert judge(Goal("medium", "warm", "ours", "poetry", 1), results).is_met is None


def test_a_goal_of_another_latency_is_not_judged(results: Results) -> None:
    goal = Goal("example", "warm", "ours", "poetry", 1, latency=100)
    assert judge(goal, results).is_met is None


def test_what_is_allowed_in_addition_is_taken_off(results: Results) -> None:
    idle = Results((*results.samples, sample("poetry", 0, 1.0, scenario="nothing")))
    goal = Goal("example", "warm", "ours", "poetry", 1, less=("nothing", "poetry"))
    assert judge(goal, idle).measured == Spread(0.1, 0.0, 0.1)
    assert judge(goal, results).measured is None


def test_cpu_is_what_is_beyond_the_interpreter() -> None:
    plan: dict[str, Any] = {"lock": PLANS, "scenario": PLAN}
    results = Results((sample("plan-odd", 0, 0.5, **plan), sample(PYTHON, 0, 0.25, **plan)))
    goal = Goal(PLANS, PLAN, "plan-odd", "", 0.25, Unit.SECONDS, less=(PLAN, PYTHON))
    assert judge(goal, results).measured == Spread(0.25, 0.25, 0.25)
    assert "at most 0.25 s of CPU | 0.25 s of CPU | met |" in tables.goals(results)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.125, "1/8"),
        (1 / 12.34, "1/12.3"),
        (0.04, "1/25"),
        (0.7, "0.70"),
        (1.5, "1.50"),
        (0, "0.00"),
    ],
)
def test_ratios_read_well(value: float, text: str) -> None:
    assert tables.ratio(value) == text


def test_the_table_of_goals_has_them_all(results: Results) -> None:
    lines = tables.goals(results).splitlines()
    assert len(lines) == len(GOALS) + 2
    assert lines[2].endswith("| at most 1/8 | 1/8 (1/10 to 1/5) | met |")
    assert lines[3].endswith("| at most 1/10 |  | not measured |")


def test_a_scenario_is_a_table_in_the_order_of_contestants(results: Results) -> None:
    asked = {"requests": {"file": 1, "page": 2}, "received": 1_500_000}
    stranger = sample("somebody", 0, 1.0, **asked)
    *_, poetry, ours, somebody = tables.scenario(
        Results((stranger, *results.samples)), "example", "warm"
    ).splitlines()
    assert poetry.startswith("| `poetry install` | 10.0 s (10.0 s to 40.0 s) |  |")
    assert ours.startswith("| `hybrid-install` | 2.00 s (1.00 s to 5.00 s) | 1/8 |")
    assert somebody.endswith("| 50 MiB | 2 pages, 1 file | 1.5 MB | 0.0 MB |")


def test_phases_are_medians_of_those_who_tell() -> None:
    runs = [sample("ours", number, 1.0, phases={"uv": uv}) for number, uv in enumerate((1, 3, 9))]
    told = tables.phases(Results((*runs, sample("poetry", 0, 1.0))), "example")
    assert told.splitlines()[2:] == ["| warm caches, no environment | `hybrid-install` | 3.0 |"]


def test_the_drawing_has_a_bar_for_each(results: Results) -> None:
    root = ET.fromstring(draw(results, "example"))  # noqa: S314  # our own
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == [
        "warm caches, no environment",
        "poetry install",
        "10.0 s",
        "hybrid-install",
        "2.00 s",
    ]
    bars = list(root.iter("{http://www.w3.org/2000/svg}rect"))[1:]
    assert [float(each.attrib["width"]) for each in bars] == [120.0, 24.0]


def test_the_page_keeps_what_is_written_by_hand(results: Results) -> None:
    text = f"# By hand\n{page.BEGIN}from before\n{page.END}the end\n"
    changed = page.with_figures(text, results)
    assert changed.startswith(f"# By hand\n{page.BEGIN}")
    assert changed.endswith(f"{page.END}the end\n")
    assert "from before" not in changed
    assert "scripts/bench.py --runs 3" in changed
    assert page.with_figures(changed, results) == changed

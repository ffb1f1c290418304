"""Samples, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds, bytes, requests by kind. `steps` are the seconds of each command."""

    lock: str
    scenario: str
    contestant: str
    round: int
    wall: float
    cpu: float
    memory: int
    requests: Mapping[str, int] = field(default_factory=dict)
    received: int = 0
    written: int = 0
    steps: Sequence[float] = ()
    phases: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spread:
    """A median, and how far the runs were apart."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Of one value or more."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Results:
    """All samples of one run of the benchmark, or of several put together."""

    samples: tuple[Sample, ...]
    about: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """What `document` has written."""
        return cls(tuple(Sample(**each) for each in document["samples"]), document["about"])

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {"about": dict(self.about), "samples": [asdict(each) for each in self.samples]}

    def locks(self) -> list[str]:
        """As they were measured."""
        return list(dict.fromkeys(each.lock for each in self.samples))

    def scenarios(self, lock: str) -> list[str]:
        """As they were measured."""
        return list(dict.fromkeys(each.scenario for each in self.samples if each.lock == lock))

    def contestants(self, lock: str, scenario: str) -> list[str]:
        """Who took part, in no order that means anything."""
        return sorted({each.contestant for each in self.of(lock, scenario)})

    def of(self, lock: str, scenario: str, contestant: str | None = None) -> list[Sample]:
        """The samples, by round."""
        found = (
            each
            for each in self.samples
            if (each.lock, each.scenario) == (lock, scenario)
            and contestant in {None, each.contestant}
        )
        return sorted(found, key=lambda each: each.round)

    def spread(
        self, lock: str, scenario: str, contestant: str, measure: Callable[[Sample], float]
    ) -> Spread | None:
        """Of a measure over the rounds."""
        values = [measure(each) for each in self.of(lock, scenario, contestant)]
        return Spread.of(values) if values else None

    def profile(self, lock: str, scenario: str, contestant: str) -> Mapping[str, float]:
        """What the seconds of a run of ours went to; empty where nobody looked."""
        found: Mapping[str, float] = self.about.get("profiles", {}).get(
            profile_key(lock, scenario, contestant), {}
        )
        return found

    def ratio(
        self,
        lock: str,
        scenario: str,
        ours: str,
        against: str,
        measure: Callable[[Sample], float],
        less: float = 0.0,
    ) -> Spread | None:
        """Round by round: what slowed a round down slowed both. `less` is taken off ours."""
        others = {each.round: measure(each) for each in self.of(lock, scenario, against)}
        ratios = [
            (measure(each) - less) / others[each.round]
            for each in self.of(lock, scenario, ours)
            if others.get(each.round)
        ]
        return Spread.of(ratios) if ratios else None


def profile_key(lock: str, scenario: str, contestant: str) -> str:
    """By which a profile is known in JSON."""
    return f"{lock} {scenario} {contestant}"


# What each part has its own of.
_LISTS = ("commands", "left_out")


def _added(key: str, *abouts: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(line for about in abouts for line in about.get(key, ())))


def together(parts: Iterable[Results]) -> Results:
    """Results of several runs as one; what a later run measured again counts alone."""
    kept: dict[tuple[str, str], list[Sample]] = {}
    about: dict[str, Any] = {}
    for part in parts:
        lists = {key: _added(key, about, part.about) for key in _LISTS}
        profiles = {**about.get("profiles", {}), **part.about.get("profiles", {})}
        about |= {**part.about, **lists, "profiles": profiles}
        for key in {(each.lock, each.scenario) for each in part.samples}:
            kept[key] = part.of(*key)
    return Results(tuple(sample for samples in kept.values() for sample in samples), about)

"""A contestant at its seat, and what it knows from earlier runs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmark.contestants import Contestant
from benchmark.index import Index
from benchmark.locks import Variant
from benchmark.measure import Files, Step, Usage, measure
from benchmark.results import Sample
from benchmark.seats import Seat

_SAMPLER = Path(__file__).with_name("sampler.py")


@dataclass
class Player:
    """`is_warm`: the caches know the variant's files; `is_complete`: the environment is made."""

    contestant: Contestant
    seat: Seat
    index: Index
    variant: Variant = field(default_factory=Variant)
    is_warm: bool = False
    is_complete: bool = False

    def become_cold(self) -> None:
        """Nothing is there but the project."""
        self._lay(self.variant)
        self.seat.forget_caches()
        self.is_warm = self.is_complete = False

    def become_warm(self) -> None:
        """The caches know everything, there is no environment."""
        if not self.is_warm:
            self.become_complete()
        self._lay(self.variant)
        self.seat.remove_environment()
        self.is_complete = False

    def become_complete(self) -> None:
        """Everything is installed."""
        if not self.is_complete:
            self._lay(self.variant)
            with self.index.nearby():
                self._run()

    def change_light_package(self) -> None:
        """Everything is installed, then the lock moves to a release that was never seen here."""
        self.become_complete()
        self._lay(replace(self.variant, light=self.variant.light + 1))

    def change_version(self) -> None:
        """Everything is installed, then the project gets another version."""
        self.become_complete()
        self._lay(replace(self.variant, bumps=self.variant.bumps + 1))

    def play(self, scenario: str, number: int) -> Sample:
        """The timed part."""
        os.sync()
        files, traffic = Files.below(self.seat.folder), self.index.traffic
        usage = self._run()
        asked = self.index.traffic.since(traffic)
        return Sample(
            self.seat.kitchen.lock.key,
            scenario,
            self.contestant.key,
            number,
            usage.wall,
            usage.cpu,
            usage.memory,
            dict(asked.requests),
            asked.sent,
            Files.below(self.seat.folder).written_since(files),
            list(usage.steps),
            dict(usage.phases),
        )

    def profile(self) -> Mapping[str, float]:
        """One more run of ours, which is not timed: the seconds of what it does, by name."""
        (step,) = self.contestant.steps(self.seat)
        told = self.seat.folder / "profile.json"
        python = Path(step[0]).resolve().with_name("python")
        self._measure([[str(python), "-P", str(_SAMPLER), str(told), *step[1:]]])
        seconds: Mapping[str, float] = json.loads(told.read_text("utf-8"))
        return seconds

    def _lay(self, variant: Variant) -> None:
        with self.index.nearby():
            self.contestant.lay(self.seat, variant)
        self.variant = variant

    def _run(self) -> Usage:
        return self._measure(self.contestant.steps(self.seat))

    def _measure(self, steps: Sequence[Step]) -> Usage:
        seat = self.seat
        usage = measure(steps, seat.environ, seat.project, seat.folder / "log.txt")
        seat.check(self.variant)
        self.is_warm = self.is_complete = True
        return usage

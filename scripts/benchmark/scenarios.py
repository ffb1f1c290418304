"""What is there before the clock runs: a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmark.contestants import Contestant
from benchmark.players import Player


@dataclass(frozen=True, slots=True)
class Scenario:
    """`before` is not timed. `needs_root`: of no interest to who does not bind the project."""

    key: str
    title: str
    before: Callable[[Player], None]
    needs_root: bool = False

    def concerns(self, contestant: Contestant) -> bool:
        """Whether the contestant takes part."""
        is_of_interest = self.key in (contestant.scenarios or (self.key,))
        return is_of_interest and (contestant.binds_root or not self.needs_root)


# In this order: cold runs make the caches that warm ones use.
SCENARIOS = (
    Scenario("cold", "cold caches, no environment", Player.become_cold),
    Scenario("warm", "warm caches, no environment", Player.become_warm),
    Scenario("nothing", "nothing changed", Player.become_complete),
    Scenario(
        "version", "only the project's version changed", Player.change_version, needs_root=True
    ),
    Scenario("light", "one light package changed", Player.change_light_package),
)

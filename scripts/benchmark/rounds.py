"""All runs of one lock: contestants take turns, in another order each round."""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.contestants import Contestant
from benchmark.index import Index
from benchmark.kitchen import Kitchen
from benchmark.locks import Lock
from benchmark.measure import BenchError
from benchmark.players import Player
from benchmark.results import Sample
from benchmark.scenarios import Scenario
from benchmark.seats import Seat
from benchmark.tools import Tools


@dataclass(frozen=True, slots=True)
class Setting:
    """What is measured: `runs` rounds of each scenario, and with `profiles` what ours does."""

    tools: Tools
    contestants: Sequence[Contestant]
    scenarios: Sequence[Scenario]
    runs: int
    profiles: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Who could not install a lock, and what it said; it plays no more."""

    lock: str
    contestant: str
    said: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What the seconds of one run of ours went to, by name."""

    lock: str
    scenario: str
    contestant: str
    seconds: Mapping[str, float]


Outcome = Sample | Failure | Profile


def play(setting: Setting, lock: Lock, index: Index, folder: Path) -> Iterator[Outcome]:
    """Every contestant in every scenario, as often as the setting says."""
    shutil.rmtree(folder, ignore_errors=True)
    kitchen = Kitchen(lock, setting.tools, folder / "kitchen", index.url)
    players = [_player(each, setting.tools, kitchen, index, folder) for each in setting.contestants]
    order = random.Random(0)  # noqa: S311  # it shuffles, it keeps no secret
    for scenario in setting.scenarios:
        concerned = [each for each in players if scenario.concerns(each.contestant)]
        for number in range(setting.runs):
            order.shuffle(concerned)
            for player in [*concerned]:
                outcome = _turn(player, scenario, number)
                if isinstance(outcome, Failure):
                    concerned.remove(player)
                    players.remove(player)
                yield outcome
        if setting.profiles:
            yield from _profiles(concerned, scenario)


def _profiles(players: Sequence[Player], scenario: Scenario) -> Iterator[Profile]:
    for player in players:
        if player.contestant.is_ours and not player.contestant.is_variant:
            scenario.before(player)
            key = player.seat.kitchen.lock.key
            yield Profile(key, scenario.key, player.contestant.key, player.profile())


def _turn(player: Player, scenario: Scenario, number: int) -> Sample | Failure:
    try:
        scenario.before(player)
        sample = player.play(scenario.key, number)
    except BenchError as error:
        print(f"left out from now on: {player.contestant.title}\n{error}", file=sys.stderr)
        return Failure(player.seat.kitchen.lock.key, player.contestant.key, str(error))
    _say(sample)
    return sample


def _player(
    contestant: Contestant, tools: Tools, kitchen: Kitchen, index: Index, folder: Path
) -> Player:
    place = folder / contestant.key
    place.mkdir(parents=True, exist_ok=True)
    seat = Seat(place, tools, kitchen, is_mirrored=not contestant.is_ours)
    return Player(contestant, seat, index)


def _say(sample: Sample) -> None:
    where = f"{sample.lock} {sample.scenario} {sample.round}"
    asked = ", ".join(f"{count} {kind}" for kind, count in sorted(sample.requests.items()))
    what = f"{sample.wall:8.3f} s {sample.cpu:8.3f} s CPU {sample.memory >> 20:5} MiB  {asked}"
    print(f"{where:<20} {sample.contestant:<14} {what}", file=sys.stderr, flush=True)

"""What uv has just installed, held against its RECORDs: uv links whatever its cache holds.

It is done while Poetry works: twenty thousand files take a while.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NoReturn

from hybrid_install.commands.prepare import Preparation
from hybrid_install.commands.receipt import Bookkeeping
from hybrid_install.commands.supply import supply_of
from hybrid_install.core.distribution import BY_UV
from hybrid_install.core.model import NormalizedName
from hybrid_install.core.plan import Action
from hybrid_install.core.record import Flaw
from hybrid_install.core.requirements import RequirementsMap
from hybrid_install.core.verification import flaws_text
from hybrid_install.environment.records import are_plainly_whole, flaws, read_record
from hybrid_install.errors import ToolError
from hybrid_install.report import Report
from hybrid_install.tools.process import CommandFailedError
from hybrid_install.tools.uv import Uv

Damage = Mapping[NormalizedName, tuple[Flaw, ...]]


class Inspection:
    """A look at what uv has installed, in a thread of its own."""

    def __init__(self, preparation: Preparation, names: Collection[NormalizedName]) -> None:
        self._preparation, self._names = preparation, names
        self._seen: Damage | Exception = {}
        self._thread = threading.Thread(target=self._look, daemon=True)
        if names:
            self._thread.start()

    @classmethod
    def begin(cls, preparation: Preparation, books: Bookkeeping) -> Inspection:
        """Of what this run has installed, and whatever may be of one that was cut off."""
        actions = (Action.INSTALL, Action.REINSTALL, *([Action.KEEP] if books.is_going_on else []))
        return cls(preparation, {each.name for each in preparation.plan.having(*actions)})

    def _look(self) -> None:
        try:
            self._seen = damage(self._preparation, self._names)
        except Exception as error:  # noqa: BLE001 - it is raised where somebody waits for it
            self._seen = error

    def damage(self) -> Damage:
        """What is wrong now; Poetry may have replaced what was being looked at."""
        if self._names:
            self._thread.join()
        if isinstance(self._seen, Exception):
            raise self._seen
        return damage(self._preparation, self._seen) if self._seen else {}


def damage(preparation: Preparation, names: Collection[NormalizedName]) -> Damage:
    """The flaws of these packages, as far as uv has installed them."""
    prefix, there = preparation.target.interpreter.prefix, preparation.distributions()
    by_uv = [
        each
        for each in there
        if each.name in names and not each.is_system and each.stamp[0] == BY_UV
    ]
    if are_plainly_whole(by_uv, prefix):
        return {}
    # All of them: a file of several is right as any of them says, whoever installed that one.
    found, ours = flaws(map(read_record, there), prefix, deep=False), {each.name for each in by_uv}
    return {name: wrong for name, wrong in found.items() if name in ours}


def without_damaged(preparation: Preparation, uv: Uv, report: Report, found: Damage) -> Preparation:
    """The run that installs anew what is damaged, and uv's cache without it.

    `ToolError` where the cache cannot be freed of it, or its files cannot be fetched.
    """
    reasons = {name: flaws_text(wrong) for name, wrong in found.items()}
    again = replace(preparation, damaged=reasons)
    if found.keys() - _within_reach(again):
        _refuse(found, "once with the network" if preparation.request.offline else "")
    report.warn(f"uv's cache is damaged: {flaws_of(found)}. It is fetched and installed anew")
    try:
        uv.forget(sorted(found))
    except CommandFailedError:
        _refuse(found)
    return again


def _within_reach(again: Preparation) -> Collection[NormalizedName]:
    """What uv would install anew, and whose files it could get."""
    requirements = RequirementsMap.of(again.plan.bulk)
    is_offline = again.request.offline
    return supply_of(again.request, requirements).names if is_offline else requirements.names


def refuse_damage(preparation: Preparation, names: Collection[NormalizedName]) -> None:
    """`ToolError` where they are still damaged. It is no file's own fault: uv writes RECORDs anew.

    What an archive brings is what its RECORD then says, whatever its own one said.
    """
    if left := damage(preparation, names):
        _refuse(left)


def flaws_of(found: Damage) -> str:
    """`bravo (bravo/__init__.py is missing)`."""
    return ", ".join(f"{name} ({flaws_text(wrong)})" for name, wrong in sorted(found.items()))


def _refuse(found: Damage, how: str = "") -> NoReturn:
    names = " ".join(sorted(found))
    again = f"run the same command again {how}".rstrip()
    raise ToolError(
        f"uv has installed files that are not what was locked: {flaws_of(found)}",
        hint=f"its cache is damaged: `uv cache clean {names}`, uninstall it, and {again}",
    )

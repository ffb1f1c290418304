"""A run of one tier: what it cannot be asked for, and what it leaves alone.

A tier's run only adds: it neither binds the project nor removes anything, and whatever is of the
other tier stays as it is.
"""

from __future__ import annotations

from dataclasses import replace

from hybrid_install.commands.prepare import Preparation
from hybrid_install.core.plan import Action
from hybrid_install.errors import ToolError


def refuse_poetry_s_part(preparation: Preparation) -> None:
    """Before anything is made: Poetry installs all that is selected, or nothing.

    What a tier leaves to it can be done by it only where the other tier is already there.
    """
    request, plan = preparation.request, preparation.plan
    if request.tier is None or not plan.leaves_work_to_poetry:
        return
    if plan.handover is not None:
        raise ToolError(
            f"no tier can be installed by itself: {plan.handover.value}",
            hint="leave out `--tier`: the whole run is Poetry's",
        )
    whole = replace(preparation, request=replace(request, tier=None)).plan
    ours = {operation.name for operation in plan.operations}
    missing = [each for each in whole.operations if each.name not in ours]
    if any(each.action not in (Action.KEEP, Action.PROVIDED) for each in missing):
        first, *_ = plan.having(Action.DEFER)
        raise ToolError(
            f"{first.name} {first.version} is Poetry's: {first.reason}. Poetry installs every tier"
            " at once",
            hint="install the other tier first, put the package into it (`heavy` in"
            " [tool.hybrid-install]), or leave out `--tier`",
        )

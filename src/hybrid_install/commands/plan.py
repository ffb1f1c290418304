"""`hybrid-install plan`: what an install would do. Starts neither uv nor Poetry."""

from __future__ import annotations

from typing import Any

from hybrid_install.commands.demands import refuse_demands
from hybrid_install.commands.doubts import warn_of_the_lock
from hybrid_install.commands.prepare import Preparation, prepare
from hybrid_install.commands.request import Request
from hybrid_install.report import Report, plan_json, plan_table, print_data
from hybrid_install.tools.process import Runner


def plan(request: Request, report: Report, runner: Runner, *, as_json: bool) -> None:
    """Print the plan to stdout, as a table or as JSON."""
    preparation = prepare(request, runner)
    warn_of_the_lock(preparation, report)
    print_plan(preparation, as_json=as_json)
    refuse_demands(preparation, report)


def print_plan(preparation: Preparation, *, as_json: bool) -> None:
    """The plan of a prepared run."""
    if as_json:
        print_data(plan_json(preparation.plan, _facts(preparation)), preparation.request.environ)
    else:
        print_data(plan_table(preparation.plan), preparation.request.environ)


def _facts(preparation: Preparation) -> dict[str, Any]:
    inputs, target = preparation.inputs, preparation.target
    return {
        "project": inputs.project.name,
        "environment": {
            "path": str(target.path),
            "python": target.interpreter.known_version,
            "exists": target.exists,
            "origin": target.origin,
            "presumed": target.interpreter.is_presumed,
        },
        "lock": {
            "version": inputs.lock.version_text,
            "content_hash": inputs.lock.content_hash,
            "fresh": True,
        },
        "tier": preparation.request.tier.value if preparation.request.tier else None,
        "groups": sorted(inputs.wanted.groups),
        "extras": sorted(inputs.wanted.extras),
        "problems": [
            {
                "kind": problem.doubt.value,
                "message": problem.message,
                "packages": list(problem.names),
                "hint": problem.hint,
            }
            for problem in preparation.lock_problems
        ],
    }

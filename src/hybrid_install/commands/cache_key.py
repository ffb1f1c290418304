"""`hybrid-install cache-key`: one line that CI stores an environment or a cache under.

Needs no environment, and starts neither uv nor Poetry: only a uv that is not our own is asked for
its version.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

from hybrid_install import __version__
from hybrid_install.commands.prepare import Preparation, prepare
from hybrid_install.commands.request import Request
from hybrid_install.core.cache_key import cache_key as key_of
from hybrid_install.core.cache_key import kind_of
from hybrid_install.core.model import LockedPackage
from hybrid_install.core.plan import Policy, make_plan
from hybrid_install.core.tiers import of_tier
from hybrid_install.files import located
from hybrid_install.report import Report, print_data
from hybrid_install.tools import uv
from hybrid_install.tools.process import Runner


def cache_key(request: Request, _report: Report, runner: Runner) -> None:
    """Print the key."""
    preparation = prepare(request, runner)
    print_data(f"{_key(preparation)}\n")


def _key(preparation: Preparation) -> str:
    request, inputs, tags = preparation.request, preparation.inputs, preparation.tags
    policy = Policy(preparation.build_policy, tags)
    plan = make_plan(_content(preparation), {}, inputs.project, policy)
    names = {operation.name for operation in plan.operations}
    constraints = preparation.build_constraints
    facts = {
        "hybrid-install": __version__,
        "uv": _uv_version(request, preparation.runner),
        "compiled": request.compile_bytecode,
        "no-editable": inputs.settings.no_editable,
        "relocatable": request.relocatable,
        "build-constraints": {name: constraints[name] for name in names & constraints.keys()},
        "provided": sorted(
            each.name for each in plan.operations if inputs.settings.provided.cover(each.name)
        ),
    }
    kind = kind_of(preparation.target.interpreter, tags)
    return key_of(kind, request.tier, plan.operations, facts)


def _content(preparation: Preparation) -> tuple[LockedPackage, ...]:
    """What is selected; all that is locked, where only Poetry can tell what is selected."""
    if preparation.ambiguity is None:
        return preparation.selected
    inputs = preparation.inputs
    packages = (located(package, inputs.project_dir) for package in inputs.lock.packages)
    return of_tier(packages, preparation.request.tier, inputs.settings.heavy)


def _uv_version(request: Request, runner: Runner) -> str:
    """As `uv.find` finds it, but the version of our own uv is read, not asked for."""
    if not request.environ.get(uv.VARIABLE):
        try:
            return version_of("uv")
        except PackageNotFoundError:
            pass
    return uv.find(request.environ, runner).version()

"""The fast finish (`--finish poetry-core`): the project bound by poetry-core, without any Poetry.

It is refused wherever Poetry could come to anything else, and before anything is made.
"""

from __future__ import annotations

from functools import partial

from hybrid_install.commands.prepare import Preparation
from hybrid_install.commands.receipt import Bookkeeping
from hybrid_install.commands.standalone import install_wheel_of_root
from hybrid_install.core.binding import binding_inputs
from hybrid_install.core.editable import Binding
from hybrid_install.core.plan import Action
from hybrid_install.core.settings import Finish
from hybrid_install.environment.own_interpreter import is_writable
from hybrid_install.errors import ProjectError, TargetError, ToolError
from hybrid_install.report import Report
from hybrid_install.tools.uv import Uv

_OPTION = "--finish poetry-core"
_WITHOUT = "`--finish poetry`, the default, has Poetry end the run"


def is_fast(preparation: Preparation) -> bool:
    """Whether no Poetry is to be started."""
    return preparation.inputs.settings.finish is Finish.POETRY_CORE


def refuse_unfit_for_fast_finish(preparation: Preparation) -> None:
    """What only Poetry can do, whether it is about the lock, the environment or the project."""
    refuse_what_is_left(preparation)
    if is_fast(preparation) and preparation.binds_root:
        _refuse_the_project(preparation)
        _refuse_unwritable(preparation)


def refuse_what_is_left(preparation: Preparation) -> None:
    """What the plan leaves to Poetry: more may turn out when there is an environment to look at."""
    if not is_fast(preparation):
        return
    plan = preparation.plan
    if plan.handover is not None:
        raise ToolError(
            f"{_OPTION}: the whole run is Poetry's: {plan.handover.value}", hint=_WITHOUT
        )
    left = [f"{each.name} {each.version}: {each.reason}" for each in plan.having(Action.DEFER)]
    if left:
        listed = "".join(f"\n  {each}" for each in left)
        raise ToolError(f"{_OPTION}: only Poetry can install{listed}", hint=_WITHOUT)


def _refuse_the_project(preparation: Preparation) -> None:
    """What cannot be bound at all is found out here too: binding begins with a removal."""
    from hybrid_install.core.fast_finish import obstacles
    from hybrid_install.tools import poetry_core

    found = obstacles(
        preparation.inputs.pyproject,
        preparation.inputs.project,
        poetry_core.version(),
        no_plugins=preparation.request.no_plugins,
        as_wheel=preparation.no_editable,
    )
    if listed := "".join(f"\n  {each}" for each in found):
        raise ProjectError(f"{_OPTION}: only Poetry can bind this project:{listed}", hint=_WITHOUT)
    _binding(preparation)


def _binding(preparation: Preparation) -> Binding:
    """What poetry-core makes of the project; errors as for `poetry_core.binding`."""
    from hybrid_install.environment.binding_memory import memory_of
    from hybrid_install.tools import poetry_core

    folder, environ = preparation.inputs.project_dir, preparation.request.environ
    reads = binding_inputs(preparation.inputs.pyproject)
    memory = memory_of(reads, folder, poetry_core.version(), environ)
    make = partial(poetry_core.binding, folder)
    return memory.made(make) if memory else make()


def _refuse_unwritable(preparation: Preparation) -> None:
    target = preparation.target
    if target.exists and not is_writable(target.interpreter):
        raise TargetError(
            f"{_OPTION}: {target.path} cannot be written to",
            hint="whose is it? Name another with --venv",
        )


def finish_fast(preparation: Preparation, uv: Uv, report: Report, books: Bookkeeping) -> None:
    """The project as Poetry would leave it; nothing where it is not to be installed."""
    if not preparation.binds_root:
        return
    from hybrid_install.environment.editable import bind
    from hybrid_install.tools import poetry_core

    books.withdraw()
    folder, target = preparation.inputs.project_dir, preparation.target
    if preparation.no_editable:
        report.say("poetry-core", "building the project")
        install_wheel_of_root(
            preparation, uv, lambda output: poetry_core.build_wheel(folder, output)
        )
        return
    report.say("poetry-core", "binding the project")
    binding = _binding(preparation)
    for each in binding.omitted:
        report.warn(each)
    bind(binding, folder, target.interpreter, target.python)

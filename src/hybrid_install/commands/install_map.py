"""`hybrid-install install --from FILE`: a requirements map, installed by uv alone.

The map stands for a project without a root and for its lock (`core.map_file`): what an install does
with those, it does here, but for Poetry, which is never started.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from hybrid_install import poetry_config
from hybrid_install import settings as own_settings
from hybrid_install.commands.demands import refuse_breaches
from hybrid_install.commands.doubts import warn_of_what_is_provided
from hybrid_install.commands.inputs import Inputs, as_requested
from hybrid_install.commands.inspection import Inspection
from hybrid_install.commands.install import find_uv, install_what_uv_can, mend, with_environment
from hybrid_install.commands.plan import print_plan
from hybrid_install.commands.prepare import Preparation, mask_urls, poetry_python
from hybrid_install.commands.receipt import Bookkeeping
from hybrid_install.commands.request import Request
from hybrid_install.commands.standalone import leave_place, refuse_fixed_place
from hybrid_install.commands.supply import prepared_for, refuse_lacking_files
from hybrid_install.commands.turns import in_turn
from hybrid_install.core.deferral import Deferral
from hybrid_install.core.map_file import Left, MapFile, from_json
from hybrid_install.core.model import MAIN_GROUP
from hybrid_install.core.plan import Action, Plan
from hybrid_install.core.selection import SelectionOptions, Wanted
from hybrid_install.core.settings import Settings
from hybrid_install.environment.discovery import requested_python
from hybrid_install.environment.locate import Locator
from hybrid_install.errors import InvalidDataError, ProjectError, TargetError, ToolError, UsageError
from hybrid_install.files import TomlFile
from hybrid_install.poetry_config import PoetryConfig
from hybrid_install.report import Report, counts
from hybrid_install.tools.poetry import MIRROR_PLUGIN
from hybrid_install.tools.process import Runner
from hybrid_install.tools.uv import Uv


def install_map(
    request: Request, report: Report, runner: Runner, *, file: Path, dry_run: bool
) -> None:
    """Install exactly what the map holds; what else the environment holds is left alone."""
    with report.phase("read"):
        request = prepared_for(request)
        _refuse_what_a_map_has_settled(request)
        found = read_map(file)
        preparation = _prepared(request, found, file, runner)
        warn_of_what_is_provided(preparation, report)
    if dry_run:
        print_plan(preparation, as_json=False)
        _refuse_breaches(preparation)
        return
    refuse_fixed_place(preparation)
    uv, uv_version = find_uv(request, report, runner)
    with in_turn(preparation, report) as preparation:
        with report.phase("venv"):
            _refuse_poetrys_part(preparation)
            _refuse_misfit(preparation, found, file)
            refuse_lacking_files(preparation)
            _refuse_breaches(preparation)
            made = with_environment(preparation, uv, report)
        is_new = not preparation.target.exists
        with in_turn(made, report) if is_new else nullcontext(made) as settled:
            _fill(settled, found, uv, uv_version, report)
    report.summary()


def _fill(
    preparation: Preparation, found: MapFile, uv: Uv, uv_version: str, report: Report
) -> None:
    with report.phase("plan"):
        _refuse_poetrys_part(preparation)
    report.say("plan", counts(preparation.plan))
    _note_what_is_left([*found.left, *_left(preparation.plan)], report)
    books = Bookkeeping.begin(preparation, report, uv_version, keeps_others=True)
    with report.phase("uv"):
        preparation, told = install_what_uv_can(preparation, uv, report, books)
        inspection = Inspection.begin(preparation, books)
        told = {**told, **mend(preparation, uv, report, books, inspection)}
        leave_place(preparation)
        books.close(told, None)
    late = [it for it in _left(preparation.plan) if it.name in preparation.left]
    _note_what_is_left(late, report)


def read_map(file: Path) -> MapFile:
    """The map in `file`; `ProjectError` where there is none that can be read."""
    try:
        return from_json(file.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ProjectError(
            f"{file} cannot be read: {error.strerror}", hint="`export --format json -o` writes one"
        ) from None
    except (UnicodeDecodeError, InvalidDataError) as error:
        raise ProjectError(
            f"{file} is no requirements map: {error}",
            hint="have it written again by `hybrid-install export --format json`",
        ) from None


def _refuse_what_a_map_has_settled(request: Request) -> None:
    """Groups, extras and tiers were chosen when the map was written; it knows no root."""
    chosen = replace(request.selection, no_root=False) != SelectionOptions() or request.tier
    if chosen or request.sync or request.no_directory or request.atomic:
        raise UsageError(
            "--from installs a map as it is: groups, extras, --tier, --only-root, --sync,"
            " --no-directory and --atomic have no part in it",
            hint="give them to the `export` that writes the map",
        )


class _OfMap(Preparation):
    """A run whose packages were selected when the map was written."""

    def re_resolves(self) -> bool:
        """There is nothing to solve."""
        return False

    def anew(self) -> Preparation:
        """A map has been read once and for all."""
        return self.after_creation()


def _prepared(request: Request, found: MapFile, file: Path, runner: Runner) -> Preparation:
    folder = file.absolute().parent
    config = poetry_config.load(folder, request.environ)
    # Whoever names a mirror means it; there may be no Poetry here that has the plugin.
    project = replace(found.project, required_plugins=frozenset({MIRROR_PLUGIN}))
    inputs = Inputs(
        project_dir=folder,
        project=project,
        lock=found.lock,
        config=config,
        wanted=Wanted(frozenset({MAIN_GROUP}), frozenset()),
        pyproject={},
        settings=_settings(request, file),
        lock_file=file.absolute(),
        contents={},
    )
    mask_urls(inputs, runner)
    locator = _locator(request, inputs, runner)
    return _OfMap(request, inputs, locator, locator.locate(), runner, starts_tools=False)


def _settings(request: Request, file: Path) -> Settings:
    """What there is to say of an environment without a project: what its image brings."""
    said = as_requested(own_settings.load(TomlFile(file, {}, ""), request.environ), request)
    return Settings(provided=said.provided, provided_mismatch=said.provided_mismatch)


def _locator(request: Request, inputs: Inputs, runner: Runner) -> Locator:
    """The named environment, the active one, or the interpreter that Poetry would install into."""
    environ, config = request.environ, inputs.config
    creates = config.flag("virtualenvs", "create") is not False
    is_active = environ.get("VIRTUAL_ENV") or environ.get("CONDA_PREFIX")
    if request.venv is None and creates and not is_active:
        raise TargetError(
            "a map does not say which environment it is for",
            hint="name one with --venv (it is made where it is missing), or activate one",
        )
    return Locator(
        project=inputs.project,
        project_dir=inputs.project_dir,
        config=config,
        environ=environ,
        runner=runner,
        venv=request.venv,
        python=request.python,
        poetry_python=lambda: _own_python(request, config, runner),
    )


def _own_python(request: Request, config: PoetryConfig, runner: Runner) -> Path | None:
    """Without virtualenvs: `--python`, else where a later install of the project goes to."""
    if request.python is not None:
        return requested_python(request.python, request.environ, config.python_installation_dir)
    return poetry_python(request, runner, may_start=False)


def _refuse_misfit(preparation: Preparation, found: MapFile, file: Path) -> None:
    markers = preparation.target.interpreter.markers
    if key := found.misfit(markers):
        raise TargetError(
            f"{file} was made for another environment: its {key} is"
            f" {(found.environment or {})[key]!r}, not {markers[key]!r}",
            hint="export it on such a machine, or with --universal",
        )


def _refuse_poetrys_part(preparation: Preparation) -> None:
    handover = preparation.plan.handover
    if handover is not None:
        raise TargetError(
            f"only Poetry could install there: {handover.value}",
            hint="name an environment with --venv",
        )
    missing = [
        f"{it.name} {it.version}"
        for it in preparation.plan.having(Action.DEFER)
        if it.reason == Deferral.NO_FILE.value
    ]
    if missing:
        raise ToolError(
            f"{Deferral.NO_FILE.value}: {', '.join(missing)}",
            hint="does the package support this Python and platform?",
        )


def _refuse_breaches(preparation: Preparation) -> None:
    """Of what is left out nothing is installed."""
    plan = preparation.plan
    rest = tuple(each for each in plan.operations if each.action is not Action.DEFER)
    refuse_breaches(preparation, replace(plan, operations=rest))


def _left(plan: Plan) -> Iterable[Left]:
    return [Left(it.name, it.version, it.source, it.reason) for it in plan.having(Action.DEFER)]


def _note_what_is_left(left: Iterable[Left], report: Report) -> None:
    for each in left:
        report.say("left out", f"{each.name} {each.version}: {each.reason}")

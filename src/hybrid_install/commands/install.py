"""`hybrid-install install`: the whole job. Read, plan, let uv install, let Poetry finish."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from hybrid_install.commands.access import asking_default_index, index_access
from hybrid_install.commands.ahead import poetry_apart
from hybrid_install.commands.binding import binding
from hybrid_install.commands.changes import refuse_changes
from hybrid_install.commands.demands import refuse_built_files, refuse_demands
from hybrid_install.commands.doubts import warn_of_the_lock
from hybrid_install.commands.fast_finish import (
    finish_fast,
    is_fast,
    refuse_unfit_for_fast_finish,
    refuse_what_is_left,
)
from hybrid_install.commands.inspection import Inspection, refuse_damage, without_damaged
from hybrid_install.commands.plan import print_plan
from hybrid_install.commands.prepare import Preparation, prepare
from hybrid_install.commands.receipt import Bookkeeping, receipt_file
from hybrid_install.commands.refusals import refuse_blind_poetry
from hybrid_install.commands.request import Request
from hybrid_install.commands.room import announce_download, not_fetched
from hybrid_install.commands.stamp import stamp
from hybrid_install.commands.standalone import (
    finishing_runs,
    install_root_wheel,
    leave_place,
    refuse_fixed_place,
)
from hybrid_install.commands.supply import (
    hint_of_download,
    hint_offline,
    prepared_for,
    refuse_offline,
    supply_of,
)
from hybrid_install.commands.tiers import refuse_poetry_s_part
from hybrid_install.commands.turns import in_turn, patience_of
from hybrid_install.core.distribution import changed
from hybrid_install.core.model import NormalizedName
from hybrid_install.core.plan import Action
from hybrid_install.core.requirements import DirectRequirement, RequirementsMap
from hybrid_install.core.versions import REQUIRES_POETRY, allows
from hybrid_install.environment.cache import cache_dir
from hybrid_install.environment.creation import creation, finished
from hybrid_install.environment.halves import halves, remove
from hybrid_install.environment.leftovers import remove_recorded_absolutely
from hybrid_install.environment.locate import prompt, remember
from hybrid_install.environment.origins import settle
from hybrid_install.errors import DriftError, ToolError
from hybrid_install.report import Report, counts, packages
from hybrid_install.tools import poetry as poetry_tool
from hybrid_install.tools import uv as uv_tool
from hybrid_install.tools.bulk import BulkInstall, Files, Told, UndecidedError, told
from hybrid_install.tools.poetry import Poetry
from hybrid_install.tools.poetry_run import PoetryRun
from hybrid_install.tools.process import CommandFailedError, Runner, Waiting
from hybrid_install.tools.uv import InstallTarget, Uv
from hybrid_install.whole import temporary_folder


def install(request: Request, report: Report, runner: Runner, *, dry_run: bool) -> None:
    """Make the environment that `poetry install` would make, at uv's speed."""
    _install(request, report, runner, dry_run=dry_run)
    if not dry_run:
        report.summary()


def _install(request: Request, report: Report, runner: Runner, *, dry_run: bool = False) -> None:
    started, request = time.time_ns(), prepared_for(request)
    with report.phase("read"):
        preparation = prepare(request, runner, starts_tools=not dry_run)
    if dry_run:
        warn_of_the_lock(preparation, report)
        print_plan(preparation, as_json=False)
        refuse_demands(preparation, report)
        return
    if request.atomic and _is_made_beside(preparation, report, runner, started):
        return
    with in_turn(preparation, report) as preparation:
        warn_of_the_lock(preparation, report)
        refuse_another_poetry(preparation)
        _heed_version_of_poetry(preparation, report)
        refuse_fixed_place(preparation)
        refuse_offline(preparation)
        refuse_unfit_for_fast_finish(preparation)
        uv, uv_version = find_uv(request, report, runner)
        with report.phase("plan"):
            refuse_demands(preparation, report)
        uv = asking_default_index(preparation, uv)
        with started_poetry(preparation) as waiting:
            with report.phase("venv"):
                made = with_environment(preparation, uv, report)
            is_new = not preparation.target.exists
            with in_turn(made, report) if is_new else nullcontext(made) as settled:
                _fill(settled, uv, uv_version, report, waiting)
                stamp(settled, report, started)


def _is_made_beside(preparation: Preparation, report: Report, runner: Runner, started: int) -> bool:
    """Have another environment take the place of the target; False if nothing is to be done."""
    from hybrid_install.commands.atomic import in_line, install_beside, refuse_unfit_for_exchange
    from hybrid_install.environment.exchange import clear_beside

    refuse_unfit_for_exchange(preparation)
    with in_line(preparation, report) as others_were_first:
        if others_were_first:
            preparation = prepare(preparation.request, runner, starts_tools=True)
        if preparation.plan.is_done and not _needs_poetry(preparation):
            clear_beside(preparation.target.path)
            return False
        install_whole = partial(_install, report=report, runner=runner)
        stamp(install_beside(preparation, report, install_whole), report, started)
        return True


def _fill(
    preparation: Preparation,
    uv: Uv,
    uv_version: str,
    report: Report,
    waiting: Waiting | None,
) -> None:
    """What uv installs and Poetry finishes, in an environment that is there."""
    plan = preparation.plan
    refuse_what_is_left(preparation)
    report.say("plan", plan.handover.value if plan.handover else counts(plan))
    books = Bookkeeping.begin(preparation, report, uv_version)
    with report.phase("uv"):
        preparation, files = install_what_uv_can(preparation, uv, report, books)
        if preparation.binds_root or preparation.plan.leaves_work_to_poetry:
            books.note(files)
    inspection = Inspection.begin(preparation, books)
    with report.phase("poetry-core" if is_fast(preparation) else "Poetry"):
        poetry = finish(preparation, uv, report, books, waiting)
    with report.phase("uv"):
        files = {**files, **mend(preparation, uv, report, books, inspection)}
    leave_place(preparation)
    if preparation.request.place:
        from hybrid_install.environment.exchange import tell_place

        tell_place(preparation.target.interpreter, preparation.request.place)
    refuse_changes(preparation, books)
    books.close(files, poetry)


def refuse_another_poetry(preparation: Preparation) -> None:
    """`requires-poetry` (`Factory._ensure_valid_poetry_version`), before anything is made."""
    required, lock = preparation.inputs.project.required_poetry, preparation.inputs.lock
    version = preparation.poetry.version if preparation.poetry else lock.generated_by
    if required and version and not allows(required, version, REQUIRES_POETRY):
        raise ToolError(
            f"This project requires Poetry {required}, but you are using Poetry {version}",
            hint="install one that fits, or name it with HYBRID_INSTALL_POETRY",
        )


def _heed_version_of_poetry(preparation: Preparation, report: Report) -> None:
    """A word where it is not one that we know, and is to be started."""
    poetry = preparation.poetry
    if poetry is None or (poetry.misfit() is None and poetry.reads_project_table):
        return
    if is_fast(preparation) or not _needs_poetry(preparation):
        return
    refuse_blind_poetry(poetry, preparation.inputs.pyproject)
    _note_misfit(poetry, report)


def _note_misfit(poetry: Poetry, report: Report) -> None:
    if misfit := poetry.misfit():
        report.warn(f"Poetry {poetry.version} ({poetry.origin}) {misfit.note}")


def find_uv(request: Request, report: Report, runner: Runner) -> tuple[Uv, str]:
    """The uv that will be used and its version; a word where it is not one that we know."""
    uv = replace(uv_tool.find(request.environ, runner), plain=not report.is_coloured)
    version = uv.version()
    if misfit := uv_tool.misfit_of(version):
        report.warn(f"uv {version} ({uv.origin}) {misfit.note}")
    report.detail(f"uv {version} from {uv.origin}: {uv.path}")
    return uv, version


def with_environment(preparation: Preparation, uv: Uv, report: Report) -> Preparation:
    """The run with its environment in existence, made by uv where it was missing."""
    target = preparation.target
    refuse_poetry_s_part(preparation)
    if target.exists or preparation.is_made_by_poetry:
        report.say("environment", f"{target.path} ({target.origin})")
        if target.exists and target.is_virtual:
            finished(target.path)
        return preparation
    made = "made anew, it was broken or not finished" if target.is_broken else "new"
    version = target.interpreter.known_version
    report.say("environment", f"{target.path} ({made}, Python {version}, {target.origin})")
    # A setting that cannot be read is refused before anything is made.
    title = prompt(preparation.inputs.config, preparation.inputs.project, target.interpreter)
    share, patience = preparation.runner.sharing, patience_of(preparation, report)
    with creation(target.path, clear=target.is_broken, share=share, patience=patience) as is_ours:
        if not is_ours:
            report.say("environment", "another run has just made it")
            return preparation.after_creation()
        prepared = _made(preparation, uv, title)
    if target.remember_minor:
        remember(prepared.target, prepared.locator)
    return prepared


def _made(preparation: Preparation, uv: Uv, title: str | None) -> Preparation:
    """The environment, made by uv, with its pip; `title` is what its prompt says."""
    target, config = preparation.target, preparation.inputs.config
    try:
        uv.create_environment(
            target.path,
            target.interpreter,
            title,
            system_site_packages=bool(
                config.flag("virtualenvs", "options", "system-site-packages")
            ),
            relocatable=preparation.request.relocatable,
        )
    except CommandFailedError as error:
        raise failed(uv, error) from None
    # It answers while pip is seeded; of one that was presumed the answer tells which pip fits.
    answer = preparation.begin_creation()
    try:
        prepared = answer() if target.interpreter.is_presumed else None
        if not config.flag("virtualenvs", "options", "no-pip"):
            _seed_pip(prepared or preparation, uv)
    except BaseException:
        # What it may write must not come after what is cleared now.
        with suppress(Exception):
            answer()
        raise
    return prepared or answer()


def _seed_pip(preparation: Preparation, uv: Uv) -> None:
    target = preparation.target
    try:
        uv.seed_pip(target.python, target.interpreter.minor_version)
    except CommandFailedError as error:
        raise failed(uv, error) from None


def install_what_uv_can(
    preparation: Preparation, uv: Uv, report: Report, books: Bookkeeping
) -> tuple[Preparation, Told]:
    """As `install_in_bulk`, but for what turns out to be Poetry's: the run then leaves it."""
    try:
        return preparation, install_in_bulk(preparation, uv, report, books)
    except UndecidedError as undecided:
        preparation = replace(preparation, left=undecided.left)
        refuse_what_is_left(preparation)
        return preparation, install_in_bulk(preparation, uv, report, books)


def install_in_bulk(preparation: Preparation, uv: Uv, report: Report, books: Bookkeeping) -> Told:
    """Everything that uv installs, from all indexes at once, and what it removes.

    Nothing is removed before the indexes have said that they have every file. `UndecidedError`
    before that, where they say that a package is Poetry's. Returns the files that uv was told of
    each package.
    """
    plan, interpreter = preparation.plan, preparation.target.interpreter
    requirements = RequirementsMap.of(plan.bulk)
    settle(_kept_by_uv(preparation), frozenset(), interpreter)
    if not plan.bulk and not plan.having(Action.REMOVE):
        _remove_halves(preparation, report, books)
        return {}
    bulk = bulk_install(preparation, uv)
    if plan.bulk:
        report.say("uv", f"installing {packages(len(plan.bulk))}")
    supply = supply_of(preparation.request, requirements)
    files = _choose(bulk, supply.rest(requirements), preparation.request)
    files = files if files is None else {**files, **supply.files}
    refuse_built_files(preparation, files)
    size = announce_download(preparation, files, report)

    def settled(part: RequirementsMap, built: frozenset[NormalizedName]) -> None:
        settle(requirements.only(part.names).direct, built | supply.names, interpreter)

    books.withdraw()
    _clear(preparation)
    try:
        _remove_halves(preparation, report, books)
        _remove(preparation, uv, report)
        bulk.run(supply.placed(requirements), files, settled)
    except CommandFailedError as error:
        hint = hint_offline(preparation.request) or hint_of_download(preparation.request, size)
        where = not_fetched(preparation, requirements, files)
        raise failed(uv, error, hint, where) from None
    _refuse_halves(preparation)
    return told(requirements, files)


def mend(
    preparation: Preparation, uv: Uv, report: Report, books: Bookkeeping, inspection: Inspection
) -> Told:
    """Have uv fetch and install anew what its cache had damaged; the files that it was told of.

    `ToolError` where that does not help.
    """
    found = inspection.damage()
    if not found:
        return {}
    again = without_damaged(preparation, uv, report, found)
    told = install_in_bulk(again, uv, report, books)
    refuse_damage(again, found)
    return told


def _refuse_halves(preparation: Preparation) -> None:
    """`ToolError` where uv ended well and its cache has lost what says which files it installed."""
    names = {each.name for each in preparation.plan.bulk}
    ours = (each for each in preparation.distributions() if not each.is_system)
    halves = {each.name for each in ours if not each.is_whole} & names
    if halves:
        listed = " ".join(sorted(halves))
        raise ToolError(
            f"uv has installed {listed} without a RECORD of the files: its cache is damaged",
            hint=f"`uv cache clean {listed}`, and run the same command again",
        )


def _kept_by_uv(preparation: Preparation) -> tuple[DirectRequirement, ...]:
    """What an earlier run may have left before it came to its records."""
    return RequirementsMap.of(
        each for each in preparation.plan.having(Action.KEEP) if each.index is None
    ).direct


def bulk_install(preparation: Preparation, uv: Uv) -> BulkInstall:
    """Uv with everything that it needs to know of the target and the indexes."""
    target = preparation.target
    install_target = InstallTarget(
        target.python,
        reinstall=tuple(each.name for each in preparation.plan.having(Action.REINSTALL)),
        compile_bytecode=preparation.request.compile_bytecode,
        is_virtual=target.is_virtual,
        only_from=preparation.request.find_links if preparation.request.offline else None,
        builds=not preparation.request.no_build,
    )
    return BulkInstall(
        replace(uv, workers=preparation.inputs.config.max_workers),
        index_access(preparation, uv),
        target.interpreter,
        install_target,
        cache_dir(preparation.request.environ),
        {name: lines for name, lines in preparation.build_constraints.items() if lines},
        preparation.tags,
    )


def _choose(bulk: BulkInstall, requirements: RequirementsMap, request: Request) -> Files | None:
    try:
        return bulk.choose(requirements, request.feed)
    except CommandFailedError as error:
        hint = (
            hint_offline(request)
            or "is each package still on its index, and are the credentials right? To uv an"
            " index that refuses it (401, 403) has nothing. `--feed requirements` asks one index"
            " at a time"
        )
        raise failed(bulk.uv, error, hint) from None


def _remove_halves(preparation: Preparation, report: Report, books: Bookkeeping) -> None:
    """What neither uv nor pip could remove of a package that is replaced or removed.

    Into an interpreter that is no environment packages are only added.
    """
    plan, target = preparation.plan, preparation.target
    changing = (*plan.bulk, *plan.having(Action.REMOVE, Action.DEFER))
    if not target.is_virtual:
        return
    # Poetry takes for installed what has METADATA of the version that it wants.
    believed = [(each.name, each.version) for each in plan.having(Action.DEFER) if each.package]
    root = preparation.inputs.project.name if preparation.binds_root else None
    found = halves(target.interpreter, {each.name for each in changing}, believed, root)
    if not any(found):
        return
    books.withdraw()
    for path in (*(each.path for each in found.lost), *found.notes, *found.strays):
        report.detail(f"removing {path}, half of an installation")
    for path in found.cut_off:
        report.detail(f"mending {path}, which was cut off")
    remove(found)


def _clear(preparation: Preparation) -> None:
    """What uv would leave of what it replaces and removes."""
    present = preparation.installed()
    for operation in preparation.plan.having(Action.REINSTALL, Action.REMOVE):
        remove_recorded_absolutely(present[operation.name], preparation.target.interpreter)


def _remove(preparation: Preparation, uv: Uv, report: Report) -> None:
    """All but the halves of which nothing is left."""
    installed = preparation.installed()
    removed = [each for each in preparation.plan.having(Action.REMOVE) if each.name in installed]
    if removed:
        report.say("uv", f"removing {packages(len(removed))}")
        left = preparation.installed().keys() & {each.name for each in removed}
        if left:
            uv.uninstall(sorted(left), preparation.target.python)


@contextmanager
def started_poetry(preparation: Preparation) -> Iterator[Waiting | None]:
    """Poetry, which imports what it will need while uv works; None where it may not be needed."""
    poetry = poetry_apart(preparation)
    if poetry is None or not _needs_poetry(preparation):
        yield None
        return
    waiting = poetry.start(preparation.inputs.project_dir)
    try:
        yield waiting
    finally:
        if waiting:
            waiting.dismiss()


def _needs_poetry(preparation: Preparation) -> bool:
    """As far as can be told before uv has done its part."""
    earlier = None if preparation.request.no_receipt else receipt_file(preparation).read_earlier()
    bound = earlier.binding if earlier else None
    is_to_bind = preparation.binds_root and (bound is None or bound != binding(preparation))
    return is_to_bind or preparation.plan.leaves_work_to_poetry


def finish(
    preparation: Preparation,
    uv: Uv,
    report: Report,
    books: Bookkeeping,
    waiting: Waiting | None = None,
) -> str | None:
    """`poetry install`, which binds the project, installs what was deferred and has the last word.

    Under `--no-editable` and with provided packages that is done in parts (commands/standalone.py).
    Not started where it has nothing to do: nothing is left to it, and there is no root to bind or
    the root is bound already, from the same inputs. `waiting` is that Poetry, if it has been
    started. Returns the version that has bound the root.
    """
    plan, is_to_bind = preparation.plan, preparation.binds_root
    if not is_to_bind and not plan.leaves_work_to_poetry:
        return None
    if books.earlier and _is_finished(preparation, books):
        report.say("Poetry", "not started: the project is bound, and nothing is left to it")
        return books.earlier.poetry
    if is_fast(preparation):
        try:
            finish_fast(preparation, uv, report, books)
        except CommandFailedError as error:
            raise failed(uv, error) from None
        return None
    for operation in plan.having(Action.DEFER):
        report.detail(f"{operation.name} {operation.version} is Poetry's: {operation.reason}")
    poetry = preparation.poetry or _provided_poetry(preparation, uv, report)
    is_wheel = is_to_bind and preparation.no_editable
    report.say("Poetry", _task(preparation, is_to_bind=is_to_bind))
    before = preparation.distributions()
    books.withdraw()
    with ExitStack() as stack:
        try:
            plain = _poetry_run(preparation, report, stack)
            for run in finishing_runs(preparation, poetry, plain, stack):
                poetry.install(run, waiting)
            if is_wheel:
                install_root_wheel(preparation, poetry, uv, plain)
        except CommandFailedError as error:
            is_uv = error.command.argv[0] == str(uv.path)
            kept = preparation.inputs.config.cache_path if plan.leaves_work_to_poetry else None
            raise failed(uv if is_uv else poetry, error, poetry_s_cache=kept) from None
    if plan.handover is None:
        touched = changed(before, preparation.distributions())
        _refuse_unbound(preparation, touched, poetry)
        _report_drift(preparation, touched, report)
    return poetry.version


def _refuse_unbound(
    preparation: Preparation, touched: tuple[NormalizedName, ...], poetry: Poetry
) -> None:
    """`ToolError` where Poetry ended well and has not bound the project: it was something else.

    Poetry binds anew what is bound already.
    """
    name = preparation.inputs.project.name
    if preparation.binds_root and name not in touched:
        raise ToolError(
            f"{poetry.argv[0]} ended well, but has not bound {name}",
            hint="is it Poetry? Name one with HYBRID_INSTALL_POETRY, and run it again",
        )


def failed(
    by: Uv | Poetry,
    error: CommandFailedError,
    hint: str | None = None,
    where: str = "",
    poetry_s_cache: Path | None = None,
) -> ToolError:
    """The end of a run whose tool failed; its words are on the screen or in `error.output`.

    A version that is not supported is named before all else: the words that follow are about an
    option, or a file, that it does not know. Poetry keeps also a file that it refuses, and has no
    command that removes it (`Config.artifacts_cache_directory`).
    """
    tool, misfit = "uv" if isinstance(by, Uv) else "Poetry", by.misfit()
    words = f":\n\n{error.output}" if error.output else f"; what {tool} says is above"
    cache = ""
    if tool == "uv":
        cache = " Where a file of its cache is at fault, `uv cache clean` empties it."
    elif poetry_s_cache:
        folder = poetry_s_cache / "artifacts"
        cache = f" Where a file that it has fetched is at fault, remove {folder}."
    return ToolError(
        f"{misfit.cause if misfit else ''}"
        f"{tool} failed with exit code {error.command_exit_code}{words}{where}",
        hint=(misfit.repair if misfit else hint)
        or "mend the cause and run the same command again: it goes on where this one ended."
        f"{cache} `-v` shows more",
    )


def _is_finished(preparation: Preparation, books: Bookkeeping) -> bool:
    """Whether all that Poetry could do is done: what is there is looked at once more."""
    if preparation.request.no_receipt or preparation.plan.leaves_work_to_poetry:
        return False
    return books.is_bound and preparation.plan_afresh().is_done


def _task(preparation: Preparation, *, is_to_bind: bool) -> str:
    deferred = len(preparation.plan.having(Action.DEFER))
    is_wheel = preparation.no_editable
    tasks = ["building the project" if is_wheel else "binding the project"] if is_to_bind else []
    tasks += [f"seeing to {packages(deferred)} left to it"] if deferred else []
    return " and ".join(tasks) or "the whole run is Poetry's"


def _provided_poetry(preparation: Preparation, uv: Uv, report: Report) -> Poetry:
    """Where the machine has no Poetry: uv's, in the version that wrote the lock."""
    locked_by = preparation.inputs.lock.generated_by
    report.say("Poetry", f"is not on this machine: uv provides {locked_by or 'it'}")
    poetry = poetry_tool.provided(uv, locked_by, preparation.runner)
    _note_misfit(poetry, report)
    return poetry


def _poetry_run(preparation: Preparation, report: Report, stack: ExitStack) -> PoetryRun:
    request, target = preparation.request, preparation.target
    hands_over = preparation.plan.handover is not None
    # Poetry ignores VIRTUAL_ENV where its envs.toml knows the project.
    hide_envs_file = request.venv is not None and preparation.locator.is_remembered
    folder = stack.enter_context(temporary_folder()) if hide_envs_file else None
    return PoetryRun(
        project_dir=preparation.inputs.project_dir,
        environment_path=target.path if target.exists and target.is_virtual else None,
        selection=request.selection,
        sync=request.sync,
        no_directory=request.no_directory,
        compile_bytecode=request.compile_bytecode,
        no_plugins=request.no_plugins,
        no_cache=request.no_cache,
        interactive=request.interactive,
        ansi=report.is_coloured,
        verbosity=request.verbosity,
        # Where the selection was by the lock's markers, a Poetry that is ours alone does the same.
        re_resolve=None if hands_over or preparation.poetry or preparation.re_resolves() else False,
        ignore_envs_file=folder,
        # Poetry runs in the project's folder, and takes paths to be relative to its own.
        variables=preparation.inputs.config.certificate_variables(request.working_dir),
        builds=not request.no_build,
        offline=request.offline,
    )


def _report_drift(
    preparation: Preparation, touched: tuple[NormalizedName, ...], report: Report
) -> None:
    """Whatever Poetry changed beyond what was left to it."""
    expected = {each.name for each in preparation.plan.having(Action.DEFER)}
    drifted = [name for name in touched if name not in expected | {preparation.inputs.project.name}]
    if not drifted:
        return
    message = f"Poetry changed what uv had installed: {', '.join(drifted)}"
    if preparation.request.strict:
        raise DriftError(message, hint="the environment is as Poetry wants it; run again to check")
    report.warn(message)

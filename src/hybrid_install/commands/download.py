"""`hybrid-install download`: the locked files of a selection, in a folder, and nothing else."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import urldefrag

from hybrid_install.commands.doubts import warn_of_the_lock
from hybrid_install.commands.install import bulk_install, find_uv
from hybrid_install.commands.prepare import Preparation, prepare
from hybrid_install.commands.refusals import refuse_missing_paths
from hybrid_install.commands.request import Request
from hybrid_install.core.deferral import Deferral
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    LockedFile,
    RegistrySource,
    UrlSource,
)
from hybrid_install.core.plan import Action, Operation, Plan, Policy, make_plan
from hybrid_install.core.provided import Discrepancy
from hybrid_install.core.requirements import RequirementsMap
from hybrid_install.core.versions import allows
from hybrid_install.environment.discovery import provision, requested_version
from hybrid_install.environment.locate import TargetEnvironment
from hybrid_install.environment.platforms import interpreter_on, platform_named
from hybrid_install.environment.probe import presumed
from hybrid_install.errors import LockfileError, SelectionError, TargetError, ToolError, UsageError
from hybrid_install.report import Report
from hybrid_install.tools.bulk import BulkInstall, Files, UndecidedError
from hybrid_install.tools.fetch import Download, Fetcher
from hybrid_install.tools.process import CommandFailedError, Runner
from hybrid_install.tools.wheelhouse import Wheelhouse, build_requirements


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another target than the project's environment: a Python, a platform (uv's name), or both."""

    python_version: str | None = None
    platform: str | None = None

    def __bool__(self) -> bool:
        return self.python_version is not None or self.platform is not None


def download(
    request: Request, report: Report, runner: Runner, *, output: Path, elsewhere: Elsewhere
) -> None:
    """Fetch what is locked and not in `output` yet; what no file can stand for is named."""
    with report.phase("read"):
        preparation = _prepare(request, runner, elsewhere)
        warn_of_the_lock(preparation, report)
        _refuse_ambiguity(preparation)
        plan = preparation.plan
        refuse_missing_paths(plan)
        _refuse_without_file(plan, preparation)
        _warn_of_the_others(plan, preparation, report)
    uv, _ = find_uv(request, report, runner)
    bulk = bulk_install(preparation, uv)
    with report.phase("indexes"):
        requirements, files = _settled(plan, bulk, preparation, report)
    wheelhouse = Wheelhouse(output)
    wanted = _wanted(requirements, files)
    with report.phase("download"):
        _fetch(wanted, wheelhouse, Fetcher(bulk.access, request.environ, bulk.uv.workers), report)
    if not elsewhere:
        _tell_of_builds(wanted, requirements, wheelhouse, report)
    report.summary()


@dataclass(frozen=True)
class _Everything(Preparation):
    """A preparation whose plan is all that is selected, whatever is installed."""

    wheels_only: bool = False

    @cached_property
    def plan(self) -> Plan:
        """Every selected package; nothing is made, so nothing is handed over."""
        if self.ambiguity is not None:
            return Plan((), self.ambiguity)
        policy = Policy(
            self.build_policy,
            self.tags,
            no_directory=self.request.no_directory,
            provided=self.provided_versions,
        )
        plan = make_plan(self.selected, {}, self.inputs.project, policy)
        return replace(plan, operations=tuple(map(self._with_files, plan.operations)))

    @property
    def discrepancies(self) -> tuple[Discrepancy, ...]:
        """None: the image that brings what is provided need not be here."""
        return ()

    def _with_files(self, operation: Operation) -> Operation:
        files = tuple(each for each in operation.files if each.is_wheel or not self.wheels_only)
        return replace(operation, files=files)


def _prepare(request: Request, runner: Runner, elsewhere: Elsewhere) -> Preparation:
    found = prepare(request, runner, starts_tools=True)
    target = replace(found.target, exists=False, handover=None)
    if not elsewhere:
        return _of(found, target)
    there, other = (_there(found, elsewhere, kernel) for kernel in ("0", "9999"))
    if not allows(found.inputs.project.python_versions, there.full_version):
        raise TargetError(
            f"Python {there.full_version} is not allowed by the project"
            f" ({found.inputs.project.python_versions}).",
            hint="name another one with --python-version",
        )
    preparation = _of(found, replace(target, interpreter=there), wheels_only=True)
    if preparation.selected != _of(found, replace(target, interpreter=other)).selected:
        raise LockfileError(
            f"what is selected depends on the kernel of {elsewhere.platform}, which is not known"
            " here (platform_release, platform_version)",
            hint="download on a machine of that kind, without --platform",
        )
    return preparation


def _of(found: Preparation, target: TargetEnvironment, *, wheels_only: bool = False) -> Preparation:
    shared = {each.name: getattr(found, each.name) for each in fields(found)}
    return _Everything(**{**shared, "target": target}, wheels_only=wheels_only)


def _there(found: Preparation, elsewhere: Elsewhere, kernel: str) -> Interpreter:
    """The interpreter that is meant. `kernel` is what is taken for another machine's."""
    here, wanted = found.target.interpreter, elsewhere.python_version
    version = here.full_version
    if wanted is not None:
        if requested_version(wanted) is None:
            raise UsageError(f"{wanted!r} is no version of Python", hint="write it as 3.12")
        version = provision(wanted, found.inputs.project.python_versions).version
    if elsewhere.platform is None:
        return presumed(version, version)
    return interpreter_on(platform_named(elsewhere.platform), version, kernel)


def _refuse_ambiguity(preparation: Preparation) -> None:
    if preparation.ambiguity is not None:
        raise LockfileError(
            f"the files of this lock cannot be told: {preparation.ambiguity.value}",
            hint="`poetry lock` with Poetry 2 or later writes a lock that leaves no choice; keep"
            " installer.re-resolve off with it",
        )


def _refuse_without_file(plan: Plan, preparation: Preparation) -> None:
    """Nothing is fetched where something cannot be: a wheelhouse is whole or it is not."""
    lacking = [each for each in plan.operations if _lacks_file(each)]
    if lacking:
        target = preparation.target.interpreter
        lines = (f"\n  {each.name} {each.version}: {_offered(each)}" for each in lacking)
        raise ToolError(
            f"poetry.lock has no fitting file for {target.description}:{''.join(lines)}",
            hint="for another target there are wheels only. Does the package support it? Is an"
            " older platform meant, or a newer one (x86_64-manylinux_2_34)?",
        )


def _lacks_file(operation: Operation) -> bool:
    if operation.action is Action.PROVIDED:
        return False
    if operation.action is Action.DEFER:
        return operation.reason == Deferral.NO_FILE.value
    source = operation.package and operation.package.source
    return isinstance(source, RegistrySource | UrlSource) and not operation.files


def _offered(operation: Operation) -> str:
    names = [file.name for file in operation.package.files] if operation.package else []
    shown = ", ".join(names[:3])
    return f"{shown}, and {len(names) - 3} more" if len(names) > 3 else shown  # noqa: PLR2004


def _warn_of_the_others(plan: Plan, preparation: Preparation, report: Report) -> None:
    """What is in the project's tree already, and what no file can stand for."""
    for each in plan.operations:
        if _is_in_tree(each):
            report.detail(f"{each.name} {each.version} is in the project's tree: {each.source}")
    for each in plan.having(Action.PROVIDED):
        report.detail(f"{each.name} {each.version} is provided, and not fetched")
    _warn_of_what_is_left(plan.operations, preparation, report)


def _warn_of_what_is_left(
    operations: Iterable[Operation], preparation: Preparation, report: Report
) -> None:
    left = [each for each in operations if _has_no_file(each)]
    lines = [f"{each.name} {each.version} is not fetched: {_why_not(each)}" for each in left]
    if lines and preparation.request.strict:
        raise SelectionError("\n".join(lines), hint="leave these out, or --strict")
    for line in lines:
        report.warn(line)


def _is_in_tree(operation: Operation) -> bool:
    source = operation.package and operation.package.source
    return isinstance(source, FileSource | DirectorySource)


def _has_no_file(operation: Operation) -> bool:
    if operation.action is Action.PROVIDED:
        return False
    is_git = operation.package is not None and isinstance(operation.package.source, GitSource)
    return (is_git or operation.action is Action.DEFER) and not _is_in_tree(operation)


def _why_not(operation: Operation) -> str:
    if operation.action is Action.DEFER:
        return f"only Poetry installs it, with the network: {operation.reason}"
    return f"it is a repository, {operation.source}"


def _settled(
    plan: Plan, bulk: BulkInstall, preparation: Preparation, report: Report
) -> tuple[RequirementsMap, Files]:
    """What is fetched, but for what turns out to be Poetry's as the indexes are asked."""
    requirements = RequirementsMap.of(plan.bulk)
    try:
        return requirements, _chosen(bulk, requirements)
    except UndecidedError as undecided:
        rest = plan.leaving(undecided.left)
        late = [each for each in rest.having(Action.DEFER) if each.name in undecided.left]
        _warn_of_what_is_left(late, preparation, report)
        requirements = RequirementsMap.of(rest.bulk)
        return requirements, _chosen(bulk, requirements)


def _chosen(bulk: BulkInstall, requirements: RequirementsMap) -> Files:
    try:
        return bulk.choose(requirements) or {}
    except CommandFailedError as error:
        words = f":\n\n{error.output}" if error.output else ""
        raise ToolError(
            f"uv could not ask the indexes{words}",
            hint="is each package still on its index, and are the credentials right? To uv an"
            " index that refuses it (401, 403) has nothing",
        ) from None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file that belongs into the wheelhouse."""

    label: str
    url: str
    file: LockedFile
    size: int | None


def _wanted(requirements: RequirementsMap, files: Files) -> tuple[_Wanted, ...]:
    pins = {each.name: f"{each.name} {each.version}" for each in requirements.requirements}
    from_indexes = [
        _Wanted(pins[name], file.url, LockedFile(file.name, file.hash), file.size)
        for name, file in files.items()
    ]
    behind_urls = [
        _Wanted(f"{each.name} {each.version}", urldefrag(each.source.url).url, each.file, None)
        for each in requirements.direct
        if isinstance(each.source, UrlSource) and each.file
    ]
    return tuple(sorted((*from_indexes, *behind_urls), key=lambda each: each.label))


def _fetch(
    wanted: Sequence[_Wanted], wheelhouse: Wheelhouse, fetcher: Fetcher, report: Report
) -> None:
    present = wheelhouse.find(each.file for each in wanted)
    places = wheelhouse.vacancies(each.file for each in wanted if each.file not in present)
    by_place = {places[each.file]: each for each in wanted if each.file in places}
    downloads = [
        Download(each.label, each.url, each.file, each.size, path)
        for path, each in by_place.items()
    ]
    there = f", {len(present)} there already" if present else ""
    size = megabytes(sum(each.missing for each in downloads))
    report.say("download", f"{files_in(len(downloads))}{size} to {wheelhouse.folder}{there}")
    if downloads:
        _refuse_full_disk(downloads, wheelhouse.folder)
        _receive(downloads, fetcher, report)


def _refuse_full_disk(downloads: Sequence[Download], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    needed, free = sum(each.missing for each in downloads), shutil.disk_usage(folder).free
    if needed > free:
        raise ToolError(
            f"{folder} has room for{megabytes(free)}, and{megabytes(needed)} are needed",
            hint="make room, or name another folder with --output",
        )


def _receive(downloads: Sequence[Download], fetcher: Fetcher, report: Report) -> None:
    """All of them, however many fail: what is there need not be fetched again."""
    failed, left = [], len(downloads)
    for outcome in fetcher.fetch(downloads):
        if outcome is None:
            missing = sum(each.missing for each in downloads if not each.path.exists())
            report.say("download", f"{files_in(left)}{megabytes(missing)} to go")
            continue
        left -= 1
        if outcome.problem:
            failed.append(outcome)
        else:
            report.detail(f"{outcome.download.file.name}")
    if failed:
        lines = sorted(
            f"\n  {each.download.label}, {each.download.file.name} from"
            f" {each.download.url}: {each.problem}"
            for each in failed
        )
        raise ToolError(
            f"{files_in(len(failed))} of {len(downloads)} could not be fetched:{''.join(lines)}",
            hint="mend the cause and run the same command again: what has arrived is kept",
        )


def files_in(number: int) -> str:
    """`1 file`, `2 files`."""
    return f"{number} file{'' if number == 1 else 's'}"


def megabytes(size: int) -> str:
    """` (12.3 MB)`, nothing where nothing is known."""
    return f" ({size / 1e6:.1f} MB)" if size else ""


def _tell_of_builds(
    wanted: Sequence[_Wanted],
    requirements: RequirementsMap,
    wheelhouse: Wheelhouse,
    report: Report,
) -> None:
    """What is built when it is installed needs more than is locked."""
    sdists = [each for each in wanted if not each.file.is_wheel]
    found = wheelhouse.find(each.file for each in sdists)
    built = {each.label: found[each.file] for each in sdists if each.file in found}
    for each in requirements.direct:
        match each.source:
            case FileSource(location=place) | DirectorySource(location=place) if each.is_built:
                built[f"{each.name} {each.version}"] = Path(place)
    needs = {label: build_requirements(path) for label, path in sorted(built.items())}
    for label, needed in needs.items():
        if needed != ():
            words = ", ".join(needed) if needed else "what its pyproject.toml says"
            report.warn(f"{label} is built when it is installed, with {words}")
    lines = sorted({each for needed in needs.values() for each in needed or ()})
    if lines:
        argv = shlex.join(["pip", "download", "-d", str(wheelhouse.folder), *lines])
        report.warn(
            "these build requirements are not in poetry.lock and were not fetched; an offline"
            f" install needs them in the same folder: {argv}"
        )

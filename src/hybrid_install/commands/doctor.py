"""`hybrid-install doctor`: what would keep an install from working, or from doing what is meant.

Every section is for itself: what ends one is its last finding. Nothing is changed.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from hybrid_install import __version__
from hybrid_install.commands.case import Case, known
from hybrid_install.commands.inputs import STALE
from hybrid_install.commands.reach import sources
from hybrid_install.commands.refusals import refuse_blind_poetry
from hybrid_install.commands.request import Request
from hybrid_install.commands.surroundings import disks, variables
from hybrid_install.core.deferral import Ambiguity, Handover
from hybrid_install.core.diagnosis import (
    Diagnosis,
    Finding,
    Section,
    error,
    listed,
    note,
    ok,
    warning,
)
from hybrid_install.core.freshness import is_fresh
from hybrid_install.core.lockfile import NEWEST_KNOWN, REGENERATE
from hybrid_install.core.plan import Action
from hybrid_install.core.settings import Finish
from hybrid_install.core.tiers import Tier, tier_of
from hybrid_install.core.versions import REQUIRES_POETRY, allows
from hybrid_install.environment.locate import TargetEnvironment, is_sane, is_unfinished, prompt
from hybrid_install.environment.own_interpreter import is_writable
from hybrid_install.environment.receipt import ReceiptFile
from hybrid_install.environment.volumes import is_writable_place
from hybrid_install.errors import DiagnosisError, HybridInstallError, InvalidDataError
from hybrid_install.poetry_config import config_files
from hybrid_install.report import Report, counts, diagnosis_json, diagnosis_text, print_data
from hybrid_install.tools import poetry as poetry_tool
from hybrid_install.tools import poetry_core
from hybrid_install.tools import uv as uv_tool
from hybrid_install.tools.poetry import Poetry
from hybrid_install.tools.process import Runner


def doctor(
    request: Request, report: Report, runner: Runner, *, as_json: bool, timeout: float
) -> None:
    """Print what is found; `DiagnosisError` where an install would fail.

    Each source has `timeout` seconds to answer, all of them the same.
    """
    found = diagnose(Case(request, runner), report, timeout)
    print_data(diagnosis_json(found) if as_json else diagnosis_text(found), request.environ)
    if not found.is_healthy:
        hint = None if as_json else "each error has its hint above"
        raise DiagnosisError(found.summary, hint=hint)


def diagnose(case: Case, report: Report, timeout: float) -> Diagnosis:
    """All sections; the one that takes its time is announced."""

    def answers() -> Iterator[Finding]:
        report.detail(f"the sources have {timeout:g} s to answer")
        yield from sources(case, timeout)

    sections: dict[str, Callable[[], Iterator[Finding]]] = {
        "tools": lambda: _tools(case),
        "project": lambda: _project(case),
        "lock": lambda: _lock(case),
        "environment": lambda: _environment(case),
        "plan": lambda: _plan(case),
        "sources": answers,
        "disks": lambda: disks(case),
        "variables": lambda: variables(case),
    }
    return Diagnosis(tuple(section_of(name, look) for name, look in sections.items()))


def section_of(name: str, look: Callable[[], Iterator[Finding]]) -> Section:
    """What is found until there is nothing more, or something that ends an install."""
    found: list[Finding] = []
    try:
        for each in look():
            found.append(each)  # noqa: PERF402  (what came before an error stays)
    except HybridInstallError as problem:
        found.append(Finding.of_error("", problem))
    except OSError as problem:
        place, words = problem.filename or "the system", problem.strerror or str(problem)
        found.append(error(str(place), words, "mend that, or its permissions"))
    return Section(name, tuple(found))


def _tools(case: Case) -> Iterator[Finding]:
    python = f"Python {platform.python_version()}, {sys.executable}"
    yield ok("hybrid-install", f"{__version__} ({python})")
    yield from _uv(case)
    yield from _poetry(case)
    yield ok("poetry-core", f"{poetry_core.version()} (beside hybrid-install)")


def _uv(case: Case) -> Iterator[Finding]:
    try:
        version, why = case.uv.version(), f"{case.uv.origin}: {case.uv.path}"
    except HybridInstallError as problem:
        yield Finding.of_error("uv", problem)
        return
    if misfit := uv_tool.misfit_of(version):
        yield warning("uv", f"{version} ({why}) {misfit.note}", misfit.repair)
    else:
        yield ok("uv", f"{version} ({why}), {uv_tool.SUPPORTED} is supported")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _poetry(case: Case) -> Iterator[Finding]:
    try:
        poetry = case.poetry
    except HybridInstallError as problem:
        yield Finding.of_error("Poetry", problem)
        return
    lock, project = known(lambda: case.lock), known(lambda: case.project)
    if poetry is None:
        wrote = lock.generated_by if lock else None
        which = f"the version that wrote the lock ({wrote})" if wrote else "one"
        yield note(
            "Poetry",
            f"none on this machine: uv provides {which} for the last step",
            "`pipx install poetry`, or HYBRID_INSTALL_POETRY; `--finish poetry-core` needs none",
        )
    else:
        yield from _version_of(poetry, case)
    version = poetry.version if poetry else lock and lock.generated_by
    required = project.required_poetry if project else None
    if required and version and not allows(required, version, REQUIRES_POETRY):
        hint = "install one that fits, or name it with HYBRID_INSTALL_POETRY"
        yield error("Poetry", f"the project requires {required}, not {version}", hint)


def _version_of(poetry: Poetry, case: Case) -> Iterator[Finding]:
    what = f"{poetry.version or 'of unknown version'} ({poetry.origin}: {poetry.argv[0]})"
    if misfit := poetry.misfit():
        yield warning("Poetry", f"{what} {misfit.note}", misfit.repair)
    else:
        yield ok("Poetry", f"{what}, {poetry_tool.SUPPORTED} is supported")
    settings, pyproject = known(lambda: case.settings), known(lambda: case.pyproject)
    if pyproject and not (settings and settings.finish is Finish.POETRY_CORE):
        refuse_blind_poetry(poetry, pyproject.document)


def _project(case: Case) -> Iterator[Finding]:
    project, path = case.project, case.pyproject.path
    kind = "" if project.package_mode else ", without package mode"
    yield ok(project.name or "", f"{path} (Python {project.python_versions}{kind})")
    files = [str(path) for path in config_files(case.folder, case.request.environ)]
    there = [path for path in files if Path(path).is_file()]
    _ = case.config
    yield ok("Poetry's settings", f"from {listed(there)}" if there else "no files, Poetry's own")
    own = case.settings
    yield ok("hybrid-install's settings", f"finish with {own.finish.value}")
    if project.required_plugins:
        names = listed(sorted(project.required_plugins))
        yield note("plugins", f"the project requires {names}: Poetry installs them on its start")
    if "uv" in case.pyproject.document.get("tool", {}):
        yield note("[tool.uv]", "is for uv's own locks: nothing of it is heeded here")


def _lock(case: Case) -> Iterator[Finding]:
    if known(lambda: case.pyproject) is None:
        yield note("", "not looked for: it lies beside pyproject.toml")
        return
    lock = case.lock
    by = f" by Poetry {lock.generated_by}" if lock.generated_by else ""
    yield ok("poetry.lock", f"version {lock.version_text}{by}, {len(lock.packages)} packages")
    if lock.content_hash is None:
        yield error("poetry.lock", "has no content-hash: Poetry takes it for stale", REGENERATE)
    elif not is_fresh(lock, case.pyproject.document):
        yield error("poetry.lock", STALE, "`poetry lock`, then commit poetry.lock")
    if lock.is_newer_than_known:
        newest = _dotted(NEWEST_KNOWN)
        text = f"its version is newer than {newest}, the newest that is known"
        yield warning("poetry.lock", text, "upgrade Poetry and hybrid-install")
    if not lock.has_groups_and_markers:
        text = "is older than version 2.1: it is walked as Poetry's solver would"
        yield note("poetry.lock", text, "`poetry lock` with Poetry 2 makes that unnecessary")
    yield from _several(case)


def _several(case: Case) -> Iterator[Finding]:
    """Several torches in one lock: markers, groups or extras choose among them."""
    settings, versions = known(lambda: case.settings), dict[str, list[str]]()
    for each in case.lock.packages:
        if settings and tier_of(each.name, settings.heavy) is Tier.HEAVY:
            versions.setdefault(each.name, []).append(each.version)
    if several := [f"{name} {' and '.join(each)}" for name, each in versions.items() if each[1:]]:
        text = f"holds {'; '.join(several)}: markers, groups and extras choose"
        yield note("poetry.lock", text, "`hybrid-install plan` says which one it is here")


def _environment(case: Case) -> Iterator[Finding]:
    if not case.is_readable:
        yield note("", "not looked for: the project, or Poetry's settings, cannot be read")
        return
    yield from _overruled(case)
    target = case.target
    python = f"Python {target.interpreter.known_version}, {target.origin}"
    state = "" if target.exists else "broken, and made anew: " if target.is_broken else "new: "
    yield ok(str(target.path), f"{state}{python}")
    if target.handover:
        hint = "change that setting, or name an environment with --venv"
        yield warning("", f"the whole run is Poetry's: {target.handover.value}", hint)
    if not target.exists and target.handover is None:
        prompt(case.config, case.project, target.interpreter)  # which an install would end with
    yield from _permissions(target)
    yield from _receipt(target)
    yield from _tenants(case, target)


def _overruled(case: Case) -> Iterator[Finding]:
    """What is set or there, and does not count."""
    environ, config, in_project = case.request.environ, case.config, case.folder / ".venv"
    name = "VIRTUAL_ENV" if "VIRTUAL_ENV" in environ else "CONDA_PREFIX"
    active = environ.get(name)
    if case.request.venv is not None:
        active = None
    elif active and environ.get("CONDA_DEFAULT_ENV") == "base":
        yield note(name, "is not heeded: CONDA_DEFAULT_ENV is base, as Poetry has it")
    elif active and case.locator.is_remembered:
        yield note(name, "is overruled by Poetry's envs.toml", "`poetry env use` wrote it")
    elif active and not is_sane(Path(active)):
        yield warning(name, f"{active} has no python", "unset it, or make the environment anew")
    elif active and is_sane(in_project) and Path(active).absolute() != in_project:
        yield note(name, f"overrules {in_project}", "`deactivate` to have that one filled")
    creates = config.flag("virtualenvs", "create") is not False
    wants = config.flag("virtualenvs", "in-project")
    if not creates and not active and in_project.is_dir() and wants is not False:
        text = f"is false, and {in_project} is there: it is used all the same"
        yield note("virtualenvs.create", text, "remove the folder, or set in-project to false")
    elif not creates and wants:
        text = "has no effect: virtualenvs.create is false"
        yield warning("virtualenvs.in-project", text, "set virtualenvs.create to true")
    if wants is False and not active and is_sane(in_project):
        yield note("virtualenvs.in-project", f"is false: {in_project} is not used")


def _permissions(target: TargetEnvironment) -> Iterator[Finding]:
    is_ours = is_writable(target.interpreter) if target.exists else is_writable_place(target.path)
    if not is_ours and target.handover is None:
        hint = "run as its owner, or name another environment with --venv"
        yield error(str(target.path), "cannot be written to", hint)


def _receipt(target: TargetEnvironment) -> Iterator[Finding]:
    file = ReceiptFile.of(target.path, is_virtual=target.is_virtual)
    if is_unfinished(target.path):
        hint = "run `hybrid-install`: it is made anew"
        yield warning("receipt", "a run was cut off while it made the environment", hint)
    if not target.exists:
        return
    try:
        receipt = file.read()
    except InvalidDataError as problem:
        yield note("receipt", f"is ignored: {problem}", "the next run writes another")
        return
    if receipt is not None:
        by = f"hybrid-install {receipt.hybrid_install}, uv {receipt.uv}"
        yield ok("receipt", f"the last run was finished ({by})")
    elif file.unfinished.exists():
        hint = "run `hybrid-install`, which goes on from there; `verify` says what is missing"
        yield warning("receipt", "the last run did not end well", hint)
    else:
        yield note("receipt", "none: no run of hybrid-install has ended here yet")


def _tenants(case: Case, target: TargetEnvironment) -> Iterator[Finding]:
    """Who lives in the environment may be removed or replaced by what it installs."""
    poetry = known(lambda: case.poetry)
    prefixes = {"hybrid-install": Path(sys.prefix), "Poetry": poetry.prefix if poetry else None}
    for name, prefix in prefixes.items():
        if target.is_virtual and target.exists and prefix and _is_same(prefix, target.path):
            text = f"{name} is installed in this environment, and --sync may remove it"
            yield warning("", text, "install it in one of its own: pipx, or uv tool")


def _is_same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _faster(handover: Handover | Ambiguity) -> str:
    if isinstance(handover, Ambiguity):
        return "it works, slower: `poetry lock` with Poetry 2 writes a lock that tells by itself"
    return "it works, slower: make the environment first, or change Poetry's settings"


def _plan(case: Case) -> Iterator[Finding]:
    if not all(known(look) for look in (lambda: case.project, lambda: case.lock)):
        yield note("", "not made: it needs pyproject.toml and poetry.lock")
        return
    if known(lambda: case.target) is None:
        yield note("", "not made: there is no environment to make it for")
        return
    preparation = case.preparation
    for problem in preparation.lock_problems if preparation.ambiguity is None else ():
        yield warning("", problem.message, problem.hint)
    plan = preparation.plan
    if plan.handover is not None and preparation.target.handover is None:
        yield warning(
            "", f"the whole run is Poetry's: {plan.handover.value}", _faster(plan.handover)
        )
    if plan.handover is None:
        yield ok("", counts(plan))
    left: dict[str, list[str]] = {}
    for each in plan.having(Action.DEFER):
        left.setdefault(each.reason, []).append(f"{each.name} {each.version}")
    for reason, names in left.items():
        yield note("left to Poetry", f"{listed(names)}: {reason}")

"""`hybrid-install init`: write what the project says of itself into pyproject.toml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hybrid_install.commands.image_files import image_files
from hybrid_install.commands.install import bulk_install, find_uv
from hybrid_install.commands.own_table import with_heavy
from hybrid_install.commands.prepare import Preparation, prepare
from hybrid_install.commands.request import Request
from hybrid_install.core.model import NormalizedName
from hybrid_install.core.patterns import Patterns
from hybrid_install.core.plan import Action, Policy, make_plan
from hybrid_install.core.requirements import RequirementsMap
from hybrid_install.core.sizes import parse_size, size_text
from hybrid_install.core.tiers import Tier, tier_of
from hybrid_install.errors import LockfileError, TargetError, ToolError
from hybrid_install.files import TomlFile, find_pyproject, read_project, read_toml
from hybrid_install.regular import read_bytes
from hybrid_install.report import Report, packages
from hybrid_install.settings import load
from hybrid_install.tools.process import CommandFailedError, Runner
from hybrid_install.whole import write_whole


def init(
    request: Request,
    report: Report,
    runner: Runner,
    *,
    sizes: bool,
    over: str,
    docker: bool = False,
    force: bool = False,
) -> None:
    """Put `[tool.hybrid-install]` into pyproject.toml; what is there already stays as it is.

    With `sizes` the indexes are asked how big the selected packages are, and those `over` a size
    are recorded as heavy: from then on it is the record that decides, not the network. With
    `docker` the files of an image are written too, over others under `force` alone.
    """
    threshold = parse_size(over)
    pyproject = read_toml(find_pyproject(request.directory))
    read_project(pyproject)
    files = image_files(pyproject, force=force) if docker else None
    _write_table(pyproject, _big(request, report, runner, threshold) if sizes else (), report)
    if files is not None:
        files.write(report)


def _write_table(pyproject: TomlFile, big: tuple[_Sized, ...], report: Report) -> None:
    heavy = load(pyproject, {}).heavy
    names = [each.name for each in big if _is_news(each, heavy, report)]
    before = read_bytes(pyproject.path).decode("utf-8")
    after = with_heavy(before, names)
    if after == before:
        report.say("init", f"{pyproject.path} needs no change")
        return
    _replace(pyproject.path, after)
    report.say("init", f"{pyproject.path} has a [tool.hybrid-install] table now")


@dataclass(frozen=True)
class _Sized:
    name: NormalizedName
    size: int


def _is_news(package: _Sized, heavy: Patterns, report: Report) -> bool:
    """Whether nothing says of it yet that it is heavy, or that it is not to be."""
    size = size_text(package.size)
    if tier_of(package.name, heavy) is Tier.HEAVY:
        report.detail(f"{package.name} ({size}) is known to be heavy")
        return False
    if heavy.decides(package.name) is False:
        report.detail(f"{package.name} ({size}) is light by the project's own word")
        return False
    report.say("heavy", f"{package.name} ({size})")
    return True


def _big(request: Request, report: Report, runner: Runner, threshold: int) -> tuple[_Sized, ...]:
    """The selected packages from indexes whose file is bigger."""
    with report.phase("read"):
        preparation = prepare(request, runner, starts_tools=True)
        requirements = _requirements(preparation)
    uv, _ = find_uv(request, report, runner)
    with report.phase("sizes"):
        try:
            files = bulk_install(preparation, uv).choose(requirements) or {}
        except CommandFailedError as error:
            raise ToolError(
                f"the indexes do not tell the sizes of files: {error.output or error}",
                hint="is each package still on its index, and are the credentials right?",
            ) from None
    silent = sorted(name for name, file in files.items() if file.size is None)
    if silent:
        report.warn(f"of {packages(len(silent))} the index tells no size: {', '.join(silent)}")
    sized = (_Sized(name, file.size) for name, file in sorted(files.items()) if file.size)
    return tuple(each for each in sized if each.size > threshold)


def _requirements(preparation: Preparation) -> RequirementsMap:
    """All that uv would install into an empty environment, from indexes alone."""
    if preparation.ambiguity is not None:
        raise LockfileError(
            f"the sizes cannot be asked for: {preparation.ambiguity.value}",
            hint="`poetry lock` with Poetry 2 or later writes a lock that leaves no choice",
        )
    target = preparation.target
    if target.interpreter.is_presumed:
        raise TargetError(
            f"there is no Python {target.interpreter.known_version} on this machine yet",
            hint="run `hybrid-install` first, or name an interpreter with --python",
        )
    policy = Policy(preparation.build_policy, preparation.tags)
    whole = make_plan(preparation.selected, {}, preparation.inputs.project, policy)
    return RequirementsMap(RequirementsMap.of(whole.having(Action.INSTALL)).by_index)


def _replace(path: Path, text: str) -> None:
    """Write beside, then rename: through links, and with the permissions that are there."""
    place = path.resolve()
    mode = place.stat().st_mode
    write_whole(place, text.encode("utf-8"), mode, begun=f".{place.name}.")

"""What a run takes from a folder of files instead of a server, and what it refuses offline."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from hybrid_install.commands.prepare import Preparation
from hybrid_install.commands.request import Request
from hybrid_install.core.fast_finish import fetched_to_build
from hybrid_install.core.feed import Feed
from hybrid_install.core.model import FileSource, LockedFile, NormalizedName, UrlSource
from hybrid_install.core.plan import Action, Operation, Plan
from hybrid_install.core.pylock import PinnedFile
from hybrid_install.core.requirements import DirectRequirement, Requirement, RequirementsMap
from hybrid_install.errors import TargetError, ToolError, UsageError

# So much to fetch that to begin anew hurts.
_BIG = 100_000_000


@dataclass(frozen=True)
class Supply:
    """The files of a requirements map that are in a folder: of indexes, and behind urls."""

    files: Mapping[NormalizedName, PinnedFile] = field(default_factory=dict)
    archives: Mapping[NormalizedName, Path] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[NormalizedName]:
        """What need not be fetched."""
        return frozenset((*self.files, *self.archives))

    def rest(self, requirements: RequirementsMap) -> RequirementsMap:
        """What indexes have to be asked for."""
        return requirements.only(requirements.names - self.files.keys())

    def placed(self, requirements: RequirementsMap) -> RequirementsMap:
        """The map as uv is told it: an archive that is here is a file, wherever it is from."""
        return replace(
            requirements, direct=tuple(self._placed(each) for each in requirements.direct)
        )

    def _placed(self, requirement: DirectRequirement) -> DirectRequirement:
        path = self.archives.get(requirement.name)
        if path is None or not isinstance(requirement.source, UrlSource):
            return requirement
        place = FileSource(path.name, requirement.source.subdirectory, path.as_posix())
        return replace(requirement, source=place)


def supply_of(request: Request, requirements: RequirementsMap) -> Supply:
    """What `--find-links` has. Offline it has to have everything: `ToolError` where it has not.

    The folder is then the index, and the best of what it has is taken, as by `Chooser`. With the
    network it may hold the file of another machine, so only the best that is locked is taken.
    """
    if request.find_links is None:
        return Supply()
    from hybrid_install.tools.wheelhouse import Wheelhouse

    wheelhouse = Wheelhouse(request.find_links)
    pinned = {each.name: _usable(each, request) for each in requirements.requirements}
    behind_urls = [each for each in requirements.direct if isinstance(each.source, UrlSource)]
    wanted = [file for files in pinned.values() for file in files]
    found = wheelhouse.find([*wanted, *(file for each in behind_urls for file in each.files)])
    supply = Supply(
        {name: best for name, files in pinned.items() if (best := _best(files, found))},
        {each.name: found[each.file] for each in behind_urls if each.file and each.file in found},
    )
    if request.offline:
        _refuse_lacking([*requirements.requirements, *behind_urls], supply, request)
    return supply


def _usable(requirement: Requirement, request: Request) -> tuple[LockedFile, ...]:
    return requirement.files if request.offline else requirement.files[:1]


def _best(files: tuple[LockedFile, ...], found: Mapping[LockedFile, Path]) -> PinnedFile | None:
    file = next((each for each in files if each in found), None)
    if file is None:
        return None
    return PinnedFile(file.name, "", file.hash, None, found[file].as_posix())


def _refuse_lacking(
    needed: list[Requirement | DirectRequirement], supply: Supply, request: Request
) -> None:
    lacking = [each for each in needed if each.name not in supply.names]
    if not lacking:
        return
    lines = (f"\n  {each.name} {each.version}: {each.files[0].name}" for each in lacking)
    raise ToolError(
        f"{request.find_links} does not have, or has with other contents:{''.join(lines)}",
        hint=f"where there is a network, run `{download_command(request)}` in this project, then"
        " bring the folder here; nothing was changed",
    )


def download_command(request: Request) -> str:
    """The command that fills the folder for this selection."""
    selection, folder = request.selection, request.find_links or Path("wheelhouse")
    options = {
        "--with": selection.with_groups,
        "--without": selection.without_groups,
        "--only": selection.only_groups,
        "--extras": selection.extras,
    }
    flags = {"--all-groups": selection.all_groups, "--all-extras": selection.all_extras}
    words = [f"{option}={value}" for option, values in options.items() for value in values]
    words += [flag for flag, is_set in flags.items() if is_set]
    words += [f"--tier={request.tier.value}"] if request.tier else []
    return shlex.join(["hybrid-install", "download", "-o", str(folder), *words])


def prepared_for(request: Request) -> Request:
    """The request with what its options for the network mean to uv, refused where they clash."""
    folder = request.find_links
    if folder is not None and request.feed is not Feed.PYLOCK:
        raise UsageError(f"--find-links needs --feed {Feed.PYLOCK.value}", hint="leave --feed out")
    if folder is not None and not folder.is_dir():
        raise ToolError(
            f"there is no folder {folder} (--find-links)",
            hint=f"`{download_command(request)}` makes it",
        )
    if not request.offline:
        return request
    return replace(request, environ={**request.environ, "UV_OFFLINE": "1"})


def refuse_offline(preparation: Preparation) -> None:
    """Before anything is made: what would need a server, and files that are not in the folder."""
    if not preparation.request.offline:
        return
    plan = preparation.plan
    if plan.handover is not None:
        raise TargetError(
            f"the whole run is Poetry's, which needs the network: {plan.handover.value}",
            hint="run without --offline, or change what leaves the run to Poetry",
        )
    _refuse_deferred(plan)
    _refuse_isolated_build(preparation)
    refuse_lacking_files(preparation)


def refuse_lacking_files(preparation: Preparation) -> None:
    """Before anything is made: offline the folder has to have all that uv is to install."""
    if preparation.request.offline:
        supply_of(preparation.request, RequirementsMap.of(preparation.plan.bulk))


def _refuse_deferred(plan: Plan) -> None:
    deferred = [each for each in plan.having(Action.DEFER) if _needs_network(each)]
    if deferred:
        lines = (f"\n  {each.name} {each.version}: {each.reason}" for each in deferred)
        raise ToolError(
            f"what is left to Poetry needs the network:{''.join(lines)}",
            hint="Poetry has no offline mode: run without --offline, or leave these out of the"
            " selection; nothing was changed",
        )


def _refuse_isolated_build(preparation: Preparation) -> None:
    if not preparation.binds_root:
        return
    document = preparation.inputs.pyproject
    if fetched := fetched_to_build(document, as_wheel=preparation.no_editable):
        raise ToolError(
            f"Poetry needs the network to build the project, with {', '.join(fetched)}",
            hint="Poetry has no offline mode: run without --offline, or with --no-root; nothing"
            " was changed",
        )


def _needs_network(operation: Operation) -> bool:
    """Poetry removes packages, and installs wheels that are on disk, by itself."""
    match operation.package and operation.package.source:
        case None:
            return False
        case FileSource(path):
            return not path.endswith(".whl")
    return True


def hint_of_download(request: Request, size: int) -> str | None:
    """What helps where a line breaks in the middle of big files; None where there are none.

    uv keeps the files that are whole, and begins the others anew.
    """
    if size < _BIG:
        return None
    folder = request.find_links or Path("wheelhouse")
    return (
        "run the same command again: what was downloaded whole is kept. Where the line breaks in"
        f" the middle of a big file, `{download_command(request)}` goes on within it, and"
        f" `hybrid-install install --find-links {shlex.quote(str(folder))}` takes what it fetched."
        " UV_HTTP_TIMEOUT and UV_HTTP_RETRIES make uv more patient"
    )


def hint_offline(request: Request) -> str | None:
    """What may be missing where uv fails offline; None where the network was there."""
    if not request.offline:
        return None
    if request.find_links is None:
        return (
            "offline there is only what uv's cache holds: run once with the network, or fetch the"
            " files beforehand: `hybrid-install download`, then `--find-links`"
        )
    return (
        f"what is built needs its build requirements in {request.find_links}: `hybrid-install"
        " download` names them. Repositories (git) must be in uv's cache"
    )

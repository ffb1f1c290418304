"""What is said of a download before it begins, and refused where there is no room for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hybrid_install.commands.prepare import Preparation
from hybrid_install.core.plan import Action
from hybrid_install.core.pylock import PinnedFile
from hybrid_install.core.requirements import Requirement, RequirementsMap
from hybrid_install.core.space import Load, Volume, shortage
from hybrid_install.environment.volumes import volume_of
from hybrid_install.errors import TargetError
from hybrid_install.report import Report
from hybrid_install.tools.bulk import Files
from hybrid_install.tools.uv_cache import UvCache, uv_cache_dir

# So many files of those that failed can be looked at.
_FEW = 5


def announce_download(
    preparation: Preparation,
    files: Files | None,
    report: Report,
    look: Callable[[Path], Volume | None] = volume_of,
) -> int:
    """How much uv is going to fetch; `TargetError` where that has no room. Returns the bytes.

    Only what the indexes have said of sizes is known: nobody is asked again.
    """
    if files is None:
        return 0
    cache = uv_cache_dir(preparation.request.environ)
    load = load_of(preparation, files, UvCache(cache))
    _refuse_lack(load, look(cache), look(preparation.target.path), report)
    if load.words:
        report.say("uv", load.words)
    return load.to_fetch


def load_of(preparation: Preparation, files: Files, cache: UvCache) -> Load:
    """What these files bring; what is replaced makes as much room as it takes, or more or less."""
    fetched = [file for name, file in files.items() if not file.path and cache.lacks(name, file)]
    added = {each.name for each in preparation.plan.having(Action.INSTALL)}
    left = {each.name for each in preparation.plan.having(Action.DEFER)}
    mode = preparation.request.environ.get("UV_LINK_MODE")
    return Load(
        sum(file.size or 0 for file in fetched),
        sum(file.size or 0 for name, file in files.items() if name in added and file.is_wheel),
        sum(file.size is None for file in fetched) + len((added | left) - files.keys()),
        is_copied=mode == "copy",
        is_symlinked=mode == "symlink",
    )


def not_fetched(
    preparation: Preparation, requirements: RequirementsMap, files: Files | None
) -> str:
    """What uv has not brought into its cache, for the end of an error; uv names no file and index.

    The first few alone; empty where all of it is there.
    """
    cache = UvCache(uv_cache_dir(preparation.request.environ))
    lacking = [
        f"\n  {each.name} {each.version}: {file.name} from {each.index.name}"
        for each in requirements.requirements
        if not (file := _file_of(each, files)).path and cache.lacks(each.name, file)
    ]
    more = f"\n  and {len(lacking) - _FEW} more" if len(lacking) > _FEW else ""
    return f". Not fetched, or refused:{''.join(lacking[:_FEW])}{more}" if lacking else ""


def _file_of(requirement: Requirement, files: Files | None) -> PinnedFile:
    """The file that uv was told, or the first of those that it could choose from."""
    if files is not None:
        return files[requirement.name]
    best = requirement.files[0]
    return PinnedFile(best.name, "", best.hash, None)


def _refuse_lack(
    load: Load, cache: Volume | None, environment: Volume | None, report: Report
) -> None:
    found = shortage(load, cache, environment) if cache and environment else None
    if found and found.is_certain:
        raise TargetError(
            f"there is no room: {found.message}",
            hint=f"{found.hint}; nothing was downloaded or removed",
        )
    if found:
        report.warn(f"there may be too little room: {found.message}")
        report.detail(found.hint)

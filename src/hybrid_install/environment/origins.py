"""What uv writes of a distribution that is from no index, made what Poetry writes of it.

uv leaves notes of its own beside the metadata, drops an archive's hash and a url's fragment, and
names a commit where Poetry names a branch. Mirrors `Executor._save_url_reference`
(poetry/installation/executor.py).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hybrid_install.core.git_urls import git_url
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    NormalizedName,
    UrlSource,
    normalize_name,
)
from hybrid_install.core.requirements import DirectRequirement
from hybrid_install.regular import read_text
from hybrid_install.whole import BEGUN, write_whole

_NOTES = frozenset({"uv_build.json", "uv_cache.json"})

_DIRECT_URL = "direct_url.json"

# As uv's own: `environment.halves` removes them too.


def settle(
    direct: Iterable[DirectRequirement], built: frozenset[NormalizedName], interpreter: Interpreter
) -> None:
    """Rewrite the records of these distributions, which uv has installed, as far as it has.

    What is as it should be is left alone, and so is what was cut off.
    """
    by_name = {requirement.name: requirement for requirement in direct}
    wanted = built | by_name.keys()
    for folder in interpreter.site_packages if wanted else ():
        for dist_info in folder.glob("*.dist-info"):
            name = normalize_name(dist_info.name.partition("-")[0])
            if name in wanted and _is_by_uv(dist_info):
                _settle(dist_info, by_name.get(name))


def _is_by_uv(dist_info: Path) -> bool:
    try:
        installer = read_text(dist_info / "INSTALLER", "replace")
    except OSError:
        return False
    return installer.strip() == "uv" and (dist_info / "RECORD").is_file()


def _settle(dist_info: Path, requirement: DirectRequirement | None) -> None:
    """Drop uv's notes; `requirement` is None for what comes from an index."""
    notes = [dist_info / name for name in _NOTES if (dist_info / name).exists()]
    direct = dist_info / _DIRECT_URL
    if not notes and (requirement is None or _says(direct, requirement)):
        return
    # Of a run that was killed as it wrote; the notes come first, so that RECORD tells of it.
    for path in (*dist_info.glob(f"{BEGUN}*"), *notes):
        path.unlink()
    if requirement is not None:
        _write(direct, json.dumps(direct_url(requirement)))
    _record(dist_info, without=[*notes, direct], having=[direct] if requirement else [])


def _says(direct: Path, requirement: DirectRequirement) -> bool:
    """Whether direct_url.json is Poetry's already."""
    try:
        return read_text(direct) == json.dumps(direct_url(requirement))
    except (OSError, ValueError):
        return False


def _record(dist_info: Path, *, without: Iterable[Path], having: Iterable[Path]) -> None:
    """Poetry records no hash of direct_url.json."""
    record = dist_info / "RECORD"
    gone = {f"{dist_info.name}/{path.name}" for path in without}
    rows = csv.reader(io.StringIO(read_text(record, "surrogateescape")))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(row for row in rows if row and row[0] not in gone)
    writer.writerows([f"{dist_info.name}/{path.name}", "", ""] for path in having)
    _write(record, text.getvalue())


def direct_url(requirement: DirectRequirement) -> dict[str, Any]:
    """direct_url.json (PEP 610) as Poetry has it."""
    match requirement.source:
        case GitSource(url, reference, commit, subdirectory):
            vcs = {"vcs": "git", "requested_revision": reference, "commit_id": commit}
            below = {"subdirectory": subdirectory} if subdirectory else {}
            return {"url": git_url(url), "vcs_info": vcs, **below}
        case UrlSource(url):
            return {"url": url, "archive_info": _archive_info(requirement)}
        case FileSource(location=location):
            return {"url": Path(location).as_uri(), "archive_info": _archive_info(requirement)}
        case DirectorySource(location=location):
            info = {"editable": True} if requirement.develop else {}
            return {"url": Path(location).as_uri(), "dir_info": info}


def _archive_info(requirement: DirectRequirement) -> dict[str, Any]:
    locked = requirement.hash
    return {"hashes": {locked.algorithm: locked.digest}} if locked else {}


def _write(path: Path, text: str) -> None:
    """Beside, then renamed: the file may share its content with uv's cache by a hard link."""
    write_whole(path, text.encode("utf-8", "surrogateescape"))

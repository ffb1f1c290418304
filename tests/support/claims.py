"""What a receipt claims, held against what is installed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from support.compare import site_packages

from hybrid_install.core.record import RecordEntry, contents, parse_record


def false_claims(venv: Path, *, of_files: bool = True) -> list[str]:
    """Each claim of the environment's receipt that is not so; none where there is no receipt.

    Packages are there in that version, with RECORDs of the contents that are stated, and, with
    `of_files`, all the files that those list.
    """
    path = venv / "hybrid-install.json"
    if not path.is_file():
        return []
    try:
        packages = json.loads(path.read_text("utf-8"))["packages"]
    except (ValueError, KeyError) as error:
        return [f"it is half a receipt: {error!r}"]
    return [claim for each in packages for claim in _false(each, venv, of_files=of_files)]


def _false(package: Mapping[str, Any], venv: Path, *, of_files: bool) -> Iterator[str]:
    label = f"{package['name']} {package['version']}"
    found = [info for info in _infos(venv) if _is_of(info, package)]
    if len(found) != 1:
        yield f"{label}: it is there {len(found)} times"
        return
    try:
        entries = parse_record((found[0] / "RECORD").read_text("utf-8"))
    except FileNotFoundError:
        yield f"{label}: it has no RECORD"
        return
    if package["contents"] not in {None, contents(entries)}:
        yield f"{label}: its RECORD has other contents"
    if of_files:
        yield from (f"{label}: {each.path} is not there" for each in _lost(entries, found[0]))


def _infos(venv: Path) -> Iterator[Path]:
    for site in site_packages(venv):
        yield from site.glob("*.dist-info")


def _is_of(info: Path, package: Mapping[str, Any]) -> bool:
    name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
    return (canonicalize_name(name), version) == (package["name"], package["version"])


def _lost(entries: tuple[RecordEntry, ...], info: Path) -> Iterator[RecordEntry]:
    for each in entries:
        if not each.is_bytecode and not (info.parent / each.path).exists():
            yield each

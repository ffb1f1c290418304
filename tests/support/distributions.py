"""Metadata folders as installers, users and accidents leave them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path


def metadata(name: str, version: str) -> str:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nWords.\n"


def dist_info(
    folder: Path, name: str, version: str = "1.0", files: Mapping[str, str] | None = None
) -> Path:
    """A whole .dist-info; `files` replaces its files or adds to them."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    record = "".join(f"{info.name}/{each},,\n" for each in ("INSTALLER", "METADATA", "RECORD"))
    whole = {"METADATA": metadata(name, version), "RECORD": record, "INSTALLER": "uv\n"}
    return _written(info, {**whole, **(files or {})})


def without(info: Path, *files: str) -> Path:
    """The same with some files missing."""
    for file in files:
        (info / file).unlink()
    return info


def egg_info(folder: Path, name: str, version: str = "1.0") -> Path:
    """An .egg-info folder, as `setup.py install` makes it."""
    return _written(folder / f"{name}.egg-info", {"PKG-INFO": metadata(name, version)})


def direct_url(url: str, **more: object) -> dict[str, str]:
    """The files of a distribution from elsewhere (PEP 610)."""
    return {"direct_url.json": json.dumps({"url": url, **more})}


def _written(folder: Path, files: Mapping[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (folder / file).write_text(text, "utf-8")
    return folder

"""What ties an environment to a project: the files of its editable installation, to the byte."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping
from pathlib import Path

from support.compare import site_packages

Files = Mapping[str, tuple[bytes, int]]


def bound(venv: Path) -> Files:
    """Every file that the project's RECORD names, RECORD included: contents and mode."""
    return {str(path): (_content(path), path.stat().st_mode) for path in _recorded(venv)}


def remove(venv: Path) -> None:
    """Nothing is left of it."""
    files = _recorded(venv)
    for path in files:
        path.unlink()
    shutil.rmtree(files[-1].parent)


def _recorded(venv: Path) -> list[Path]:
    (record,) = [
        info / "RECORD"
        for site in site_packages(venv)
        for info in site.glob("*.dist-info")
        if "direct_url.json" in (info / "RECORD").read_text("utf-8")
    ]
    with record.open(newline="", encoding="utf-8") as rows:
        return [Path(path) for path, *_ in csv.reader(rows)]


def _content(path: Path) -> bytes:
    """Poetry writes the folders of a .pth in no order."""
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    if path.suffix == ".pth":
        return b"".join(sorted(lines))
    if path.name == "RECORD":
        return b"".join(line.partition(b".pth,")[0] if b".pth," in line else line for line in lines)
    return content

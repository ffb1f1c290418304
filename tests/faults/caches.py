"""What is in uv's cache is damaged, half-written, lost, or was edited through a link."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from faults.fault import Fault, Inject, nothing
from support.sandbox import Result
from support.scene import WARM, Scene

Damage = Callable[[Path, Random], object]


def damaged(pattern: str, damage: Damage) -> Inject:
    """Some of these in uv's cache, all of the same sort."""

    def inject(scene: Scene, dice: Random) -> Result:
        cache = scene.lab.sandbox.folder("uv-cache")
        found = sorted(cache.glob(pattern))
        assert found, f"uv's cache has no {pattern}"
        _age(cache)
        for path in dice.sample(found, min(3, len(found))):
            damage(path, dice)
        return scene.run()

    return inject


def _age(cache: Path) -> None:
    """By an hour: whoever edits a file does not do so in the moment after it was unpacked."""
    for path in cache.glob("archive-v*/**/*"):
        then = path.stat().st_mtime - 3600
        os.utime(path, (then, then))


def half(path: Path, _: Random) -> None:
    """As a disk that was full leaves it."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def empty(path: Path, _: Random) -> None:
    """As a power failure leaves it."""
    path.write_bytes(b"")


def nonsense(path: Path, dice: Random) -> None:
    """Of the same size."""
    path.write_bytes(dice.randbytes(path.stat().st_size))


def rotten(path: Path, dice: Random) -> None:
    """Of the same size, and as old as it was: as a disk that decays leaves it."""
    status = path.stat()
    nonsense(path, dice)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def lost(path: Path, _: Random) -> None:
    """A file, or a folder with all that is in it."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def edited(path: Path, _: Random) -> None:
    """In place: every environment that has a link to it sees it."""
    with path.open("a", encoding="utf-8") as file:
        file.write("print('debugging')\n")


def emptied(scene: Scene) -> None:
    """As the hint says; an environment that has links to it is made anew."""
    shutil.rmtree(scene.lab.sandbox.folder("uv-cache"))
    shutil.rmtree(scene.project.venv, ignore_errors=True)


_CACHE = r"uv cache clean"
_ARCHIVES = "archive-v*/*"

FAULTS = (
    *(
        Fault(
            f"uv's cache: {name}, {damage.__name__}",
            damaged(pattern, damage),
            (WARM,),
            _CACHE,
            mend=emptied,
        )
        for name, pattern in {
            "a page": "simple-v*/**/*.rkyv",
            "a pointer to a wheel": "wheels-v*/**/*.http",
        }.items()
        for damage in (half, empty, nonsense, lost)
    ),
    Fault("uv's cache: an archive, lost", damaged(_ARCHIVES, lost), (WARM,), _CACHE, mend=emptied),
    Fault(
        "uv's cache: METADATA, lost",
        damaged(f"{_ARCHIVES}/*.dist-info/METADATA", lost),
        (WARM,),
        _CACHE,
        mend=emptied,
    ),
    Fault(
        "uv's cache: RECORD, lost",
        damaged(f"{_ARCHIVES}/*.dist-info/RECORD", lost),
        (WARM,),
        _CACHE,
        mend=emptied,
    ),
    Fault(
        "uv's cache: RECORD, empty",
        damaged(f"{_ARCHIVES}/*.dist-info/RECORD", empty),
        (WARM,),
        _CACHE,
        mend=emptied,
    ),
    Fault(
        "uv's cache: RECORD, cut short",
        damaged(f"{_ARCHIVES}/*.dist-info/RECORD", half),
        (WARM,),
        _CACHE,
        mend=emptied,
    ),
    *(
        Fault(
            f"uv's cache: a module, {damage.__name__}",
            damaged(f"{_ARCHIVES}/[bg]*/__init__.py", damage),
            (WARM,),
            _CACHE,
            only_verify=damage is rotten,
            mend=nothing if damage is not rotten else emptied,
        )
        for damage in (half, lost, edited, nonsense, rotten)
    ),
)

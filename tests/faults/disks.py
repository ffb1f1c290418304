"""Disks that are full, and places that cannot be written to, by mounts of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

from faults.fault import FETCHING, INSTALLED, WORKING, Fault, Inject
from support.sandbox import Result
from support.scene import CHANGED, NEW, Scene

Place = Callable[[Scene], Path]

FULL = r"no room|No space left|os error 28|Errno 28"
READ_ONLY = r"[Rr]ead-only|os error 30|Errno 30|cannot be written|not writable"


@cache
def no_mounts() -> str | None:
    """Why there are none; permission bits do not bind root, so that nothing else would do."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        return "mounts take Linux and root"
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(
            ["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, check=False
        )
        if tried.returncode == 0:
            _umount(Path(folder))
            return None
    return f"mount: {tried.stderr.decode().strip()}"


def a_disk(place: Place) -> Callable[[Scene], None]:
    """One of its own there, with room, and with all that was there."""

    def arrange(scene: Scene) -> None:
        folder, kept = place(scene), scene.lab.folder / "kept"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder, kept, symlinks=True)
        _mount("-t", "tmpfs", "-o", "size=500m,mode=755", "tmpfs", str(folder))
        scene.stack.callback(_umount, folder)
        shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(kept)

    return arrange


def full(place: Place, sizes: tuple[int, ...]) -> Inject:
    """So many kilobytes are left on the disk there, and many more after the run."""

    def inject(scene: Scene, dice: Random) -> Result:
        folder = place(scene)
        disk = os.statvfs(folder)
        used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize // 1024
        _mount("-o", f"remount,size={used + dice.choice(sizes)}k", str(folder))
        result = scene.run()
        _mount("-o", "remount,size=500m", str(folder))
        return result

    return inject


def read_only(place: Place) -> Inject:
    """It can be read and no more, until after the run."""

    def inject(scene: Scene, _: Random) -> Result:
        folder = place(scene)
        folder.mkdir(parents=True, exist_ok=True)
        _mount("--bind", str(folder), str(folder))
        try:
            _mount("-o", "remount,bind,ro", str(folder))
            return scene.run()
        finally:
            _umount(folder)

    return inject


def of_sandbox(name: str) -> Place:
    """A folder of the user's."""
    return lambda scene: scene.lab.sandbox.folder(name)


def venv(scene: Scene) -> Path:
    """The environment."""
    return scene.project.venv


def project(scene: Scene) -> Path:
    """The project, its environment included."""
    return scene.project.folder


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)


def _umount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


# pip alone takes ten megabytes. Where packages are changed it is there: what is missing then is not
# known before something was removed, because archives are smaller than what they unpack to.
_SIZES = (16, 200, 600, 2_000, 6_000, 9_000, 11_000)
_SMALL_SIZES = (345, 370, 400, 430, 460)
_CACHES = {
    "uv's cache": of_sandbox("uv-cache"),
    "Poetry's cache": of_sandbox("poetry-cache"),
    "our cache": of_sandbox("cache/hybrid-install"),
    "TMPDIR": of_sandbox("tmp"),
}

FAULTS = (
    *(
        Fault(
            f"a full disk: {what}",
            full(place, sizes),
            (state,),
            FULL,
            lacks=no_mounts,
            arrange=a_disk(place),
            is_atomic=is_atomic,
        )
        for what, place, sizes, state, is_atomic in (
            # Where a disk begins no environment can take the place of another.
            ("the environment", venv, _SIZES, NEW, False),
            ("the environment, of changed packages", venv, _SMALL_SIZES, CHANGED, False),
            ("the project", project, _SIZES, NEW, None),
            ("the project, of changed packages", project, _SMALL_SIZES, CHANGED, False),
            ("the project, beside the environment", project, _SIZES, CHANGED, True),
        )
    ),
    *(
        Fault(
            f"a full disk: {name}",
            full(place, (4, 16, 200, 600, 2_000)),
            FETCHING,
            FULL,
            lacks=no_mounts,
            arrange=a_disk(place),
        )
        for name, place in _CACHES.items()
    ),
    *(
        Fault(
            f"read-only: {name}",
            read_only(place),
            WORKING,
            READ_ONLY,
            fails=name == "uv's cache",
            lacks=no_mounts,
        )
        for name, place in {**_CACHES, "HOME": of_sandbox("home")}.items()
    ),
    *(
        Fault(f"read-only: {what}", inject, states, READ_ONLY, fails=fails, lacks=no_mounts)
        for what, inject, states, fails in (
            ("the environment", read_only(venv), (CHANGED,), True),
            ("the whole environment", read_only(venv), INSTALLED, False),
            ("the project", read_only(project), WORKING, True),
            ("the whole project", read_only(project), INSTALLED, False),
        )
    ),
)

"""What a killed installer, a careless user or a clock has left in the environment."""

from __future__ import annotations

import os
import shutil
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from faults.fault import INSTALLED, Fault, Inject
from faults.others import another_lock
from support.sandbox import Result, run
from support.scene import CHANGED, COMPLETE, WARM, Scene

_OURS = "[abcgh]*.dist-info"
_DISTRIBUTIONS = "[abcgh][!c]*.dist-info"  # all but the project's own
_FOREIGN = r"bravo|charlie|acme|exists|directory|file"


def damaged(pattern: str, damage: Callable[[Path], object]) -> Inject:
    """One of these in the environment."""

    def inject(scene: Scene, dice: Random) -> Result:
        damage(dice.choice(scene.files(pattern)))
        return scene.run()

    return inject


def empty(path: Path) -> None:
    """Another file: the old one may be uv's cache's too."""
    path.unlink()
    path.touch()


def cut_off(path: Path) -> None:
    """Uv was killed, or the disk was full, as it wrote the last of its blocks."""
    text = path.read_bytes()
    path.unlink()
    path.write_bytes(text[:-10])


def half_linked(info: Path) -> None:
    """Uv was killed: some files are not there yet, and no INSTALLER."""
    (info / "INSTALLER").unlink()
    shutil.rmtree(_module(info), ignore_errors=True)


def only_a_folder(info: Path) -> None:
    """Nothing but a folder's name."""
    for path in sorted(info.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def half_removed(info: Path) -> None:
    """Another tool was killed as it removed a package: its notes are all there, its modules are not."""
    shutil.rmtree(_module(info))


def edited_through_a_link(info: Path) -> None:
    """Somebody debugs, and writes to the file of uv's cache too."""
    module = _module(info) / "__init__.py"
    assert module.stat().st_nlink > 1, f"uv has not linked {module}"
    with module.open("a", encoding="utf-8") as file:
        file.write("print('debugging')\n")


def edited(info: Path) -> None:
    """Somebody debugs, with an editor that writes another file."""
    module = _module(info) / "__init__.py"
    text = module.read_text("utf-8")
    module.unlink()
    module.write_text(f"{text}print('debugging')\n", "utf-8")


def _module(info: Path) -> Path:
    return info.with_name(_name(info))


def _name(info: Path) -> str:
    return info.name.removesuffix(".dist-info").rpartition("-")[0]


def fetched_anew(scene: Scene) -> None:
    """What `verify` advises of damaged files: out of uv's cache, and out of the environment."""
    names = [_name(info) for info in scene.files(_DISTRIBUTIONS)]
    uv = f"{sysconfig.get_path('scripts')}/uv"
    python = scene.project.venv / "bin" / "python"
    environ = scene.lab.sandbox.environ
    run([uv, "cache", "clean", *names], environ, scene.lab.folder)
    run([uv, "pip", "uninstall", "--python", python, *names], environ, scene.lab.folder)


def broken_interpreter(change: Callable[[Path], object]) -> Inject:
    """Its python is not what it was; what no run makes anew is put back after it.

    That pyvenv.cfg is lost is no fault of this room: should it not be refused, the interpreter
    below would be emptied. tests/e2e/test_environments.py looks at it with `plan` alone.
    """

    def inject(scene: Scene, _: Random) -> Result:
        python = scene.project.venv / "bin" / "python"
        before = python.readlink()
        change(python)
        result = scene.run()
        if not python.is_symlink():
            python.unlink()
            python.symlink_to(before)
        return result

    return inject


def dangling(python: Path) -> None:
    """Its interpreter was removed from the machine."""
    python.unlink()
    python.symlink_to("/nowhere/python")


def no_program(python: Path) -> None:
    """Something else has its place."""
    python.unlink()
    python.write_text("nothing that runs\n")


def in_the_way(place: str, put: Callable[[Path], object]) -> Inject:
    """Something where a file is to be, which is gone after the run."""

    def inject(scene: Scene, _: Random) -> Result:
        path = scene.project.venv / place.format(site=scene.site)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        put(path)
        result = scene.run()
        if path.is_dir() and (path / "precious").exists():
            shutil.rmtree(path)
        elif path.is_file() and path.read_text("utf-8", "replace") == "precious":
            path.unlink()
        return result

    return inject


def a_folder(path: Path) -> None:
    """One with something in it."""
    path.mkdir()
    (path / "precious").touch()


def a_file(path: Path) -> None:
    """One of somebody's."""
    path.write_text("precious")


def from_the_future(scene: Scene, _: Random) -> Result:
    """The clock was set back."""
    there = time.time() + 86400
    inside = [path for path in scene.project.venv.rglob("*") if not path.is_symlink()]
    for path in (scene.project.lock, scene.project.pyproject, *inside):
        os.utime(path, (there, there))
    return scene.run()


def caches_from_the_future(scene: Scene, _: Random) -> Result:
    """The clock was set back after runs that have left stamps, answers and files."""
    there = time.time() + 86400
    for folder in (scene.lab.sandbox.folder("cache"), scene.lab.sandbox.folder("uv-cache")):
        for path in folder.rglob("*"):
            os.utime(path, (there, there), follow_symlinks=False)
    return scene.run()


def put_back_as_it_was(scene: Scene, _: Random) -> Result:
    """Another lock was installed meanwhile; this one comes back with the times that it had."""
    files = scene.project.lock, scene.project.pyproject
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in files]
    for path, content in another_lock(scene).items():
        path.write_bytes(content)
    assert scene.run().exit_code == 0
    for path, (content, changed) in zip(files, before, strict=True):
        path.write_bytes(content)
        os.utime(path, ns=(changed, changed))
    return scene.run()


FAULTS = (
    *(
        Fault(f"no {name}", damaged(f"{_OURS}/{name}", Path.unlink), INSTALLED)
        for name in ("INSTALLER", "METADATA", "RECORD")
    ),
    *(
        Fault(f"an empty {name}", damaged(f"{_OURS}/{name}", empty), INSTALLED)
        for name in ("INSTALLER", "METADATA", "RECORD")
    ),
    Fault("a RECORD that was cut off", damaged(f"{_OURS}/RECORD", cut_off), INSTALLED),
    Fault("a half-linked distribution", damaged(_OURS, half_linked), INSTALLED),
    *(
        Fault(
            f"a distribution that is {damage.__name__.replace('_', ' ')}",
            damaged(_DISTRIBUTIONS, damage),
            INSTALLED,
            only_verify=True,
            mend=fetched_anew,
        )
        for damage in (half_removed, edited_through_a_link, edited)
    ),
    Fault("only a .dist-info's folder", damaged(_OURS, only_a_folder), INSTALLED),
    Fault("a distribution that is gone", damaged(_OURS, shutil.rmtree), INSTALLED),
    *(
        Fault(f"an interpreter: {change.__name__}", broken_interpreter(change), (COMPLETE, CHANGED))
        for change in (dangling, no_program)
    ),
    Fault(
        "a folder instead of a module",
        in_the_way("{site}/bravo/__init__.py", a_folder),
        (CHANGED,),
        _FOREIGN,
    ),
    Fault("a file instead of a package", in_the_way("{site}/bravo", a_file), (CHANGED,), _FOREIGN),
    Fault("a folder instead of a command", in_the_way("bin/bravo", a_folder), (CHANGED,), _FOREIGN),
    Fault(
        "a folder instead of data", in_the_way("share/bravo.txt", a_folder), (CHANGED,), _FOREIGN
    ),
    Fault("a file instead of a folder of data", in_the_way("share", a_file), (CHANGED,), _FOREIGN),
    Fault(
        "a folder instead of a receipt",
        in_the_way("hybrid-install.json", a_folder),
        (CHANGED,),
        "hybrid-install.json",
    ),
    Fault("files from the future", from_the_future, (COMPLETE, CHANGED)),
    Fault("caches from the future", caches_from_the_future, (COMPLETE, CHANGED)),
    Fault("a lock that was put back with its times", put_back_as_it_was, (COMPLETE, WARM)),
)

"""uv links whatever its cache holds: a run looks at it, and has uv fetch anew what is damaged."""

from __future__ import annotations

import io
import os
import re
import shutil
import sysconfig
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.lab import Lab
from support.projects import Project
from support.wheels import Release, Wheel

DAMAGED = "uv's cache is damaged: bravo (bravo/__init__.py "

Damage = Callable[[Path], object]


def halved(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def edited(path: Path) -> None:
    """In place, to other contents of the same size, some time after it was unpacked."""
    path.write_bytes(path.read_bytes()[::-1])
    later = path.stat().st_mtime + 60
    os.utime(path, (later, later))


def in_cache(lab: Lab, damage: Damage) -> None:
    """Of bravo's module, wherever uv has unpacked it."""
    found = [*lab.sandbox.folder("uv-cache").glob("archive-v*/*/bravo/__init__.py")]
    assert found
    for path in found:
        damage(path)


@pytest.fixture
def damaged(lab: Lab, standard: Project) -> Project:
    """A project whose environment is gone, and what uv's cache holds of it is not whole."""
    lab.install(standard)
    shutil.rmtree(standard.venv)
    in_cache(lab, Path.unlink)
    return standard


@pytest.mark.parametrize(
    ("damage", "mode"),
    [(Path.unlink, ""), (halved, ""), (edited, "hardlink"), (edited, "symlink")],
)
@pytest.mark.parametrize("options", [(), ("--atomic",)])
def test_it_is_fetched_anew(
    lab: Lab, standard: Project, damage: Damage, mode: str, options: tuple[str, ...]
) -> None:
    if mode:  # where uv would clone, nothing comes from a link
        lab.environ["UV_LINK_MODE"] = mode
    lab.install(standard)
    shutil.rmtree(standard.venv)
    in_cache(lab, damage)

    result = lab.install(standard, *options)

    assert DAMAGED in result.stderr
    lab.assert_as_poetry_makes_it(standard)
    shutil.rmtree(standard.venv)
    assert "damaged" not in lab.install(standard).stderr


def test_where_no_poetry_is_started(lab: Lab, damaged: Project) -> None:
    assert DAMAGED in lab.install(damaged, "--no-root").stderr
    lab.assert_as_poetry_makes_it(damaged, "--no-root")


def test_what_a_run_has_left_that_was_cut_off(lab: Lab, damaged: Project, tmp_path: Path) -> None:
    """It has failed after uv's part: what is kept nobody has looked at."""
    poetry = tmp_path / "poetry"
    poetry.write_text("#!/bin/sh\ncase $1 in --version) echo 2.5.1;; *) exit 9;; esac\n")
    poetry.chmod(0o755)
    lab.refuse(damaged, HYBRID_INSTALL_POETRY=str(poetry))

    assert DAMAGED in lab.install(damaged).stderr
    lab.assert_as_poetry_makes_it(damaged)


def test_what_somebody_has_removed_since_stays_removed(lab: Lab, standard: Project) -> None:
    """An image's tests, for example: it was whole when a good run ended."""
    lab.install(standard)
    (module,) = standard.venv.glob("lib/python*/site-packages/bravo/__init__.py")
    module.unlink()
    (standard.venv / "hybrid-install.json").unlink()
    assert "damaged" not in lab.install(standard).stderr
    assert not module.exists()


def test_without_the_network_it_is_said(lab: Lab, damaged: Project) -> None:
    said = lab.refuse(damaged, "--offline").stderr

    assert "bravo (bravo/__init__.py is missing)" in said
    assert re.search("^hint: .*`uv cache clean bravo`.* with the network$", said, re.MULTILINE)
    assert DAMAGED in lab.install(damaged).stderr
    lab.assert_as_poetry_makes_it(damaged)


def test_what_does_not_get_better_is_said(lab: Lab, standard: Project, tmp_path: Path) -> None:
    """A disk, or a guard against viruses, that takes the file away again."""
    uv, module = tmp_path / "uv", "lib/python3*/site-packages/bravo/__init__.py"
    real = f"{sysconfig.get_path('scripts')}/uv"
    uv.write_text(f'#!/bin/sh\n{real} "$@" || exit $?\nrm -f {standard.venv}/{module}\n')
    uv.chmod(0o755)
    for _ in range(2):
        said = lab.refuse(standard, HYBRID_INSTALL_UV=str(uv)).stderr
        assert "error: uv has installed files that are not what was locked: bravo (" in said
        assert re.search("^hint: .*`uv cache clean bravo`", said, re.MULTILINE)
    lab.install(standard)
    lab.assert_as_poetry_makes_it(standard)


@dataclass(frozen=True)
class Careless(Wheel):
    """Its RECORD names a file that it does not have."""

    @property
    def content(self) -> bytes:
        whole, made = zipfile.ZipFile(io.BytesIO(super().content)), io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for entry in whole.infolist():
                more = "careless/gone.py,sha256=AA,3\n" if entry.filename.endswith("RECORD") else ""
                archive.writestr(entry, whole.read(entry) + more.encode())
        return made.getvalue()


def test_a_file_that_was_published_so_is_installed(lab: Lab) -> None:
    """Poetry installs it too; uv writes the RECORD of what it has unpacked itself."""
    source = lab.source(Careless(Release("careless")))
    project = lab.project(lab.spec("careless", sources=(source,)))
    assert "damaged" not in lab.install(project).stderr
    assert "all as poetry.lock says" in lab.hybrid_install("verify", cwd=project.folder).stdout

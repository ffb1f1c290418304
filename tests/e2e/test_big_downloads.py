"""Big downloads: said beforehand, refused where they have no room, kept where they are whole."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.compare import versions
from support.lab import Lab, assert_nothing_is_installed
from support.projects import Project
from support.wheels import Release, Wheel

from hybrid_install.core.sizes import size_text

SMALL = Wheel(Release("alpha"), padding=200_000)
BIG = Wheel(Release("bravo"), padding=3_000_000)


@pytest.fixture
def project(lab: Lab) -> Project:
    lab.environ["POETRY_VIRTUALENVS_OPTIONS_NO_PIP"] = "true"
    spec = lab.spec("alpha", "bravo", sources=(lab.source(SMALL, BIG),), package_mode=False)
    return lab.project(spec)


def test_what_arrived_whole_is_kept(lab: Lab, project: Project) -> None:
    with lab.index.misbehaving(cuts={BIG.filename: 1_000_000}):
        refused = lab.refuse(project, UV_HTTP_RETRIES="1")
    assert f"Not fetched, or refused:\n  bravo 1.0: {BIG.filename} from " in refused.stderr
    assert SMALL.filename not in refused.stderr
    assert_nothing_is_installed(project)

    with lab.index.watched() as requests:
        result = lab.install(project)
    downloads = [each.path.rpartition("/")[2] for each in requests if each.is_download]
    assert downloads == [BIG.filename]
    assert f"uv           {size_text(len(BIG.content))} to download\n" in result.stderr
    lab.assert_as_poetry_makes_it(project)


def test_the_size_is_said_of_what_is_not_in_the_cache(lab: Lab, project: Project) -> None:
    """And no request is made for it."""
    with lab.index.watched() as requests:
        result = lab.install(project)
    both = len(SMALL.content) + len(BIG.content)
    assert f"uv           {size_text(both)} to download\n" in result.stderr
    assert len(requests) == len({each.path for each in requests}) == 4

    shutil.rmtree(project.venv)
    with lab.index.watched() as requests:
        assert "to download" not in lab.install(project).stderr
    assert not [each for each in requests if each.is_download]


def test_what_nobody_tells_the_size_of(lab: Lab) -> None:
    """A url has none before it is fetched."""
    source = lab.source(BIG, wheel := Wheel(Release("alpha")))
    pinned = {"alpha": {"url": lab.index.file_url(source, wheel)}}
    project = lab.project(lab.spec(BIG.release.name, "alpha", sources=(source,), pinned=pinned))
    said = lab.install(project).stderr
    assert f"uv           at least {size_text(len(BIG.content))} to download\n" in said


@pytest.fixture
def little_room(tmp_path: Path) -> Iterator[Path]:
    """A file system of a megabyte."""
    folder = tmp_path / "little"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root mounts file systems")
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_cache_that_has_no_room(lab: Lab, project: Project, little_room: Path) -> None:
    cache = little_room / "cache"
    with lab.index.watched() as requests:
        refused = lab.refuse(project, UV_CACHE_DIR=str(cache))
    assert f"there is no room: {cache} has 1.0 MB free" in refused.stderr
    assert "is to take 2.6 MB of wheels" in refused.stderr
    assert "point UV_CACHE_DIR at a file system that has it" in refused.stderr
    assert not [each for each in requests if each.is_download]
    assert_nothing_is_installed(project)


def test_an_environment_that_has_no_room(lab: Lab, project: Project, little_room: Path) -> None:
    """On another file system than the cache nothing can be linked, whatever the cache has."""
    lab.install(project)
    venv = little_room / "venv"
    refused = lab.refuse(project, "--venv", venv)
    assert f"there is no room: {venv} has" in refused.stderr
    assert "--venv" in refused.stderr
    assert versions(venv) == {}


def test_where_it_is_tight_there_is_a_warning(
    lab: Lab, project: Project, little_room: Path
) -> None:
    room = ["mount", "-o", "remount,size=6m", str(little_room)]
    subprocess.run(room, check=True)
    result = lab.install(project, UV_CACHE_DIR=str(little_room / "cache"))
    assert "warning: there may be too little room" in result.stderr

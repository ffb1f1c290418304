"""`--require-hashes` and `--no-build`: refused before anything is made, with names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.compare import versions
from support.git import repository
from support.lab import Lab, assert_nothing_is_installed
from support.projects import Project
from support.wheels import Release, Sdist, Wheel, source_tree


def without_hashes(project: Project, name: str) -> None:
    """The lock as from an index that states none."""
    text = project.lock.read_text("utf-8")
    start = text.index("files = [", text.index(f'name = "{name}"'))
    end = text.index("\n]", start) + 2
    project.lock.write_text(f"{text[:start]}files = []{text[end:]}", "utf-8")


@pytest.fixture
def unhashed(lab: Lab) -> Project:
    source = lab.source(Wheel(Release("alpha")), Sdist(Release("bravo")))
    spec = lab.spec("alpha", "bravo", sources=(source,), package_mode=False)
    project = lab.project(spec)
    without_hashes(project, "bravo")
    return project


def test_what_the_lock_does_not_pin_by_hash(lab: Lab, unhashed: Project) -> None:
    shown = lab.install(unhashed, "plan")
    assert re.search(r"bravo +1.0 +defer .* the lock holds no hashes for it", shown.stdout)
    assert "warning: the lock has no hashes for bravo (1.0)" in shown.stderr

    for command in ("plan", "install"):
        refused = lab.refuse(unhashed, command, "--require-hashes")
        assert "\n  bravo 1.0: the lock holds no hash for it" in refused.stderr
        assert "alpha" not in refused.stderr
        assert "hint: `poetry lock`" in refused.stderr
    with lab.index.watched() as requests:
        lab.refuse(unhashed, HYBRID_INSTALL_REQUIRE_HASHES="1")
    assert not requests
    assert not unhashed.venv.exists()


def test_what_is_there_already_is_no_exception(lab: Lab, unhashed: Project) -> None:
    lab.install(unhashed)
    assert "bravo" in versions(unhashed.venv)
    assert "bravo 1.0" in lab.refuse(unhashed, "--require-hashes").stderr
    assert "error" not in lab.install(unhashed, "--no-build").stderr


def test_of_what_has_no_hashes_poetry_takes_wheels_alone(lab: Lab, unhashed: Project) -> None:
    refused = lab.refuse(unhashed, "--no-build")
    assert "Unable to find installation candidates for bravo" in refused.stderr
    assert set(versions(unhashed.venv)) <= {"alpha", "pip"}

    lab.index.sources[next(iter(unhashed.spec.sources))].offer(Wheel(Release("bravo")))
    lab.install(unhashed, "--no-build")
    lab.assert_as_poetry_makes_it(unhashed)


IN_GIT, IN_FOLDER = Release("in-git", "1.4"), Release("in-folder", "1.5")


@pytest.fixture
def elsewhere(lab: Lab, tmp_path: Path) -> Project:
    """A project in package mode, with what can have no hash."""
    pinned = {
        "in-git": {"git": repository(tmp_path / "repository", source_tree(IN_GIT))},
        "in-folder": {"path": "vendor/in-folder"},
    }
    files = {f"vendor/in-folder/{path}": text for path, text in source_tree(IN_FOLDER).items()}
    source = lab.source(Wheel(Release("alpha")))
    return lab.project(lab.spec("alpha", *pinned, sources=(source,), pinned=pinned, files=files))


def test_commits_and_folders_are_held_otherwise(lab: Lab, elsewhere: Project) -> None:
    result = lab.install(elsewhere, "--require-hashes")
    held = r"in-folder \(folder vendor/in-folder\), in-git \(git commit [0-9a-f]{12}\)"
    assert re.search(f"not by hash, but held otherwise: {held}", result.stderr)
    lab.assert_as_poetry_makes_it(elsewhere)
    assert "held otherwise" not in lab.install(elsewhere, "--no-receipt").stderr


def test_commits_and_folders_are_built(lab: Lab, elsewhere: Project) -> None:
    refused = lab.refuse(elsewhere, "--no-build")
    assert "\n  in-folder 1.5: it is a project on disk, vendor/in-folder" in refused.stderr
    assert "\n  in-git 1.4: it is a git dependency" in refused.stderr
    assert not elsewhere.venv.exists()

    lab.install(elsewhere)  # What is there needs no build, and the project itself is exempt.
    lab.install(elsewhere, "--no-build", "--no-receipt")
    assert {"in-git", "in-folder", "acme-app"} <= versions(elsewhere.venv).keys()


def test_an_sdist_is_refused_where_it_would_be_built(lab: Lab) -> None:
    source = lab.source(
        Wheel(Release("alpha")),
        Sdist(Release("alpha")),
        Sdist(Release("bravo")),
        Wheel(Release("bravo"), tag="py3-none-win_amd64"),
        Sdist(Release("charlie")),
    )
    names = ("alpha", "bravo", "charlie")
    project = lab.project(lab.spec(*names, sources=(source,), package_mode=False))
    refused = lab.refuse(project, HYBRID_INSTALL_NO_BUILD="1")
    for name in ("bravo", "charlie"):
        line = f"\n  {name} 1.0: the lock has no wheel of it that fits, but {name}-1.0.tar.gz"
        assert line in refused.stderr
    assert "alpha" not in refused.stderr
    assert not project.venv.exists()

    lab.refuse(project, "--no-build", "--atomic")
    assert not [each for each in project.folder.iterdir() if "venv" in each.name]

    refused = lab.refuse(project, "plan", "--no-build", POETRY_INSTALLER_NO_BINARY="alpha")
    assert "\n  alpha 1.0: installer.no-binary forbids its wheels" in refused.stderr


@pytest.mark.parametrize("feed", ["pylock", "requirements"])
def test_a_wheel_that_was_yanked_is_not_built_instead(lab: Lab, feed: str) -> None:
    wheel = Wheel(Release("alpha"))
    source = lab.source(wheel, Sdist(Release("alpha")))
    project = lab.project(lab.spec("alpha", sources=(source,), package_mode=False))
    del source.archives[wheel.filename]
    refused = lab.refuse(project, "--no-build", "--feed", feed)
    assert "alpha" in refused.stderr
    if feed == "pylock":
        assert "--no-build: would be built" in refused.stderr
        assert "\n  alpha: alpha-1.0.tar.gz" in refused.stderr
    assert_nothing_is_installed(project)
    lab.install(project, "--feed", feed)


def test_a_map_is_held_to_the_same(lab: Lab) -> None:
    """What it leaves out is not installed, and no breach."""
    source = lab.source(Wheel(Release("alpha")), Sdist(Release("bravo")), Wheel(Release("charlie")))
    names = ("alpha", "bravo", "charlie")
    project = lab.project(lab.spec(*names, sources=(source,), package_mode=False))
    without_hashes(project, "charlie")
    lab.install(project, "export", "--format", "json", "-o", "map.json")
    options = ("--from", "map.json", "--venv", "venv")
    refused = lab.refuse(project, *options, "--no-build")
    assert "\n  bravo 1.0: the lock has no wheel of it that fits" in refused.stderr
    assert "charlie" not in refused.stderr
    assert not (project.folder / "venv").exists()
    lab.install(project, *options, "--require-hashes")
    assert {"alpha", "bravo"} <= versions(project.folder / "venv").keys()

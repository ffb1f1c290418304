"""What uv cannot install exactly as locked is Poetry's, with the reason, and ends up installed."""

from __future__ import annotations

import pytest
import tomlkit
from support.compare import versions
from support.git import repository
from support.index import Source
from support.lab import Lab, contents
from support.poetry_release import since
from support.projects import POETRY, Project
from support.venvs import launch
from support.wheels import Release, Wheel, source_tree

IN_FOLDER = Release("in-folder", "1.1", flavour="folder")
IN_FILE = Wheel(Release("in-file", "1.2", flavour="file"))
BEHIND_URL = Wheel(Release("behind-url", "1.3", flavour="url"))
IN_GIT = Release("in-git", "1.4", flavour="git")
KINDS = ("in-folder", "in-file", "behind-url", "in-git")


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The url of a repository with `IN_GIT`."""
    return repository(tmp_path_factory.mktemp("git") / "in-git", source_tree(IN_GIT))


@pytest.fixture
def every_kind(lab: Lab, shop: Source, git: str) -> Project:
    """A project with a dependency of each kind.

    Poetry installs them one by one: in parallel it now and then misses a distribution that is as
    new as its last look at the folder, and writes no direct_url.json for it.
    """
    lab.environ["POETRY_INSTALLER_PARALLEL"] = "false"
    elsewhere = lab.source(BEHIND_URL)
    pinned = {
        "in-folder": {"path": "vendor/in-folder"},
        "in-file": {"path": f"vendor/{IN_FILE.filename}"},
        "behind-url": {"url": lab.index.file_url(elsewhere, BEHIND_URL)},
        "in-git": {"git": git},
    }
    folder = {f"vendor/in-folder/{path}": text for path, text in source_tree(IN_FOLDER).items()}
    spec = lab.spec(
        "alpha",
        *pinned,
        sources=(shop,),
        pinned=pinned,
        files={**folder, f"vendor/{IN_FILE.filename}": IN_FILE.content},
        imports=("alpha", "in_folder", "in_file", "behind_url", "in_git"),
    )
    return lab.project(spec)


def test_every_kind_is_installed_by_someone(lab: Lab, every_kind: Project) -> None:
    result = lab.install(every_kind, "-v", "--strict")

    said = launch(every_kind.venv, "acme-app", lab.sandbox).stdout
    assert said.splitlines() == [
        "alpha 1.0 plain",
        "in_folder 1.1 folder",
        "in_file 1.2 file",
        "behind_url 1.3 url",
        "in_git 1.4 git",
    ]
    assert "is Poetry's" not in result.stderr
    seen = lab.assert_as_poetry_makes_it(every_kind)
    by_uv = {each.name for each in seen.distributions.values() if each.installer == "uv"}
    assert by_uv == {"alpha", "bravo", "pip", *KINDS}

    before = contents(every_kind.venv / "bin")
    assert "all as poetry.lock says" in lab.install(every_kind, "verify", "--deep").stdout
    again = lab.install(every_kind, "--strict", "--no-receipt")
    assert contents(every_kind.venv / "bin").keys() == before.keys()
    assert "No dependencies to install or update" in again.stderr


def test_no_directory(lab: Lab, every_kind: Project) -> None:
    lab.install(every_kind, "--no-directory", "--no-root")

    seen = lab.assert_as_poetry_makes_it(every_kind, "--no-directory", "--no-root")
    assert "in-folder" not in seen.distributions


def without_hashes_of_golf(project: Project) -> None:
    lock = tomlkit.parse(project.lock.read_text("utf-8"))
    for package in lock["package"]:
        if package["name"] == "golf":
            package["files"] = []
    project.lock.write_text(tomlkit.dumps(lock), "utf-8")


def test_packages_without_hashes(lab: Lab, standard: Project) -> None:
    """Poetry installs such a package unchecked; uv is not asked to. Under --strict nobody is."""
    without_hashes_of_golf(standard)

    refused = lab.refuse(standard, "--strict")
    result = lab.install(standard, "-v")

    assert "the lock has no hashes for golf (7.0)" in refused.stderr
    assert "warning: the lock has no hashes for golf (7.0)" in result.stderr
    assert "golf 7.0 is Poetry's: the lock holds no hashes for it" in result.stderr
    lab.assert_as_poetry_makes_it(standard)


@pytest.mark.parametrize("lacking", ["INSTALLER", "half of RECORD"])
def test_what_was_cut_off_poetry_installs_anew(lab: Lab, standard: Project, lacking: str) -> None:
    """Its METADATA has the locked version: Poetry would keep it, as it is."""
    without_hashes_of_golf(standard)
    lab.install(standard)
    (info,) = standard.venv.glob("lib/python*/site-packages/golf-7.0.dist-info")
    if lacking == "INSTALLER":
        (info / lacking).unlink()
    else:
        text = (info / "RECORD").read_text("utf-8")
        (info / "RECORD").write_text(text[:-10], "utf-8")
    module = info.with_name("golf") / "__init__.py"
    module.unlink()

    result = lab.install(standard, "-v")

    assert "golf 7.0 is Poetry's" in result.stderr
    assert module.exists()
    lab.assert_as_poetry_makes_it(standard)
    assert "is Poetry's" not in lab.install(standard, "-v").stderr


VARIANTS = ("cpu", "gpu")


@pytest.fixture
def both_variants(lab: Lab) -> Project:
    """A lock that a careless edit made select two versions of one name."""
    source = lab.source(*(Wheel(Release("torchlike", f"1.0+{each}")) for each in VARIANTS))
    exclusive = {
        each: f"extra == '{each}' and extra != '{other}'"
        for each, other in (VARIANTS, reversed(VARIANTS))
    }
    spec = lab.spec(
        sources=(source,),
        extras={each: (f"torchlike (==1.0+{each})",) for each in VARIANTS},
        pinned={
            "torchlike": [
                {"version": f"1.0+{each}", "markers": marker, "optional": True}
                for each, marker in exclusive.items()
            ]
        },
    )
    project = lab.project(spec)
    lock = tomlkit.parse(project.lock.read_text("utf-8"))
    for package in lock["package"]:
        variant = str(package["version"]).rpartition("+")[2]
        package["markers"] = f'extra == "{variant}"'
    project.lock.write_text(tomlkit.dumps(lock), "utf-8")
    return project


@since(2, 3, "a lock is followed, and not solved again")
def test_two_versions_of_one_name(lab: Lab, both_variants: Project) -> None:
    """Poetry decides which one is installed; under --strict nothing is."""
    refused = lab.refuse(both_variants, "--all-extras", "--strict")
    assert "torchlike 1.0+cpu and 1.0+gpu" in refused.stderr
    assert not both_variants.venv.exists()

    result = lab.install(both_variants, "--all-extras")
    assert "warning:" in result.stderr
    assert "torchlike 1.0+cpu and 1.0+gpu" in result.stderr
    assert versions(both_variants.venv)["torchlike"] in {"1.0+cpu", "1.0+gpu"}

    for variant in VARIANTS:
        quiet = lab.install(both_variants, "--extras", variant, "--strict")
        assert "warning:" not in quiet.stderr
        assert versions(both_variants.venv)["torchlike"] == f"1.0+{variant}"


def test_drift_is_reported_by_name(lab: Lab, standard: Project) -> None:
    """A Poetry that changes what uv installed; here one that is wrapped to do so."""
    wrapper = lab.folder / "poetry"
    wrapper.write_text(
        f'#!/bin/sh\n{" ".join(POETRY)} "$@" || exit\n'
        f"rm -r '{standard.venv}'/lib/python3*/site-packages/golf-7.0.dist-info\n"
    )
    wrapper.chmod(0o755)

    result = lab.install(standard, HYBRID_INSTALL_POETRY=str(wrapper))
    assert "warning: Poetry changed what uv had installed: golf" in result.stderr

    strict = lab.refuse(standard, "--strict", HYBRID_INSTALL_POETRY=str(wrapper))
    assert "golf" in strict.stderr

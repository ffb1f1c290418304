"""What is exported installs to what was planned, is up to date or said not to be, and tells no secret."""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.pylock import Pylock
from support.compare import Snapshot, assert_same, snapshot, versions
from support.git import repository
from support.index import Account, Source
from support.lab import Lab
from support.projects import Project, write_files
from support.sandbox import run
from support.venvs import make_with_virtualenv
from support.wheels import Release, Sdist, Wheel, source_tree

pytestmark = pytest.mark.extended

ACCOUNT = Account("someone", "a:pass@word/1")

BEHIND_LOCK = Wheel(Release("behind-lock", "1.1", flavour="vault"))
URL = Wheel(Release("by-url", "1.2", flavour="url"))
FILE = Wheel(Release("by-file", "1.5", flavour="file"))
FOLDER = Release("in-folder", "1.7", flavour="folder")
EDITABLE = Release("in-editable", "1.8", flavour="editable")
GIT = Release("in-git", "1.9", flavour="git")
BUILT = Sdist(Release("built", "3.0", flavour="built"))
OF_OLD = Wheel(Release("of-old", "1.0"))

DIRECT = ("by-url", "by-file", "in-folder", "in-editable", "in-git")
"""What others than Poetry write another direct_url.json for."""


def in_folder(folder: str, release: Release) -> dict[str, str]:
    return {f"{folder}/{path}": text for path, text in source_tree(release).items()}


@pytest.fixture
def several(lab: Lab, shop: Source, tmp_path: Path) -> Project:
    """Two indexes, one of them behind a password, and every kind of direct origin."""
    vault = lab.source(BEHIND_LOCK, BUILT, OF_OLD, account=ACCOUNT)
    elsewhere = lab.source(URL)
    name = vault.name.upper()
    lab.environ.update(
        {
            f"POETRY_HTTP_BASIC_{name}_USERNAME": ACCOUNT.username,
            f"POETRY_HTTP_BASIC_{name}_PASSWORD": ACCOUNT.password,
        }
    )
    pinned: dict[str, Any] = {
        "behind-lock": {"version": "*", "source": vault.name},
        "built": {"version": "*", "source": vault.name},
        "of-old": {"version": "*", "source": vault.name, "markers": "sys_platform == 'win32'"},
        "by-url": {"url": lab.index.file_url(elsewhere, URL)},
        "by-file": {"path": f"vendor/{FILE.filename}"},
        "in-folder": {"path": "vendor/in-folder"},
        "in-editable": {"path": "vendor/in-editable", "develop": True},
        "in-git": {"git": repository(tmp_path / "git", source_tree(GIT))},
    }
    spec = lab.spec(
        "alpha[fast]",
        *pinned,
        sources=(shop, vault),
        pinned=pinned,
        files={
            **in_folder("vendor/in-folder", FOLDER),
            **in_folder("vendor/in-editable", EDITABLE),
            f"vendor/{FILE.filename}": FILE.content,
        },
        imports=("alpha", "behind_lock"),
    )
    return lab.project(replace(spec, package_mode=False))


def uv_install(lab: Lab, project: Project, *argv: str, **variables: str) -> None:
    uv = [sys.executable, "-m", "uv", "pip", "install", "--python", str(project.venv)]
    environ = {**lab.sandbox.environ, "UV_PREVIEW_FEATURES": "pylock", **variables}
    run([*uv, *argv], environ, project.folder)


def with_account(url: str) -> str:
    return url.replace("://", "://someone:a%3Apass%40word%2F1@")


def assert_as_planned(lab: Lab, project: Project) -> None:
    """File for file but for direct origins, which are there in the locked version."""
    theirs = lab.oracle.install(project, environ=lab.environ)
    ours: Snapshot = snapshot(project.venv, project.folder)
    assert ours.versions == theirs.versions
    assert_same(ours.without(*DIRECT), theirs.without(*DIRECT))


@pytest.mark.parametrize("universal", [(), ("--universal",)], ids=["one", "universal"])
def test_a_file_for_each_index_installs_to_what_was_planned(
    lab: Lab, several: Project, universal: tuple[str, ...]
) -> None:
    lab.install(several, "export", "--per-source", several.folder / "reqs", *universal)

    shop, vault = several.spec.sources
    files = {path.name: path for path in (several.folder / "reqs").iterdir()}
    assert files.keys() == {f"requirements-{name}.txt" for name in (shop, vault, "no-index")}
    make_with_virtualenv(several.venv, lab.sandbox)
    for name, url in several.spec.sources.items():
        argv = ["--no-deps", "--require-hashes", "-r", str(files[f"requirements-{name}.txt"])]
        index = with_account(url) if name == vault else url
        uv_install(lab, several, "--default-index", index, *argv)
    direct = ["--no-deps", "--no-index", "-r", str(files["requirements-no-index.txt"])]
    uv_install(lab, several, *direct)
    assert_as_planned(lab, several)


@pytest.mark.parametrize("universal", [(), ("--universal",)], ids=["one", "universal"])
@pytest.mark.parametrize("place", ["pylock.toml", "deploy/pylock.app.toml"])
def test_a_pylock_installs_to_what_was_planned(
    lab: Lab, several: Project, place: str, universal: tuple[str, ...]
) -> None:
    path = several.folder / place
    lab.install(several, "export", "--format", "pylock", "-o", path, *universal)

    document = tomllib.loads(path.read_text("utf-8"))
    lock = Pylock.from_dict(document)
    lock.validate()
    selected = {package.name for package, _ in lock.select()}
    assert selected == set(versions_by_poetry(lab, several)) - {"pip"}
    listed = {package["name"]: package for package in document["packages"]}
    assert ("of-old" in listed) == bool(universal)
    assert listed["by-file"]["archive"]["path"].count("..") == place.count("/")
    assert str(several.folder) not in path.read_text("utf-8")

    make_with_virtualenv(several.venv, lab.sandbox)
    vault = list(several.spec.sources)[1]
    uv_install(
        lab,
        several,
        "-r",
        str(path),
        UV_INDEX=f"vault={several.spec.sources[vault]}",
        UV_INDEX_VAULT_USERNAME=ACCOUNT.username,
        UV_INDEX_VAULT_PASSWORD=ACCOUNT.password,
    )
    assert_as_planned(lab, several)


def versions_by_poetry(lab: Lab, project: Project) -> dict[str, str]:
    return lab.oracle.install(project, environ=lab.environ).versions


def test_a_universal_pylock_lists_the_locked_wheels_of_every_platform(lab: Lab) -> None:
    """For each Python its own version, and of each all that is locked."""
    tags = ("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-macosx_11_0_arm64", "py3-none-any")
    new = [Wheel(Release("twofold", "2.0"), tag) for tag in tags]
    old = Wheel(Release("twofold", "1.0"))
    source = lab.source(*new, old)
    pinned = {
        "twofold": [
            {"version": "1.0", "markers": "sys_platform == 'win32'"},
            {"version": "2.0", "markers": "sys_platform != 'win32'"},
        ]
    }
    project = lab.project(lab.spec("twofold", sources=(source,), pinned=pinned, package_mode=False))
    path = project.folder / "pylock.toml"
    lab.install(project, "export", "--format", "pylock", "--universal", "-o", path)

    document = tomllib.loads(path.read_text("utf-8"))
    Pylock.from_dict(document).validate()
    listed = {package["version"]: package for package in document["packages"]}
    assert len(listed["2.0"]["wheels"]) == len(new)
    assert len(listed["1.0"]["wheels"]) == 1
    for platform, version in (("win32", "1.0"), ("linux", "2.0")):
        target = {**default_environment(), "sys_platform": platform}
        lock = Pylock.from_dict(document)
        found = [str(each.version) for each, _ in lock.select(environment=target)]  # type: ignore[arg-type]
        assert found == [version]


def test_constraints_constrain(lab: Lab, several: Project) -> None:
    path = several.folder / "constraints.txt"
    lab.install(several, "export", "--format", "constraints", "-o", path)
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert "alpha===1.0" in lines
    assert "in-git===1.9" in lines
    assert not [line for line in lines if "--hash" in line or "://" in line or "editable" in line]
    make_with_virtualenv(several.venv, lab.sandbox)
    index = ["--default-index", several.spec.sources["shop"]]
    uv_install(lab, several, *index, "-c", str(path), "alpha[fast]")
    assert versions(several.venv).keys() == {"alpha", "bravo", "golf", "pip"}


FORMATS = [(each,) for each in ("requirements", "constraints", "pylock", "json")]
EACH = [*FORMATS, *((*each, "--universal") for each in FORMATS)]


@pytest.mark.parametrize("options", EACH, ids=" ".join)
def test_an_export_is_the_same_to_the_byte_and_tells_nothing(
    lab: Lab, several: Project, options: tuple[str, ...]
) -> None:
    """Wherever the project is; no password, no place on this disk."""
    shop = several.spec.sources["shop"]
    several.edit("pyproject.toml", shop, shop.replace("://", "://url-user:url-pass@"))
    lab.locksmith.declare_fresh(several)
    argv = ["export", "--format", *options]
    text = lab.install(several, *argv).stdout
    for secret in (ACCOUNT.password, "a%3Apass", "someone", "url-user", "url-pass"):
        assert secret not in text
    assert str(several.folder) not in text
    assert lab.install(several, *argv).stdout == text


def test_check_tells_what_is_not_up_to_date_and_how_to_mend_it(lab: Lab, several: Project) -> None:
    path = several.folder / "requirements.txt"
    argv = ("export", "-o", "requirements.txt")
    refused = lab.refuse(several, *argv, "--check")
    assert "not up to date with poetry.lock: requirements.txt" in refused.stderr
    assert "run `hybrid-install export -o requirements.txt`" in " ".join(refused.stderr.split())
    assert not path.exists()

    lab.install(several, *argv)
    lab.install(several, *argv, "--check")
    several.edit("requirements.txt", "alpha===1.0", "alpha===0.9")
    lab.refuse(several, *argv, "--check")
    assert "alpha===0.9" in path.read_text("utf-8")
    assert lab.hybrid_install("export", "--check", cwd=several.folder).exit_code == 2


def test_all_that_is_declared_is_written_and_checked(lab: Lab, several: Project) -> None:
    rows = """
[tool.hybrid-install]
exports = [
    { file = "requirements.txt" },
    { file = "deploy/map.json", format = "json", universal = true },
    { file = "reqs", per-source = true },
]
"""
    pyproject = several.pyproject.read_text("utf-8")
    several.pyproject.write_text(pyproject + rows, "utf-8")
    lab.refuse(several, "export", "--all", "--check")
    lab.install(several, "export", "--all")
    lab.install(several, "export", "--all", "--check")

    users = {"reqs/requirements-mine.txt": "alpha\n"}
    stale = {"reqs/requirements-gone.txt": several.folder.joinpath("requirements.txt").read_bytes()}
    write_files(several.folder, {**users, **stale})
    refused = lab.refuse(several, "export", "--all", "--check")
    assert "requirements-gone.txt" in refused.stderr
    assert "requirements-mine.txt" not in refused.stderr
    lab.install(several, "export", "--all")
    assert not (several.folder / "reqs/requirements-gone.txt").exists()
    assert (several.folder / "reqs/requirements-mine.txt").exists()
    lab.install(several, "export", "--all", "--check")
    assert json.loads((several.folder / "deploy/map.json").read_text("utf-8"))["version"] == 1

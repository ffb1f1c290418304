"""The same folders, read by Poetry's `InstalledRepository` and by ours."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from poetry.repositories.installed_repository import InstalledRepository
from poetry.utils.env import MockEnv
from support.distributions import direct_url, dist_info, egg_info, metadata, without
from support.fakes import interpreter
from support.git import commit_files

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.environment.installed import installed

pytestmark = pytest.mark.conformance

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Environment:
    """One environment on disk, as both sides are told of it."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        self.site = prefix / "lib" / "python3.11" / "site-packages"
        self.platlib = prefix / "lib64" / "python3.11" / "site-packages"
        self.outside = prefix.parent / "outside"
        for folder in (self.site, self.platlib, self.outside):
            folder.mkdir(parents=True)
        self.path = [self.site, self.platlib, self.outside]
        self.fallback: Path | None = None

    def poetry(self) -> MockEnv:
        env = MockEnv(path=self.prefix, is_venv=True, sys_path=[str(each) for each in self.path])
        env._purelib, env._platlib = self.site, self.platlib
        env.__dict__["fallbacks"] = [self.fallback] if self.fallback else []
        return env

    def ours(self) -> Interpreter:
        return interpreter(
            self.prefix,
            sys_path=tuple(self.path),
            site_packages=(self.site, self.platlib),
            fallbacks=(self.fallback,) if self.fallback else (),
        )


def plain(env: Environment) -> None:
    dist_info(env.site, "a")


def several(env: Environment) -> None:
    for name, version in (("b", "2.0"), ("Some.Odd_Name", "1.0+local"), ("c", "1!2.0rc1")):
        dist_info(env.site, name, version)
    dist_info(env.platlib, "d")
    dist_info(env.outside, "e")


def twice_on_the_path(env: Environment) -> None:
    dist_info(env.site, "a", "1.0")
    dist_info(env.platlib, "A", "2.0")
    dist_info(env.outside, "a", "3.0")


def twice_in_a_folder(env: Environment) -> None:
    dist_info(env.site, "a", "1.0")
    dist_info(env.site, "a", "0.9")
    dist_info(env.site, "a", "1.10")


def without_installer_and_record(env: Environment) -> None:
    without(dist_info(env.site, "a"), "INSTALLER", "RECORD")


def odd_metadata(env: Environment) -> None:
    headers = {
        "folded": "Summary: x\n  Name: z\nName: folded\nVersion: 1.0\n",
        "twice": "Name: twice\nName: z\nVersion: 1.0\nVersion: 2.0\n",
        "body": "Name: body\nVersion: 1.0\n\nName: z\nVersion: 9\n",
        "case": "name: case\nVERSION: 1.0\n",
        "spaces": "Name:  spaces\nVersion:\t1.0\n",
    }
    for name, text in headers.items():
        dist_info(env.site, name, files={"METADATA": text})


def eggs(env: Environment) -> None:
    egg_info(env.site, "a")
    (env.site / "b-2.0.egg-info").write_text(metadata("b", "2.0"), "utf-8")


def a_file(env: Environment) -> None:
    url = "file:///wheels/a-1.0-py3-none-any.whl"
    dist_info(env.site, "a", files=direct_url(url, archive_info={}))


def an_archive(env: Environment) -> None:
    dist_info(env.site, "a", files=direct_url("https://x.invalid/a.zip", archive_info={}))


def a_directory(env: Environment) -> None:
    dist_info(env.site, "a", files=direct_url("file:///src/a", dir_info={}))
    editable = direct_url("file:///src/b", dir_info={"editable": True})
    dist_info(env.site, "b", files=editable)


def a_repository(env: Environment) -> None:
    vcs = {"vcs": "git", "commit_id": COMMIT, "requested_revision": "main"}
    dist_info(env.site, "a", files=direct_url("https://x.invalid/a.git", vcs_info=vcs))


def a_path_file(env: Environment) -> None:
    dist_info(env.site, "a")
    (env.site / "a.pth").write_text("# it is elsewhere\nimport os\n/src/a\n", "utf-8")
    dist_info(env.site, "With.Dots")
    (env.site / "with_dots.pth").write_text("/src/dots\n", "utf-8")
    dist_info(env.site, "relative")
    (env.site / "relative.pth").write_text("../../../../src\n", "utf-8")
    dist_info(env.site, "other-folder")
    (env.platlib / "other_folder.pth").write_text("/src/other\n", "utf-8")


def a_path_file_that_leads_nowhere_else(env: Environment) -> None:
    for name, line in {"a": "inside", "b": "# /src/b", "c": "import sys", "d": ""}.items():
        dist_info(env.site, name)
        (env.site / f"{name}.pth").write_text(f"{line}\n", "utf-8")
    dist_info(env.site, "e.f")
    (env.site / "e.f.pth").write_text("/src/e\n", "utf-8")


def developed(env: Environment) -> None:
    egg_info(env.outside, "a")
    (env.outside / "setup.py").touch()


def checkouts(env: Environment) -> None:
    """Left over in `src`, by name or by a .pth file, among other folders or alone."""
    for name in ("by-name", "by_path", "among"):
        dist_info(env.site, name)
        commit_files(env.prefix / "src" / name, {"a": ""}, "https://example.com/a.git")
    (env.site / "by_path.pth").write_text(f"{env.prefix}/src/by_path\n", "utf-8")
    (env.site / "among.pth").write_text(f"inside\n{env.prefix}/src/among\n", "utf-8")
    dist_info(env.site, "inside-only")
    (env.site / "inside_only.pth").write_text("inside\n", "utf-8")
    (env.prefix / "src" / "inside-only").mkdir()


def in_a_fallback(env: Environment) -> None:
    """A folder that counts as library though nothing is installed there."""
    env.fallback = env.prefix / "dist-packages"
    env.path.append(env.fallback)
    dist_info(env.fallback, "a")
    egg_info(env.fallback, "b")
    (env.fallback / "setup.py").touch()
    dist_info(env.site, "c")
    (env.site / "c.pth").write_text(f"{env.fallback}/c\n", "utf-8")


def outside_without_a_project(env: Environment) -> None:
    egg_info(env.outside, "a")


FOLDERS: list[Callable[[Environment], None]] = [
    plain,
    several,
    twice_on_the_path,
    twice_in_a_folder,
    without_installer_and_record,
    odd_metadata,
    eggs,
    a_file,
    an_archive,
    a_directory,
    a_repository,
    a_path_file,
    a_path_file_that_leads_nowhere_else,
    developed,
    outside_without_a_project,
    checkouts,
    in_a_fallback,
]


@pytest.mark.parametrize("make", FOLDERS, ids=lambda make: make.__name__)
def test_names_versions_and_whether_they_are_from_an_index(
    make: Callable[[Environment], None], tmp_path: Path, tally: Counter[str]
) -> None:
    """Where a distribution is from counts where Poetry has a source for it."""
    env = Environment(tmp_path / "venv")
    make(env)
    expected = {
        str(package.name): (package.version.text, package.source_type is None)
        for package in InstalledRepository.load(env.poetry()).packages
    }
    ours = installed(env.ours())
    assert expected
    found = {str(name): (each.version, each.origin is None) for name, each in ours.items()}
    assert found == expected
    tally.update({"distributions": len(expected), "distributions equal": len(expected)})


def test_what_poetry_cannot_read_is_seen_as_cut_off(tmp_path: Path) -> None:
    """Poetry ignores it and installs over it; so do we, by uv."""
    env = Environment(tmp_path / "venv")
    without(dist_info(env.site, "a"), "METADATA")
    (env.site / "empty.dist-info").mkdir()
    assert InstalledRepository.load(env.poetry()).packages == []
    assert {name: each.is_whole for name, each in installed(env.ours()).items()} == {"a": False}


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"url": 5})])
def test_a_direct_url_on_which_poetry_stumbles_is_a_reason_to_install_again(
    text: str, tmp_path: Path
) -> None:
    env = Environment(tmp_path / "venv")
    dist_info(env.site, "a", files={"direct_url.json": text})
    (found,) = installed(env.ours()).values()
    assert found.origin is not None

"""Repositories behind https and ssh, with submodules and with passwords."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.compare import versions
from support.git import SecureGitServer, repository
from support.index import Account
from support.lab import Lab
from support.projects import Project
from support.tls import Authority, make_authority
from support.wheels import Release, Wheel, source_tree

from hybrid_install.core.deferral import Deferral

IN_GIT = Release("in-git", "1.4", flavour="git")
ACCOUNT = Account("clerk", "open-sesame")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture
def home(lab: Lab, authority: Authority) -> Path:
    """A home whose git trusts the authority; Poetry's own client reads the same file."""
    folder = lab.folder / "home"
    folder.mkdir()
    (folder / ".gitconfig").write_text(f"[http]\n\tsslCAInfo = {authority.certificate}\n")
    lab.environ.update(HOME=str(folder), POETRY_INSTALLER_PARALLEL="false")
    return folder


@dataclass(frozen=True)
class Served:
    """A server and the folder of its repositories."""

    server: SecureGitServer
    folder: Path


@pytest.fixture
def served(lab: Lab, authority: Authority, home: Path) -> Iterator[Served]:
    folder = lab.folder / "served"
    with SecureGitServer(folder, authority) as server:
        yield Served(server, folder)


def project_with(lab: Lab, url: str) -> Project:
    source = lab.source(Wheel(Release("alpha")))
    pinned = {"in-git": {"git": url}}
    return lab.project(lab.spec("alpha", "in-git", sources=(source,), pinned=pinned))


def assert_by_uv(lab: Lab, project: Project) -> None:
    for feed in ("pylock", "requirements"):
        lab.install(project, "--strict", "--feed", feed)
        seen = lab.assert_as_poetry_makes_it(project)
        assert seen.distributions["in-git"].installer == "uv"


def test_https(lab: Lab, served: Served) -> None:
    repository(served.folder / "in-git", source_tree(IN_GIT))
    assert_by_uv(lab, project_with(lab, served.server.url("in-git")))


def test_submodules(lab: Lab, served: Served) -> None:
    """What builds the package is a repository of its own."""
    tree = source_tree(IN_GIT)
    inner = {path.removeprefix("_backend/"): tree[path] for path in tree if "_backend/" in path}
    repository(served.folder / "inner", inner)
    outer = served.folder / "outer"
    modules = f'[submodule "_backend"]\n\tpath = _backend\n\turl = {served.server.url("inner")}\n'
    rest = {path: text for path, text in tree.items() if "_backend/" not in path}
    repository(outer, {**rest, ".gitmodules": modules})
    commit = git("rev-parse", "HEAD", cwd=served.folder / "inner")
    git("update-index", "--add", "--cacheinfo", f"160000,{commit},_backend", cwd=outer)
    git("commit", "-m", "The submodule", cwd=outer)
    assert_by_uv(lab, project_with(lab, served.server.url("outer")))


def git(*arguments: str, cwd: Path) -> str:
    who = ("-c", "user.name=Tests", "-c", "user.email=tests@example.invalid")
    done = subprocess.run(
        ["git", *who, *arguments], cwd=cwd, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


SSH = """#!/bin/sh
# A connection to this very machine: the last argument is what is to be run there.
for last; do :; done
echo "$@" >> "{diary}"
exec sh -c "$last"
"""


@pytest.mark.parametrize("form", ["ssh://git@127.0.0.1{path}", "git@127.0.0.1:{path}"])
def test_ssh(lab: Lab, home: Path, form: str) -> None:
    """Both ways to write it; the connection is the user's own `ssh`."""
    diary, folder = lab.folder / "diary", lab.folder / "bin"
    folder.mkdir()
    (folder / "ssh").write_text(SSH.format(diary=diary))
    (folder / "ssh").chmod(0o755)
    lab.environ["PATH"] = f"{folder}:{lab.sandbox.environ['PATH']}"
    path = lab.folder / "in-git"
    repository(path, source_tree(IN_GIT))
    project = project_with(lab, form.format(path=path))
    diary.unlink()
    lab.install(project, "--strict")
    assert "git@127.0.0.1" in diary.read_text()
    seen = lab.assert_as_poetry_makes_it(project)
    assert seen.distributions["in-git"].installer == "uv"


def test_credentials_for_the_very_url_of_a_repository(
    lab: Lab, authority: Authority, home: Path
) -> None:
    """`Authenticator.get_credentials_for_git_url`: Poetry's client is given them."""
    folder = lab.folder / "guarded"
    with SecureGitServer(folder, authority, ACCOUNT) as server:
        repository(folder / "in-git", source_tree(IN_GIT))
        url = server.url("in-git")
        lab.environ.update(
            POETRY_REPOSITORIES_GUARDED_URL=url,
            POETRY_HTTP_BASIC_GUARDED_USERNAME=ACCOUNT.username,
            POETRY_HTTP_BASIC_GUARDED_PASSWORD=ACCOUNT.password,
        )
        project = project_with(lab, url)
        result = lab.install(project, "-v", "--strict")
        assert f"in-git 1.4 is Poetry's: {Deferral.GIT_CREDENTIALS.value}" in result.stderr
        assert versions(project.venv)["in-git"] == "1.4"
        lab.assert_as_poetry_makes_it(project)

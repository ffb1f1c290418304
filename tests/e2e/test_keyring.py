"""Credentials that only the keyring has, for what is no source of the project's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cli import CommandLines
from support.compare import versions
from support.git import SecureGitServer, repository
from support.index import Account, Index
from support.keyrings import keyring
from support.lab import Lab
from support.projects import Project
from support.tls import make_authority
from support.wheels import Release, Wheel, source_tree

from hybrid_install.core.deferral import Deferral

pytestmark = pytest.mark.extended

ACCOUNT = Account("clerk", "only-the-keyring-knows")
WHEEL = Wheel(Release("behind-url", "1.3"))
IN_GIT = Release("in-git", "1.4", flavour="git")


@pytest.fixture
def elsewhere() -> Iterator[Index]:
    """A server that is no index of the project's."""
    with Index() as server:
        yield server


@pytest.mark.parametrize("way", ["url", "host"])
@pytest.mark.parametrize("feed", ["pylock", "requirements"])
def test_a_url_that_the_keyring_knows(lab: Lab, elsewhere: Index, way: str, feed: str) -> None:
    vault = elsewhere.source("vault", account=ACCOUNT).offer(WHEEL)
    url = elsewhere.file_url(vault, WHEEL)
    place = url if way == "url" else elsewhere.address.removeprefix("http://")
    keyring(lab, {place: (ACCOUNT.username, ACCOUNT.password)})
    project = with_pinned(lab, {"behind-url": {"url": url}})
    mark = f"keyring-{way}-{feed}-{project.fingerprint}"

    with CommandLines.watched(mark) as watching:
        result = lab.install(project, "--strict", "-vvv", "--feed", feed, TEST_MARK=mark)

    seen = lab.assert_as_poetry_makes_it(project)
    assert seen.distributions["behind-url"].installer == "uv"
    assert not [line for line in watching.seen if ACCOUNT.password in line]
    assert ACCOUNT.password not in result.output
    assert not holders_of(ACCOUNT.password, project.folder)


def holders_of(secret: str, folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if secret.encode() in path.read_bytes()]


def with_pinned(lab: Lab, pinned: dict[str, dict[str, str]]) -> Project:
    source = lab.source(Wheel(Release("alpha")))
    return lab.project(lab.spec("alpha", *pinned, sources=(source,), pinned=pinned))


def test_a_repository_that_the_keyring_knows(lab: Lab) -> None:
    """Poetry's own client is given them; `git`, which uv starts, is not."""
    authority = make_authority(lab.folder / "authority")
    home = lab.folder / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[http]\n\tsslCAInfo = {authority.certificate}\n")
    lab.environ.update(HOME=str(home), POETRY_INSTALLER_PARALLEL="false")
    folder = lab.folder / "guarded"
    with SecureGitServer(folder, authority, ACCOUNT) as server:
        repository(folder / "in-git", source_tree(IN_GIT))
        url = server.url("in-git")
        keyring(lab, {url: (ACCOUNT.username, ACCOUNT.password)})
        project = with_pinned(lab, {"in-git": {"git": url}})

        result = lab.install(project, "-v", "--strict")

        assert f"in-git 1.4 is Poetry's: {Deferral.GIT_CREDENTIALS.value}" in result.stderr
        assert versions(project.venv)["in-git"] == "1.4"
        lab.assert_as_poetry_makes_it(project)

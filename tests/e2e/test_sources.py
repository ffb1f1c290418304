"""Several indexes, several variants: the locked file and no other."""

from __future__ import annotations

import platform
import shutil
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from support.cli import CommandLines
from support.compare import versions
from support.index import Account, Source
from support.lab import Lab, assert_nothing_is_installed
from support.poetry_release import since
from support.projects import Project, Spec
from support.venvs import install_wheels, launch, make_with_virtualenv
from support.wheels import Release, Sdist, Wheel, sha256

FEEDS = ("pylock", "requirements")
EACH_FEED = pytest.mark.parametrize("feed", FEEDS)

PLAIN = Wheel(Release("torchlike", "1.0", flavour="plain"))
CPU = Wheel(Release("torchlike", "1.0+cpu", flavour="cpu"))


def test_the_same_name_and_version_on_two_indexes(lab: Lab) -> None:
    """Each project gets the content of the index that its lock names."""
    first = lab.source(Wheel(Release("alpha", flavour="first")), Wheel(Release("bravo")))
    second = lab.source(Wheel(Release("alpha", flavour="second")), Wheel(Release("bravo", "9")))
    spec = lab.spec(
        "alpha",
        "bravo",
        sources=(first, second),
        pinned={"alpha": {"source": second.name}},
        imports=("alpha", "bravo"),
    )
    project = lab.project(spec)
    for feed in FEEDS:
        shutil.rmtree(project.venv, ignore_errors=True)
        with lab.index.watched() as requests:
            lab.install(project, "--feed", feed)

        said = launch(project.venv, "acme-app", lab.sandbox).stdout
        assert said == "alpha 1.0 second\nbravo 1.0 plain\n"
        pages = {request.path for request in requests if "/simple/" in request.path}
        assert pages == {f"/{second.name}/simple/alpha/", f"/{first.name}/simple/bravo/"}
        lab.assert_as_poetry_makes_it(project)


def variants(lab: Lab, locked: Wheel) -> Project:
    """A project that is locked to one variant of torchlike, with an index that has both."""
    source = lab.source(locked)
    project = lab.project(lab.spec("torchlike", sources=(source,), imports=("torchlike",)))
    source.offer(PLAIN, CPU)
    return project


@pytest.mark.parametrize(("locked", "other"), [(PLAIN, CPU), (CPU, PLAIN)], ids=["plain", "cpu"])
def test_a_local_version_is_another_variant(lab: Lab, locked: Wheel, other: Wheel) -> None:
    """The right one is installed, also over the wrong one."""
    project = variants(lab, locked)
    make_with_virtualenv(project.venv, lab.sandbox)
    for feed in FEEDS:
        install_wheels(project.venv, [other], lab.sandbox)
        assert versions(project.venv)["torchlike"] == other.version
        lab.install(project, "--feed", feed)

        said = launch(project.venv, "acme-app", lab.sandbox).stdout
        assert said == f"torchlike {locked.version} {locked.release.flavour}\n"
        lab.assert_as_poetry_makes_it(project)


def test_an_index_without_hashes(lab: Lab) -> None:
    """The lock's hash is what a download must have, whatever the index says or does not say."""
    wheel = Wheel(Release("alpha"))
    project = lab.project(lab.spec("alpha", sources=(lab.source(wheel, states_hashes=False),)))
    for feed in FEEDS:
        shutil.rmtree(project.venv, ignore_errors=True)
        shutil.rmtree(lab.sandbox.folder("uv-cache"))
        with lab.index.misbehaving(contents={wheel.filename: wheel.tampered}):
            refused = lab.refuse(project, "--feed", feed)
        assert "alpha" in refused.stderr
        assert "hash mismatch" in refused.stderr.lower()
        assert_nothing_is_installed(project)

        lab.install(project, "--feed", feed)
        lab.assert_as_poetry_makes_it(project)


def test_the_file_is_chosen_as_poetry_chooses_it(lab: Lab) -> None:
    """Platform, build number and sdist: the same file wins."""
    system = {"linux": "manylinux_2_17", "darwin": "macosx_11_0"}[sys.platform]
    native = f"py3-none-{system}_{platform.machine()}"
    source = lab.source(
        Wheel(Release("alpha", flavour="any")),
        Wheel(Release("alpha", flavour="native"), tag=native),
        Wheel(Release("alpha", flavour="windows"), tag="py3-none-win_amd64"),
        Wheel(Release("bravo", flavour="no build")),
        Wheel(Release("bravo", flavour="build 2"), build="2"),
        Wheel(Release("bravo", flavour="build 10"), build="10"),
        Sdist(Release("charlie", flavour="sdist")),
        Wheel(Release("charlie", flavour="wheel")),
        Sdist(Release("delta", flavour="sdist")),
        Wheel(Release("delta", flavour="windows"), tag="py3-none-win_amd64"),
    )
    names = ("alpha", "bravo", "charlie", "delta")
    project = lab.project(lab.spec(*names, sources=(source,), imports=names))
    lab.install(project)

    said = launch(project.venv, "acme-app", lab.sandbox).stdout.splitlines()
    assert said == [
        "alpha 1.0 native", "bravo 1.0 build 10", "charlie 1.0 wheel", "delta 1.0 sdist"
    ]  # fmt: skip
    lab.assert_as_poetry_makes_it(project)


def test_a_file_uploaded_after_locking_is_not_taken(lab: Lab) -> None:
    system = {"linux": "manylinux_2_17", "darwin": "macosx_11_0"}[sys.platform]
    source = lab.source(Wheel(Release("alpha", flavour="locked")))
    project = lab.project(lab.spec("alpha", sources=(source,), imports=("alpha",)))
    late = Release("alpha", flavour="late")
    source.offer(Wheel(late, tag=f"py3-none-{system}_{platform.machine()}"), Wheel(late, build="9"))
    lab.install(project)

    assert launch(project.venv, "acme-app", lab.sandbox).stdout == "alpha 1.0 locked\n"
    lab.assert_as_poetry_makes_it(project)


@EACH_FEED
@pytest.mark.parametrize("admitted", [True, False], ids=["file replaced", "file tampered with"])
def test_a_file_with_another_content(
    lab: Lab, standard: Project, shop: Source, feed: str, *, admitted: bool
) -> None:
    """Whether the index states the new hash or still the old one: nothing of it is installed."""
    wheel = shop.archives["bravo-1.2-py3-none-any.whl"]
    assert isinstance(wheel, Wheel)
    stated = {wheel.filename: sha256(wheel.tampered)} if admitted else {}
    with lab.index.misbehaving(contents={wheel.filename: wheel.tampered}, advertised=stated):
        result = lab.refuse(standard, "--feed", feed)

    assert "bravo" in result.stderr
    assert "hash mismatch" in result.stderr.lower()
    assert_nothing_is_installed(standard)


@EACH_FEED
@pytest.mark.parametrize("status", [404, 503])
@pytest.mark.parametrize("place", ["bravo", "bravo-1.2-py3-none-any.whl"], ids=["page", "file"])
def test_an_index_out_of_order(
    lab: Lab, standard: Project, feed: str, status: int, place: str
) -> None:
    with lab.index.misbehaving(statuses={place: status}):
        result = lab.refuse(standard, "--feed", feed, UV_HTTP_RETRIES="0")

    assert "bravo" in result.stderr
    assert_nothing_is_installed(standard)


@since(2, 3, "a lock is followed, and not solved again")
def test_a_source_that_pyproject_no_longer_has(lab: Lab) -> None:
    first, second = lab.source(Wheel(Release("alpha"))), lab.source(Wheel(Release("bravo")))
    pinned = {"bravo": {"source": second.name}}
    project = lab.project(lab.spec("alpha", "bravo", sources=(first, second), pinned=pinned))
    project.edit("poetry.lock", f'reference = "{second.name}"', 'reference = "gone"')

    result = lab.refuse(project)
    assert 'Repository "gone" does not exist' in result.stderr
    assert not project.venv.exists()


ACCOUNT = Account("clerk", "open-Sesame%2F-3.14")


def account_variables(source: str, account: Account) -> dict[str, str]:
    """What a user sets."""
    return {
        f"POETRY_HTTP_BASIC_{source.upper()}_USERNAME": account.username,
        f"POETRY_HTTP_BASIC_{source.upper()}_PASSWORD": account.password,
    }


@pytest.fixture
def guarded(lab: Lab) -> Project:
    """A project whose index demands a password."""
    source = lab.source(Wheel(Release("alpha")), Wheel(Release("bravo")), account=ACCOUNT)
    lab.environ.update(account_variables(source.name, ACCOUNT))
    return lab.project(lab.spec("alpha", "bravo", sources=(source,)))


def test_credentials_work_and_stay_secret(lab: Lab, guarded: Project) -> None:
    for feed in FEEDS:
        shutil.rmtree(guarded.venv, ignore_errors=True)
        shutil.rmtree(lab.sandbox.folder("uv-cache"))
        mark = f"{feed}-{guarded.fingerprint}"
        with CommandLines.watched(mark) as watching, lab.index.watched() as requests:
            result = lab.install(guarded, "-vvv", "--feed", feed, TEST_MARK=mark)

        downloads = [request for request in requests if request.is_download]
        assert downloads
        assert all(request.authorized for request in downloads)
        assert any("pip install" in command for command in watching.seen), "uv was not seen"
        assert not [command for command in watching.seen if ACCOUNT.password in command]
        assert ACCOUNT.password not in result.output
        assert not files_with_secret(lab.sandbox.root, guarded.folder)
        lab.assert_as_poetry_makes_it(guarded)


def files_with_secret(*folders: Path) -> list[Path]:
    """Files that hold the password: plain, as in a url or as in a header."""
    secrets = (
        ACCOUNT.password.encode(),
        quote(ACCOUNT.password, safe="").encode(),
        ACCOUNT.header.removeprefix("Basic ").encode(),
    )
    return [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and any(secret in path.read_bytes() for secret in secrets)
    ]


def test_credentials_in_the_url_of_a_source(lab: Lab) -> None:
    """They stand in pyproject.toml, which is not ours to judge; nobody else hears of them."""
    source = lab.source(Wheel(Release("alpha")), account=ACCOUNT)
    pair = f"{quote(ACCOUNT.username)}:{quote(ACCOUNT.password, safe='')}"
    url = lab.index.url(source).replace("://", f"://{pair}@")
    project = lab.project(Spec({source.name: url}, ("alpha",)))
    mark = f"in-url-{project.fingerprint}"
    with CommandLines.watched(mark) as watching:
        told = lab.install(project, "plan", "--json", TEST_MARK=mark)
        result = lab.install(project, "-v", TEST_MARK=mark)

    said = "\n".join([*watching.seen, told.output, result.output])
    assert "pip install" in said
    assert ACCOUNT.password not in said
    assert pair not in said
    assert not files_with_secret(project.venv, lab.sandbox.root)
    lab.assert_as_poetry_makes_it(project)


@EACH_FEED
def test_a_wrong_password(lab: Lab, guarded: Project, feed: str) -> None:
    wrong = account_variables(next(iter(guarded.spec.sources)), Account("clerk", "not-that-one"))
    result = lab.refuse(guarded, "--feed", feed, **wrong)

    assert "not-that-one" not in result.output
    assert "401" in result.stderr or "credentials" in result.stderr
    assert_nothing_is_installed(guarded)

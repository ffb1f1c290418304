"""Each reason to leave a package to Poetry, where Poetry indeed has to install it.

The reasons that have a test beside what they are about: `docs/compatibility.md` says where.
"""

from __future__ import annotations

import re
import shutil

import pytest
import tomlkit
from support.compare import versions
from support.git import GitServer, repository
from support.index import Account, Archive
from support.lab import Lab
from support.projects import Project
from support.wheels import Release, Repacked, Sdist, Wheel, sha256, source_tree

from hybrid_install.core.deferral import Deferral

IN_GIT = Release("in-git", "1.4", flavour="git")
IN_FILE = Wheel(Release("in-file", "1.2", flavour="file"))


def assert_left_to_poetry(lab: Lab, project: Project, reason: Deferral, name: str) -> None:
    """Said to be so, done by Poetry, and the same as by Poetry alone."""
    lab.environ["POETRY_INSTALLER_PARALLEL"] = "false"
    result = lab.install(project, "-v", "--strict")
    assert f"{name} {versions(project.venv)[name]} is Poetry's: {reason.value}" in result.stderr
    seen = lab.assert_as_poetry_makes_it(project)
    assert seen.distributions[name].installer != "uv"


def with_git(lab: Lab, url: str) -> Project:
    source = lab.source(Wheel(Release("alpha")))
    pinned = {"in-git": {"git": url}}
    return lab.project(lab.spec("alpha", "in-git", sources=(source,), pinned=pinned))


def test_a_repository_behind_a_scheme_that_uv_does_not_speak(lab: Lab) -> None:
    with GitServer(lab.folder / "served") as server:
        project = with_git(lab, server.repository("in-git", source_tree(IN_GIT)))
        assert_left_to_poetry(lab, project, Deferral.GIT_SCHEME, "in-git")


def test_a_commit_that_is_not_named_in_full(lab: Lab) -> None:
    project = with_git(lab, repository(lab.folder / "in-git", source_tree(IN_GIT)))
    lock = tomlkit.parse(project.lock.read_text("utf-8"))
    (entry,) = (each for each in lock["package"] if each["name"] == "in-git")
    commit = str(entry["source"]["resolved_reference"])
    project.edit("poetry.lock", commit, commit[:12])
    lab.environ["POETRY_INSTALLER_PARALLEL"] = "false"
    result = lab.install(project, "-v")
    assert f"in-git 1.4 is Poetry's: {Deferral.GIT_REFERENCE.value}" in result.stderr
    assert versions(project.venv)["in-git"] == "1.4"


def test_a_machine_without_git(lab: Lab) -> None:
    """Poetry brings a git client of its own."""
    project = with_git(lab, repository(lab.folder / "in-git", source_tree(IN_GIT)))
    lab.environ["PATH"] = str(lab.sandbox.bin)
    assert_left_to_poetry(lab, project, Deferral.NO_GIT, "in-git")


def test_a_url_with_a_password_in_it(lab: Lab) -> None:
    account = Account("clerk", "sesame")
    wheel = Wheel(Release("behind-url", "1.3"))
    shop, vault = lab.source(Wheel(Release("alpha"))), lab.source(wheel, account=account)
    url = lab.index.file_url(vault, wheel).replace("://", "://clerk:sesame@")
    pinned = {"behind-url": {"url": url}}
    project = lab.project(lab.spec("alpha", "behind-url", sources=(shop,), pinned=pinned))
    result = lab.install(project, "-v", "--strict")
    assert f"behind-url 1.3 is Poetry's: {Deferral.URL_CREDENTIALS.value}" in result.stderr
    lab.assert_as_poetry_makes_it(project)


def test_a_hash_that_uv_does_not_verify(lab: Lab) -> None:
    import hashlib

    source = lab.source(Wheel(Release("alpha")))
    path = f"vendor/{IN_FILE.filename}"
    project = lab.project(
        lab.spec(
            "alpha",
            "in-file",
            sources=(source,),
            pinned={"in-file": {"path": path}},
            files={path: IN_FILE.content},
        )
    )
    md5 = hashlib.md5(IN_FILE.content, usedforsecurity=False).hexdigest()
    project.edit("poetry.lock", f"sha256:{sha256(IN_FILE.content)}", f"md5:{md5}")
    assert_left_to_poetry(lab, project, Deferral.WEAK_HASH, "in-file")


def test_an_archive_of_a_format_that_uv_refuses(lab: Lab) -> None:
    source = lab.source(Repacked(Release("bravo"), suffix=".tar.bz2"), Wheel(Release("alpha")))
    project = lab.project(lab.spec("alpha", "bravo", sources=(source,)))
    assert_left_to_poetry(lab, project, Deferral.FILE_FORMAT, "bravo")


def test_a_file_that_poetry_refuses(lab: Lab) -> None:
    """Poetry keeps it; the error names the folder without which the next run is right."""
    wrong = Repacked(Release("bravo"), suffix=".tar.bz2")
    project = lab.project(lab.spec("bravo", sources=(lab.source(wrong),)))
    with lab.index.misbehaving(contents={wrong.filename: wrong.content + b"\0"}):
        lab.refuse(project)
    refused = lab.refuse(project)
    (folder,) = re.findall(r"remove (/\S+/artifacts)\.", refused.stderr)
    shutil.rmtree(folder)
    lab.install(project)
    lab.assert_as_poetry_makes_it(project)


@pytest.mark.parametrize("wheel", [False, True], ids=["sdists alone", "beside a wheel"])
def test_two_sdists_of_one_version(lab: Lab, *, wheel: bool) -> None:
    """The index's order decides; where a wheel fits, nothing has to be decided."""
    bravo, alpha = Release("bravo"), Wheel(Release("alpha"))
    archives: list[Archive] = [Sdist(bravo), Repacked(bravo), alpha]
    archives += [Wheel(bravo)] if wheel else []
    project = lab.project(lab.spec("alpha", "bravo", sources=(lab.source(*archives),)))
    if wheel:
        lab.install(project, "--strict")
        assert lab.assert_as_poetry_makes_it(project).distributions["bravo"].installer == "uv"
    else:
        assert_left_to_poetry(lab, project, Deferral.EQUAL_FILES, "bravo")


def test_a_project_that_builds_another_version_than_the_locked_one(lab: Lab) -> None:
    """Poetry builds it on every run; after the first one nobody else does."""
    source = lab.source(Wheel(Release("alpha")))
    folder = {f"vendor/in-folder/{path}": text for path, text in tree("1.0").items()}
    pinned = {"in-folder": {"path": "vendor/in-folder"}}
    spec = lab.spec("alpha", "in-folder", sources=(source,), pinned=pinned, files=folder)
    project = lab.project(spec)
    for path, text in tree("2.0").items():
        (project.folder / "vendor/in-folder" / path).write_text(text, "utf-8")

    assert "Poetry changed what uv had installed: in-folder" in lab.install(project).stderr
    again = lab.install(project, "-v", "--strict")
    assert f"in-folder 1.0 is Poetry's: {Deferral.BUILT_VERSION.value}" in again.stderr
    assert versions(project.venv)["in-folder"] == "2.0"


def tree(version: str) -> dict[str, str]:
    return source_tree(Release("in-folder", version))


def test_what_poetry_installs_on_every_run(lab: Lab) -> None:
    """It unquotes a path twice, and so takes the folder for another one."""
    release, folder = Release("restless", "1.6"), "vendor/100%25/restless"
    files = {f"{folder}/{path}": text for path, text in source_tree(release).items()}
    source, pinned = lab.source(Wheel(Release("alpha"))), {"restless": {"path": folder}}
    spec = lab.spec("alpha", "restless", sources=(source,), pinned=pinned, files=files)
    project = lab.project(spec)
    lab.environ["POETRY_INSTALLER_PARALLEL"] = "false"
    for _ in range(2):
        result = lab.install(project, "-v", "--strict")
        assert f"restless 1.6 is Poetry's: {Deferral.RESTLESS.value}" in result.stderr
        lab.assert_as_poetry_makes_it_but(project, "restless")


def test_a_wheel_on_disk_for_another_platform(lab: Lab) -> None:
    wheel = Wheel(Release("in-file", "1.2"), tag="cp39-cp39-win_amd64")
    path = f"vendor/{wheel.filename}"
    spec = lab.spec(
        "alpha",
        "in-file",
        sources=(lab.source(Wheel(Release("alpha"))),),
        pinned={"in-file": {"path": path}},
        files={path: wheel.content},
    )
    assert_left_to_poetry(lab, lab.project(spec), Deferral.FOREIGN_WHEEL, "in-file")


def test_credentials_of_a_repository_that_is_no_source(lab: Lab) -> None:
    account, wheel = Account("clerk", "sesame"), Wheel(Release("behind-url", "1.3"))
    vault = lab.source(wheel, account=account)
    lab.environ.update(
        POETRY_REPOSITORIES_VAULT_URL=lab.index.url(vault),
        POETRY_HTTP_BASIC_VAULT_USERNAME=account.username,
        POETRY_HTTP_BASIC_VAULT_PASSWORD=account.password,
    )
    spec = lab.spec(
        "alpha",
        "behind-url",
        sources=(lab.source(Wheel(Release("alpha"))),),
        pinned={"behind-url": {"url": lab.index.file_url(vault, wheel)}},
    )
    assert_left_to_poetry(lab, lab.project(spec), Deferral.FOREIGN_CREDENTIALS, "behind-url")

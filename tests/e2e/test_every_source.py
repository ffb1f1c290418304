"""One project with every kind of source at once: the same as by Poetry, and nothing left to do."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.compare import versions
from support.git import repository
from support.index import Account, Index, Source
from support.lab import Lab
from support.projects import Project
from support.tls import Authority, make_authority
from support.venvs import launch
from support.wheels import Release, Sdist, Wheel, sha256, source_tree

ACCOUNT = Account("someone", "a:pass@word/1")

BEHIND_LOCK = Wheel(Release("behind-lock", "1.1", flavour="vault"))
BEHIND_URL = Wheel(Release("behind-url", "1.2", flavour="url"))
WITH_FRAGMENT = Wheel(Release("with-fragment", "1.3", flavour="fragment"))
URL_SDIST = Sdist(Release("url-sdist", "1.4", flavour="built"))
WHEEL_FILE = Wheel(Release("wheel-file", "1.5", flavour="file"))
SDIST_FILE = Sdist(Release("sdist-file", "1.6", flavour="built"))
FOLDER = Release("in-folder", "1.7", flavour="folder")
EDITABLE = Release("in-editable", "1.8", flavour="editable")
GIT = Release("in-git", "1.9", flavour="git")
BELOW = Release("git-below", "2.0", flavour="below")
DEVELOPED = Release("git-develop", "2.1", flavour="develop")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(scope="module")
def vault(authority: Authority) -> Iterator[tuple[Index, Source]]:
    """An index behind TLS and a password."""
    with Index(authority.server) as index:
        yield index, index.source("vault", account=ACCOUNT).offer(BEHIND_LOCK)


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A url for each repository."""
    folder = tmp_path_factory.mktemp("git")
    below = {f"packages/below/{path}": text for path, text in source_tree(BELOW).items()}
    trees = {"in-git": source_tree(GIT), "git-below": below, "git-develop": source_tree(DEVELOPED)}
    return {name: repository(folder / name, tree) for name, tree in trees.items()}


def in_folder(folder: str, release: Release) -> dict[str, str]:
    return {f"{folder}/{path}": text for path, text in source_tree(release).items()}


@pytest.fixture
def everything(
    lab: Lab,
    shop: Source,
    vault: tuple[Index, Source],
    authority: Authority,
    repositories: dict[str, str],
) -> Project:
    """Poetry installs the deferred ones one by one: in parallel it may miss a direct_url.json."""
    lab.environ.update(
        POETRY_INSTALLER_PARALLEL="false",
        POETRY_HTTP_BASIC_VAULT_USERNAME=ACCOUNT.username,
        POETRY_HTTP_BASIC_VAULT_PASSWORD=ACCOUNT.password,
        POETRY_CERTIFICATES_VAULT_CERT=str(authority.certificate),
    )
    elsewhere = lab.source(BEHIND_URL, WITH_FRAGMENT, URL_SDIST)
    fragment = (
        f"{lab.index.file_url(elsewhere, WITH_FRAGMENT)}#sha256={sha256(WITH_FRAGMENT.content)}"
    )
    pinned = {
        "behind-lock": {"version": "*", "source": "vault"},
        "behind-url": {"url": lab.index.file_url(elsewhere, BEHIND_URL)},
        "with-fragment": {"url": fragment},
        "url-sdist": {"url": lab.index.file_url(elsewhere, URL_SDIST)},
        "wheel-file": {"path": f"vendor/{WHEEL_FILE.filename}"},
        "sdist-file": {"path": f"vendor with blanks/{SDIST_FILE.filename}"},
        "in-folder": {"path": "vendor with blanks/in-folder"},
        "in-editable": {"path": "vendor/in-editable", "develop": True},
        "in-git": {"git": repositories["in-git"]},
        "git-below": {"git": repositories["git-below"], "subdirectory": "packages/below"},
        "git-develop": {"git": repositories["git-develop"], "develop": True},
    }
    spec = lab.spec(
        "alpha",
        *pinned,
        sources=(shop,),
        pinned=pinned,
        files={
            **in_folder("vendor with blanks/in-folder", FOLDER),
            **in_folder("vendor/in-editable", EDITABLE),
            f"vendor/{WHEEL_FILE.filename}": WHEEL_FILE.content,
            f"vendor with blanks/{SDIST_FILE.filename}": SDIST_FILE.content,
        },
        imports=("alpha", *(name.replace("-", "_") for name in pinned)),
    )
    index, source = vault
    return lab.project(replace(spec, sources={**spec.sources, "vault": index.url(source)}))


SAID = """\
alpha 1.0 plain
behind_lock 1.1 vault
behind_url 1.2 url
with_fragment 1.3 fragment
url_sdist 1.4 built
wheel_file 1.5 file
sdist_file 1.6 built
in_folder 1.7 folder
in_editable 1.8 editable
in_git 1.9 git
git_below 2.0 below
git_develop 2.1 develop
"""


def test_every_source_at_once(lab: Lab, everything: Project) -> None:
    """Only what Poetry checks out on every run is left to it; the feeds make the same."""
    for feed in ("requirements", "pylock"):
        shutil.rmtree(everything.venv, ignore_errors=True)
        result = lab.install(everything, "-v", "--strict", "--feed", feed)

        assert launch(everything.venv, "acme-app", lab.sandbox).stdout == SAID
        deferred = [line for line in result.stderr.splitlines() if "is Poetry's" in line]
        assert len(deferred) == 1
        assert "git-develop 2.1 is Poetry's: it is a git dependency in develop mode" in deferred[0]
        seen = lab.assert_as_poetry_makes_it_but(everything, "git-develop")
        not_by_uv = {each.name for each in seen.distributions.values() if each.installer != "uv"}
        assert not_by_uv == {"acme-app", "git-develop"}

    again = lab.install(everything, "--strict")
    assert "1 left to Poetry" in again.stderr
    assert "12 kept" in again.stderr or "11 kept" in again.stderr


def test_a_project_on_disk_is_built_as_it_is_now(lab: Lab, everything: Project) -> None:
    """uv would take its cached build: only pyproject.toml and the like are looked at."""
    lab.install(everything)
    module = everything.folder / "vendor with blanks/in-folder/_backend/in_tree.py"
    old, new = 'FLAVOUR = "folder"', 'FLAVOUR = "changed"'
    assert old in module.read_text("utf-8")
    module.write_text(module.read_text("utf-8").replace(old, new), "utf-8")
    shutil.rmtree(everything.venv)
    lab.install(everything)
    assert "in_folder 1.7 changed" in launch(everything.venv, "acme-app", lab.sandbox).stdout


@pytest.mark.parametrize("missing", ["vendor/in-editable", f"vendor/{WHEEL_FILE.filename}"])
def test_a_missing_path_is_refused_before_anything_is_made(
    lab: Lab, everything: Project, missing: str
) -> None:
    path = everything.folder / missing
    shutil.move(path, everything.folder / "elsewhere")
    refused = lab.refuse(everything)
    assert f"Path {path} for " in refused.stderr
    assert "does not exist" in refused.stderr
    assert not everything.venv.exists()


def test_no_password_is_seen_anywhere(lab: Lab, everything: Project, tmp_path: Path) -> None:
    result = lab.install(everything, "-vvv")
    assert "behind-lock" in versions(everything.venv)
    words = (ACCOUNT.password, "a%3Apass%40word%2F1")
    for word in words:
        assert word not in result.output
    for folder in (everything.folder, lab.sandbox.root):
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                assert not any(word.encode() in content for word in words), path


def test_the_receipt_of_what_is_from_no_index(lab: Lab, everything: Project) -> None:
    """Where it came from in words, what uv was told of it, and who has installed it."""
    lab.install(everything)
    document = json.loads((everything.venv / "hybrid-install.json").read_text("utf-8"))
    found = {each["name"]: each for each in document["packages"]}
    direct = {name: each for name, each in found.items() if each["source"] != "index"}

    assert {name: each["source"] for name, each in direct.items()} == {
        **dict.fromkeys(("behind-url", "with-fragment", "url-sdist"), "url"),
        **dict.fromkeys(("wheel-file", "sdist-file"), "file"),
        **dict.fromkeys(("in-folder", "in-editable"), "directory"),
        **dict.fromkeys(("in-git", "git-below"), "git"),
        # As Poetry records its checkout.
        "git-develop": "directory",
    }
    assert {each["index"] for each in direct.values()} == {None}
    assert {name for name, each in direct.items() if each["by"] != "uv"} == {"git-develop"}
    told = {name: [file["name"] for file in each["files"]] for name, each in direct.items()}
    assert told["wheel-file"] == [WHEEL_FILE.filename]
    assert told["url-sdist"] == [URL_SDIST.filename]
    assert told["in-folder"] == told["in-git"] == told["git-develop"] == []
    origins = {name: each["origin"] for name, each in direct.items()}
    assert origins["in-editable"].endswith("vendor/in-editable (editable)")
    assert origins["git-below"].endswith("#subdirectory=packages/below")
    assert re.search(r"@[0-9a-f]{40}", origins["in-git"])

    lab.install(everything)
    again = json.loads((everything.venv / "hybrid-install.json").read_text("utf-8"))
    known = {each["name"]: each for each in again["packages"]}
    assert {**known, "git-develop": None} == {**found, "git-develop": None}

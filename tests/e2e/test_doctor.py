"""`doctor` names what an install would fail at, all of it at once, and changes nothing."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.cli import HybridInstall
from support.index import Account, Index
from support.keyrings import keyring
from support.lab import Lab, all_but_memory
from support.lock_texts import LockedText, ProjectText
from support.projects import Project
from support.tls import make_authority
from support.venvs import make_with_venv
from support.wheels import Release, Wheel

from hybrid_install.tools.uv import SUPPORTED

SECRET = "hush-hush"  # noqa: S105
Found = dict[str, list[tuple[str, str, str]]]

SECTIONS = [
    "tools",
    "project",
    "lock",
    "environment",
    "plan",
    "sources",
    "disks",
    "variables",
]


def diagnosed(lab: Lab, folder: Path, *options: str | Path, ok: bool, **variables: str) -> Found:
    """What `doctor --json` finds, by section: severity, subject, and text with hint.

    Nothing is changed by it, and nobody's password is said.
    """
    lab.hybrid_install.environ({})  # makes the sandbox's folders
    before = all_but_memory(lab)
    result = lab.hybrid_install("doctor", "--json", *options, cwd=folder, **variables)
    assert all_but_memory(lab) == before
    assert SECRET not in result.output
    assert result.exit_code == (0 if ok else 1), str(result)
    assert result.stderr.startswith("error: ") is not ok
    document: dict[str, Any] = json.loads(result.stdout)
    assert document["ok"] is ok
    assert [each["name"] for each in document["sections"]] == SECTIONS
    return {
        section["name"]: [
            (each["severity"], each["subject"], f"{each['text']} | {each['hint']}")
            for each in section["findings"]
        ]
        for section in document["sections"]
    }


def errors(found: Found) -> list[str]:
    """The sections that hold an error, in order."""
    return [
        name for name, each in found.items() if any(severity == "error" for severity, *_ in each)
    ]


def about(found: Found, section: str, subject: str) -> tuple[str, str]:
    """Severity and words of the one finding on a subject."""
    hits = [
        (severity, text)
        for severity, each, text in found[section]
        if each == subject or each.startswith(f"{subject} (")
    ]
    assert len(hits) == 1, (subject, found[section])
    return hits[0]


def text_of(*packages: LockedText, **sources: str) -> ProjectText:
    """A project whose sources are all primary: there is no default index."""
    return ProjectText(packages, sources, priority="primary")


@pytest.fixture
def folder(lab: Lab) -> Path:
    """A project with one package of one source that answers, and an environment to be."""
    source = lab.source(Wheel(Release("alpha")))
    folder = lab.folder / "app"
    text_of(LockedText("alpha", source="good"), good=lab.index.url(source)).write(folder)
    (folder / "poetry.toml").write_text("[virtualenvs]\nin-project = true\n")
    return folder


def test_a_project_that_is_well(lab: Lab, folder: Path) -> None:
    found = diagnosed(lab, folder, ok=True)

    assert not errors(found)
    assert about(found, "tools", "uv")[0] == "ok"
    assert f">={SUPPORTED[0][0]}.{SUPPORTED[0][1]}" in about(found, "tools", "uv")[1]
    assert "beside hybrid-install" in about(found, "tools", "Poetry")[1]
    assert about(found, "project", "x")[1].startswith(str(folder / "pyproject.toml"))
    assert about(found, "lock", "poetry.lock") == ("ok", "version 2.1, 1 packages | ")
    severity, text = about(found, "environment", str(folder / ".venv"))
    assert severity == "ok"
    assert text.startswith("new: Python 3.")
    assert "in the project" in text
    assert found["plan"] == [("ok", "", "1 to install | ")]
    assert about(found, "sources", "good") == ("ok", "answers 200, without credentials | ")
    assert about(found, "disks", "links")[0] == "ok"

    shown = lab.hybrid_install.succeeding("doctor", cwd=folder)
    assert shown.stdout.startswith("tools\n  ok       hybrid-install: ")
    assert "\nsources\n  ok       good (http://127.0.0.1:" in shown.stdout
    assert not shown.stderr


@contextmanager
def silent_port() -> Iterator[int]:
    """One that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_sources_of_every_kind(lab: Lab) -> None:
    """All asked at once; what no package is from is a warning."""
    account = Account("me", SECRET)
    public, drip = lab.source(Wheel(Release("alpha"))), lab.source(Wheel(Release("drip")))
    private = lab.source(Wheel(Release("alpha")), Wheel(Release("secret")), account=account)
    other = lab.source(Wheel(Release("alpha")), account=account)
    authority, stranger = (make_authority(lab.folder / name) for name in ("authority", "stranger"))
    with Index(authority.server) as ours, Index(stranger.server) as theirs, silent_port() as silent:
        url = lab.index.url
        safe = [each.source("safe").offer(Wheel(Release("alpha"))) for each in (ours, theirs)]
        sources = {
            "public": url(public),
            "page": lab.index.page_url(public),
            "unused": url(public),
            "unused-refused": "http://127.0.0.1:1/simple",
            "with-account": url(private),
            "in-url": url(private).replace("//", f"//me:{SECRET}@"),
            "without": url(other),
            "wrong": url(other),
            "gone": url(lab.source()),
            "refused": "http://127.0.0.1:1/simple",
            "trusted": ours.url(safe[0]),
            "untrusted": theirs.url(safe[1]),
            "silent": f"http://127.0.0.1:{silent}/simple",
            "drip": url(drip),
            "broken": url(private),
        }
        asked = [name for name in sources if not name.startswith("unused")]
        odd = {"drip": "drip", "broken": "secret"}
        packages = [
            LockedText(odd.get(name, "alpha"), version=f"1.{number}", source=name)
            for number, name in enumerate(asked)
        ]
        project = text_of(*packages, **sources)
        folder = lab.folder / "app"
        project.write(folder)
        credentials = {
            "POETRY_HTTP_BASIC_WITH_ACCOUNT_USERNAME": "me",
            "POETRY_HTTP_BASIC_WITH_ACCOUNT_PASSWORD": SECRET,
            "POETRY_HTTP_BASIC_WRONG_USERNAME": "me",
            "POETRY_HTTP_BASIC_WRONG_PASSWORD": f"not {SECRET}",
        }
        settings = "[virtualenvs]\nin-project = true\n"
        settings += f'[certificates.trusted]\ncert = "{authority.certificate}"\n'
        (folder / "poetry.toml").write_text(settings)
        bad = {"secret": 503}
        with lab.index.misbehaving(statuses=bad, drips={"drip": 20.0}):
            found = diagnosed(lab, folder, "--timeout", "2", ok=False, **credentials)

    seen = {name: about(found, "sources", name) for name in sources}
    well = {"public", "page", "unused", "with-account", "in-url", "trusted"}
    assert {name for name, (severity, _) in seen.items() if severity == "ok"} == well
    assert {name for name, each in seen.items() if each[0] == "warning"} == {"unused-refused"}
    says = {
        "unused": "answers 404 at its root",
        "unused-refused": "no locked package is from it",
        "with-account": "answers 200, with credentials",
        "in-url": "answers 200, with credentials",
        "without": "poetry config http-basic.without USER",
        "wrong": "not expired",
        "gone": "answers 404, without credentials: it has no page for alpha",
        "refused": "cannot be reached",
        "untrusted": "is not trusted: TLS",
        "silent": "did not answer within 2 s",
        "drip": "did not answer within 2 s",
        "broken": "answers 503",
    }
    for name, words in says.items():
        assert words in seen[name][1], (name, seen[name])


@pytest.mark.parametrize("is_asked", [True, False])
def test_credentials_that_only_the_keyring_has(lab: Lab, *, is_asked: bool) -> None:
    """Asked as a run would ask it; what it says goes to the source alone."""
    private = lab.source(Wheel(Release("alpha")), account=Account("me", SECRET))
    url = lab.index.url(private)
    keyring(lab, {url: ("me", SECRET)})
    folder = lab.folder / "app"
    text_of(LockedText("alpha", source="vault"), vault=url).write(folder)
    (folder / "poetry.toml").write_text(f"[keyring]\nenabled = {str(is_asked).lower()}\n")

    with lab.index.watched() as requests:
        # Not the backend's bytecode either.
        found = diagnosed(lab, folder, ok=is_asked, PYTHONDONTWRITEBYTECODE="1")

    severity, text = about(found, "sources", "vault")
    assert severity == ("ok" if is_asked else "error")
    assert ("with credentials" if is_asked else "poetry config http-basic.vault USER") in text
    assert {each.authorized for each in requests} == {is_asked}


def test_without_tools_and_with_a_broken_lock(lab: Lab, folder: Path) -> None:
    """Each section has its own say; what only uv knows is not asked for."""
    project = ProjectText((LockedText("alpha"),))
    project.write(folder)
    (folder / "poetry.lock").write_text("[[package]\n")
    tools = {"HYBRID_INSTALL_UV": "/nonexistent/uv", "HYBRID_INSTALL_POETRY": "/nonexistent/p"}
    with lab.index.watched() as requests:
        found = diagnosed(lab, folder, ok=False, **tools)

    assert not requests
    assert errors(found) == ["tools", "lock"]
    assert "HYBRID_INSTALL_UV" in about(found, "tools", "uv")[1]
    assert "HYBRID_INSTALL_POETRY" in about(found, "tools", "Poetry")[1]
    assert "Unable to read the lock file" in about(found, "lock", "")[1]
    assert about(found, "environment", str(folder / ".venv"))[0] == "ok"
    assert "needs pyproject.toml and poetry.lock" in about(found, "plan", "")[1]
    assert about(found, "sources", "the default index")[1].startswith("not asked: only uv knows")
    assert about(found, "disks", "uv's cache")[0] == "ok"


def test_without_a_poetry_on_the_machine(
    lab: Lab, folder: Path, without_poetry: HybridInstall
) -> None:
    lock = folder / "poetry.lock"
    lock.write_text(f"# This file is automatically @generated by Poetry 2.1.3\n{lock.read_text()}")
    result = without_poetry.succeeding("doctor", cwd=folder)
    assert (
        "note     Poetry: none on this machine: uv provides the version that wrote" in result.stdout
    )
    assert "(2.1.3)" in result.stdout


def test_without_a_project(lab: Lab) -> None:
    found = diagnosed(lab, lab.folder, ok=False)
    assert errors(found) == ["project"]
    assert "could not find a pyproject.toml" in about(found, "project", "")[1]
    assert about(found, "disks", "uv's cache")[0] == "ok"


def test_settings_that_nobody_can_read(lab: Lab, folder: Path) -> None:
    """Said once, not again wherever they count; without credentials no source is asked."""
    (folder / "poetry.toml").write_text("broken = [")
    with lab.index.watched() as requests:
        found = diagnosed(lab, folder, ok=False, TMPDIR=str(lab.folder / "none"))

    assert not requests
    assert errors(found) == ["project"]
    assert about(found, "environment", "")[1].startswith("not looked for")
    assert about(found, "sources", "")[1].startswith("not asked")
    assert about(found, "disks", "TMPDIR")[0] == "warning"


def test_traps_of_the_project(lab: Lab, folder: Path) -> None:
    """A stale lock with several torches, settings that do not go together, odd variables."""
    packages = [
        LockedText("torch", version, source="good", hashes=()) for version in ("2.0", "2.1")
    ]
    text_of(*packages, good=lab.index.url(lab.source())).write(folder)
    pyproject = folder / "pyproject.toml"
    changed = pyproject.read_text().replace('">=3.8"', '">=3.9"')
    pyproject.write_text(f"{changed}\n[tool.uv]\nindex-url = 'https://example.invalid'\n")
    settings = "[virtualenvs]\nin-project = true\ncreate = false\n"
    (folder / "poetry.toml").write_text(settings)
    variables = {
        "VIRTUAL_ENV": str(lab.folder / "gone"),
        "UV_INDEX_URL": f"https://me:{SECRET}@example.invalid",
        "UV_LINK_MODE": "copy",
        "PIP_INDEX_URL": f"https://me:{SECRET}@example.invalid",
        "POETRY_HTTP_BASIC_ELSE_PASSWORD": SECRET,
        "REQUESTS_CA_BUNDLE": "/nonexistent/ca.pem",
    }
    with lab.index.misbehaving(statuses={"torch": 200}):
        found = diagnosed(lab, folder, ok=False, **variables)

    assert errors(found) == ["lock", "sources", "variables"]
    lock = [text for _, subject, text in found["lock"] if subject == "poetry.lock"]
    assert "changed significantly" in lock[1]
    assert "torch 2.0 and 2.1" in lock[2]
    assert "nothing of it is heeded" in about(found, "project", "[tool.uv]")[1]
    assert about(found, "environment", "VIRTUAL_ENV")[1].endswith("make the environment anew")
    plan = " ".join(text for *_, text in found["plan"])
    assert "several versions of one name: torch 2.0 and 2.1" in plan
    assert "cannot be read" in about(found, "sources", "certificates")[1]
    assert about(found, "disks", "links")[1].startswith("files are copied")
    of_uv = [text for _, subject, text in found["variables"] if subject == "UV_*"]
    assert any("UV_INDEX_URL: ignored" in text for text in of_uv)
    of_poetry = [text for _, subject, text in found["variables"] if subject == "POETRY_*"]
    assert any("ELSE_PASSWORD: for no source" in text for text in of_poetry)
    assert about(found, "variables", "REQUESTS_CA_BUNDLE")[0] == "error"


def test_a_mirror_in_the_default_index_s_place(lab: Lab) -> None:
    """The user has named it: without its password it may be shown. uv is not asked."""
    source = lab.source(Wheel(Release("alpha")), account=Account("me", SECRET))
    folder, url = lab.folder / "app", lab.index.url(source)
    ProjectText((LockedText("alpha"),)).write(folder)
    pyproject = folder / "pyproject.toml"
    wanting = "\n[tool.poetry.requires-plugins]\npoetry-plugin-pypi-mirror = '*'\n"
    pyproject.write_text(pyproject.read_text() + wanting)
    mirror = url.replace("//", f"//me:{SECRET}@")
    found = diagnosed(lab, folder, ok=True, POETRY_PYPI_MIRROR_URL=mirror)

    assert found["sources"] == [("ok", f"PyPI ({url})", "answers 200, with credentials | ")]
    assert "poetry-plugin-pypi-mirror" in about(found, "project", "plugins")[1]


def test_an_environment_that_a_run_has_left(lab: Lab, folder: Path) -> None:
    venv = make_with_venv(folder / ".venv", lab.sandbox, "--without-pip")
    other = make_with_venv(lab.folder / "other", lab.sandbox, "--without-pip")
    assert about(diagnosed(lab, folder, ok=True), "environment", "receipt")[0] == "note"

    (venv / "hybrid-install.unfinished.json").write_text("{}")
    found = diagnosed(lab, folder, ok=True)
    severity, text = about(found, "environment", "receipt")
    assert (severity, text.partition(" | ")[0]) == ("warning", "the last run did not end well")
    assert not about(found, "environment", str(venv))[1].startswith("new")

    (venv / "hybrid-install.unfinished-environment").touch()
    found = diagnosed(lab, folder, ok=True)
    assert "cut off while it made" in about(found, "environment", "receipt")[1]
    assert about(found, "environment", str(venv))[1].startswith("broken, and made anew")

    (venv / "hybrid-install.unfinished-environment").unlink()
    found = diagnosed(lab, folder, ok=True, VIRTUAL_ENV=str(other))
    assert "VIRTUAL_ENV is set" in about(found, "environment", str(other))[1]
    assert about(found, "environment", "VIRTUAL_ENV")[1].startswith(f"overrules {venv}")


def test_a_cache_on_another_file_system(lab: Lab, folder: Path) -> None:
    shared = Path("/dev/shm")  # noqa: S108
    if not shared.is_dir() or shared.stat().st_dev == folder.stat().st_dev:
        pytest.skip("this machine has one file system")
    with tempfile.TemporaryDirectory(dir=shared) as name:
        cache = Path(name, "cache")
        found = diagnosed(lab, folder, ok=True, UV_CACHE_DIR=str(cache))
        assert not cache.exists()

    severity, text = about(found, "disks", "links")
    assert severity == "note"
    assert f"{cache} and {folder / '.venv'} are on different file systems" in text


def test_after_a_good_run(lab: Lab, folder: Path, standard: Project) -> None:
    lab.install(standard)
    found = diagnosed(lab, standard.folder, ok=True)
    assert about(found, "environment", "receipt")[1].startswith("the last run was finished")
    assert "kept" in about(found, "plan", "")[1]

"""What `doctor` makes of settings, environments and errors, without any process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fakes import FakeRunner, interpreter
from support.lock_texts import LockedText, ProjectText

from hybrid_install.commands import doctor
from hybrid_install.commands.case import Case, known
from hybrid_install.commands.reach import _is_plain, _pages
from hybrid_install.commands.request import Request
from hybrid_install.commands.surroundings import disks
from hybrid_install.core.deferral import Handover
from hybrid_install.core.diagnosis import Finding, Severity, error, ok
from hybrid_install.environment.locate import TargetEnvironment
from hybrid_install.errors import ToolError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ProjectText((LockedText("alpha"), LockedText("bravo"))).write(tmp_path / "app")
    return tmp_path / "app"


def case_of(folder: Path, **environ: str) -> Case:
    """The project, with no settings of the user's and nobody to start."""
    home = str(folder.parent)
    whole = {"HOME": home, "POETRY_CONFIG_DIR": home, "POETRY_CACHE_DIR": home, **environ}
    return Case(Request(directory=folder, environ=whole), FakeRunner())


def make_environment(path: Path) -> Path:
    (path / "bin").mkdir(parents=True)
    (path / "bin" / "python").touch()
    return path


def said(findings: Iterator[Finding]) -> list[tuple[str, str]]:
    return [(each.severity.value, each.subject) for each in findings]


def target_at(path: Path, **facts: object) -> TargetEnvironment:
    facts = {"exists": True, "origin": "here", **facts}
    return TargetEnvironment(path, interpreter(path), **facts)  # type: ignore[arg-type]


def test_what_was_found_before_the_end_stays() -> None:
    def broken() -> Iterator[Finding]:
        yield ok("a", "fine")
        raise ToolError("no uv", hint="get one")

    def unreadable() -> Iterator[Finding]:
        yield ok("a", "fine")
        raise PermissionError(13, "Permission denied", "/x")

    assert doctor.section_of("one", broken).findings == (
        ok("a", "fine"),
        error("", "no uv", "get one"),
    )
    found = doctor.section_of("two", unreadable).findings
    assert found[0] == ok("a", "fine")
    assert (found[1].severity, found[1].subject) == (Severity.ERROR, "/x")
    assert found[1].text == "Permission denied"


def test_a_bug_is_no_finding() -> None:
    def buggy() -> Iterator[Finding]:
        yield ok("a", "fine")
        raise KeyError

    with pytest.raises(KeyError):
        doctor.section_of("one", buggy)


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("{project_name!x}", True),
        ("{nobody}", True),
        ("{project_name:>999999999999}", True),
        ("{project_name:>\N{ARABIC-INDIC DIGIT NINE}999999}", True),
        ("{project_name:>99}: 2026", False),
        ("x", False),
    ],
)
def test_a_prompt_that_cannot_be_filled_in(text: str, folder: Path, *, is_refused: bool) -> None:
    """What an install ends with, where it would make the environment."""
    case = case_of(folder, POETRY_VIRTUALENVS_PROMPT=text)
    vars(case)["target"] = target_at(folder / ".venv", exists=False)  # where it is looked up once
    look = doctor.section_of("environment", lambda: doctor._environment(case)).findings
    assert [each.severity for each in look if "virtualenvs.prompt" in each.text] == (
        [Severity.ERROR] if is_refused else []
    )
    assert look[0].text.startswith("new: ")


def test_what_is_not_known_is_somebody_else_s_matter(folder: Path) -> None:
    case = case_of(folder.parent)
    assert known(lambda: case.pyproject) is None
    assert known(lambda: case_of(folder).lock.version) == (2, 1)


@pytest.mark.parametrize(
    ("active", "settings", "has_own", "expected"),
    [
        ("", "", False, []),
        ("", "", True, []),
        ("sane", "", False, []),
        ("sane", "", True, [("note", "VIRTUAL_ENV")]),
        ("gone", "", True, [("warning", "VIRTUAL_ENV")]),
        ("", "in-project = false", True, [("note", "virtualenvs.in-project")]),
        ("", "in-project = false", False, []),
        ("", "create = false", True, [("note", "virtualenvs.create")]),
        ("", "create = false\nin-project = true", False, [("warning", "virtualenvs.in-project")]),
        ("", "create = false\nin-project = true", True, [("note", "virtualenvs.create")]),
    ],
)
def test_what_overrules_what(
    folder: Path, active: str, settings: str, has_own: bool, expected: list[tuple[str, str]]
) -> None:
    (folder / "poetry.toml").write_text(f"[virtualenvs]\n{settings}\n")
    make_environment(folder.parent / "sane")
    if has_own:
        make_environment(folder / ".venv")
    variables = {"VIRTUAL_ENV": str(folder.parent / active)} if active else {}
    assert said(doctor._overruled(case_of(folder, **variables))) == expected


def test_conda_s_base_is_not_heeded(folder: Path) -> None:
    variables = {"CONDA_PREFIX": "/conda", "CONDA_DEFAULT_ENV": "base"}
    assert said(doctor._overruled(case_of(folder, **variables))) == [("note", "CONDA_PREFIX")]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, [("error", "/nowhere")]),
        ({"exists": False}, [("error", "/nowhere")]),
        ({"handover": Handover.READ_ONLY_INTERPRETER}, []),
    ],
)
def test_what_cannot_be_written_to(
    facts: dict[str, object], expected: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is Poetry's own affair it is said as such."""
    monkeypatch.setattr(doctor, "is_writable", lambda _: False)
    monkeypatch.setattr(doctor, "is_writable_place", lambda _: False)
    assert said(doctor._permissions(target_at(Path("/nowhere"), **facts))) == expected


def test_who_lives_in_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = make_environment(folder.parent / "home")
    monkeypatch.setattr("sys.prefix", str(home))
    [found] = doctor._tenants(case_of(folder), target_at(home))
    assert found.text.startswith("hybrid-install is installed in this environment")
    assert not list(doctor._tenants(case_of(folder), target_at(folder / ".venv")))
    assert not list(doctor._tenants(case_of(folder), target_at(home, is_virtual=False)))


@pytest.mark.parametrize(
    ("text", "severity", "says"),
    [
        (None, "note", "none: no run"),
        ("{", "note", "is ignored"),
    ],
)
def test_receipts(tmp_path: Path, text: str | None, severity: str, says: str) -> None:
    if text is not None:
        (tmp_path / "hybrid-install.json").write_text(text)
    [found] = doctor._receipt(target_at(tmp_path))
    assert (found.severity.value, found.subject) == (severity, "receipt")
    assert says in found.text


def test_a_cache_that_cannot_be_written_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "hybrid_install.commands.surroundings.is_writable_place", lambda path: "uv" not in str(path)
    )
    variables = {"UV_CACHE_DIR": str(folder / "uv"), "TMPDIR": str(folder)}
    found = {each.subject: each for each in disks(case_of(folder, VIRTUAL_ENV="", **variables))}
    assert found["uv's cache"].severity is Severity.ERROR
    assert "UV_CACHE_DIR" in found["uv's cache"].hint
    assert found["TMPDIR"].severity is not Severity.ERROR


def test_room_for_what_poetry_fetches(folder: Path) -> None:
    variables = {"VIRTUAL_ENV": "", "POETRY_CACHE_DIR": str(folder / "poetry")}
    found = {each.subject: each for each in disks(case_of(folder, **variables))}
    assert found["Poetry's cache"].text.startswith(f"{folder / 'poetry'}: ")


def test_one_page_of_each_index(tmp_path: Path) -> None:
    packages = (
        LockedText("alpha", source="team"),
        LockedText("bravo", source="team"),
        LockedText("charlie"),
    )
    sources = {"team": "https://team.invalid/simple", "idle": "https://idle.invalid/simple"}
    ProjectText(packages, sources).write(tmp_path)
    pages = _pages(case_of(tmp_path)) or {}
    assert {index.name: page for index, page in pages.items()} == {
        "team": "alpha",
        "PyPI": "charlie",
    }
    (tmp_path / "poetry.lock").unlink()
    assert _pages(case_of(tmp_path)) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://host/simple", True),
        ("https://host/simple", False),
        ("http://127.0.0.1:1/simple", False),
        ("http://localhost/simple", False),
    ],
)
def test_credentials_over_plain_http(url: str, expected: bool) -> None:
    assert _is_plain(url) is expected

"""What the user reads: where it goes, in which colours, and what never reaches the terminal."""

from __future__ import annotations

import io
import json
import re
import sys
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import locked

from hybrid_install.core.deferral import Ambiguity, Handover
from hybrid_install.core.plan import Action, Operation, Plan
from hybrid_install.core.verification import Finding, Kind, Remedy
from hybrid_install.report import (
    Report,
    counts,
    plan_json,
    plan_table,
    print_data,
    print_file,
    printable,
    verification_json,
    verification_text,
)

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(variable, raising=False)


def ascii_streams(monkeypatch: pytest.MonkeyPatch) -> dict[str, io.BytesIO]:
    """stdout and stderr of a user whose PYTHONIOENCODING is ascii."""
    written = {"stdout": io.BytesIO(), "stderr": io.BytesIO()}
    for name, raw in written.items():
        monkeypatch.setattr(sys, name, io.TextIOWrapper(raw, encoding="ascii"))
    return written


def test_what_an_encoding_lacks_is_shown_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    written = ascii_streams(monkeypatch)
    Report(ansi=False).say("venv", "/home/é\udce9/.venv")
    print_data("/home/é\n")
    assert written["stderr"].getvalue() == b"venv         /home/\\xe9\\udce9/.venv\n"
    assert written["stdout"].getvalue() == b"/home/\\xe9\n"


def test_a_file_on_stdout_is_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    written = ascii_streams(monkeypatch)
    print_data("first\n")
    print_file("é @ file:///home/é\udcff\n")
    assert written["stdout"].getvalue() == b"first\n" + "é @ file:///home/é".encode() + b"\xff\n"


def test_a_closed_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    print_file("text")
    print_data("text")


def speak(report: Report) -> None:
    report.say("topic", "said")
    report.detail("detailed")
    report.warn("warned")
    report.fail("failed", "a hint")


@pytest.mark.parametrize(
    ("verbosity", "heard"),
    [
        (-1, "error: failed\n\nhint: a hint\n"),
        (0, "topic        said\nwarning: warned\nerror: failed\n\nhint: a hint\n"),
        (
            1,
            (
                "topic        said\n             detailed\nwarning: warned\n"
                "error: failed\n\nhint: a hint\n"
            ),
        ),
    ],
)
def test_what_is_heard(capsys: Captured, verbosity: int, heard: str) -> None:
    """On stderr, always: stdout is for data."""
    speak(Report(verbosity=verbosity))
    assert capsys.readouterr() == ("", heard)


def test_an_error_without_a_hint_is_one_line(capsys: Captured) -> None:
    Report().fail("failed", None)
    assert capsys.readouterr().err == "error: failed\n"


def test_data_goes_to_stdout_as_it_is(capsys: Captured) -> None:
    print_data("a\x1b[1mb")
    assert capsys.readouterr() == ("a\x1b[1mb", "")


@pytest.mark.parametrize(
    ("ansi", "variables", "terminal", "coloured"),
    [
        (None, {}, True, True),
        (None, {}, False, False),
        (None, {"NO_COLOR": "1"}, True, False),
        (None, {"NO_COLOR": ""}, True, True),
        (None, {"FORCE_COLOR": "1"}, False, True),
        (None, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        (False, {"FORCE_COLOR": "1"}, True, False),
        (True, {"NO_COLOR": "1"}, False, True),
    ],
)
def test_when_there_are_colours(
    monkeypatch: pytest.MonkeyPatch,
    ansi: bool | None,
    variables: dict[str, str],
    terminal: bool,
    coloured: bool,
) -> None:
    """The option first, then NO_COLOR, then FORCE_COLOR, then whether a person looks."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Report(ansi=ansi).is_coloured is coloured


def test_colours_are_of_labels_only(capsys: Captured) -> None:
    speak(Report(ansi=True, verbosity=1))
    heard = capsys.readouterr().err
    assert re.findall(r"\x1b\[(?!0)[\d;]+m([^\x1b]*)\x1b\[0m", heard) == [
        *("topic       ", "warning:", "error:", "hint:"),
    ]


HOSTILE = [
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x1b]8;;https://evil.invalid\x1b\\",
    "\x9b31m",
    "\x08\x08",
    "\r",
    "\x00",
    "\x7f",
    "\u202e",
    "\u2028",
    "\u200b",
    "\ud800",
]

WAYS: list[Callable[[Report, str], None]] = [
    lambda report, text: report.say("topic", text),
    lambda report, text: report.detail(text),
    lambda report, text: report.warn(text),
    lambda report, text: report.fail(text, None),
    lambda report, text: report.fail("words", text),
]


@pytest.mark.parametrize("way", WAYS, ids=["say", "detail", "warn", "fail", "hint"])
@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
@pytest.mark.parametrize("ansi", [False, True])
def test_nothing_that_was_read_steers_the_terminal(
    capsys: Captured, way: Callable[[Report, str], None], hostile: str, ansi: bool
) -> None:
    """A lock may name its sources as it likes; only the colours of our own labels are sent."""
    way(Report(ansi=ansi, verbosity=1), f"before{hostile}after")
    heard = capsys.readouterr().err
    ours = set(re.findall(r"\x1b\[[\d;]*m", heard))
    assert ours <= (
        {"\x1b[2m", "\x1b[33;1m", "\x1b[31;1m", "\x1b[36;1m", "\x1b[0m"} if ansi else set()
    )
    rest = re.sub(r"\x1b\[[\d;]*m", "", heard)
    assert all(char.isprintable() or char == "\n" for char in rest)
    assert re.search("before.+after", rest)


@pytest.mark.parametrize("way", WAYS, ids=["say", "detail", "warn", "fail", "hint"])
def test_no_credentials_are_shown(capsys: Captured, way: Callable[[Report, str], None]) -> None:
    way(Report(verbosity=1), "see https://me:sesame@h.invalid/x?sig=sesame")
    heard = capsys.readouterr().err
    assert "see https://h.invalid/x?..." in heard
    assert "sesame" not in heard


@given(st.text())
def test_what_is_printable(text: str) -> None:
    shown = printable(text)
    assert all(char in "\n\t" or char.isprintable() for char in shown)
    assert printable(shown) == shown


@given(st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=" \n\t")))
def test_what_people_write_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_colours_that_a_tool_used_are_dropped() -> None:
    assert printable("\x1b[1m\x1b[31merror\x1b[39m\x1b[0m: no") == "error: no"


def test_the_time_is_told_by_phase(capsys: Captured) -> None:
    report = Report()
    for name in ("read", "uv", "read"):
        with report.phase(name):
            pass
    report.summary()
    assert re.fullmatch(r"done in \d+\.\d s \(read 0\.0, uv 0\.0\)\n", capsys.readouterr().err)


def test_a_phase_that_fails_is_timed_too(capsys: Captured) -> None:
    report = Report()
    with pytest.raises(ZeroDivisionError), report.phase("read"):
        raise ZeroDivisionError
    report.summary()
    assert "(read 0.0)" in capsys.readouterr().err


def test_a_quiet_run_tells_no_time(capsys: Captured) -> None:
    Report(verbosity=-1).summary()
    assert capsys.readouterr() == ("", "")


def operation(name: str, action: Action, source: str = "PyPI", reason: str = "") -> Operation:
    return Operation(locked(name).name, "1.0", action, source, reason)


PLAN = Plan(
    (
        operation("a", Action.INSTALL),
        operation("bb", Action.DEFER, "git+https://x.invalid/bb@c0ffee", "it is a git dependency"),
        operation("c", Action.REMOVE, "", "is not selected from the lock"),
        operation("d", Action.KEEP),
        operation("e", Action.REINSTALL, reason="0.9 is installed"),
        operation("f", Action.INSTALL),
    )
)

TABLE = """\
package  version  action     source                           reason
a        1.0      install    PyPI
bb       1.0      defer      git+https://x.invalid/bb@c0ffee  it is a git dependency
c        1.0      remove                                      is not selected from the lock
d        1.0      keep       PyPI
e        1.0      reinstall  PyPI                             0.9 is installed
f        1.0      install    PyPI

1 kept, 2 to install, 1 to reinstall, 1 left to Poetry, 1 to remove
"""


def test_the_plan_for_people() -> None:
    assert plan_table(PLAN) == TABLE


def test_the_counts_name_what_there_is() -> None:
    assert counts(Plan(PLAN.operations[:2])) == "1 to install, 1 left to Poetry"
    assert counts(Plan(())) == "nothing is selected"


@pytest.mark.parametrize("handover", Handover, ids=lambda each: each.name)
def test_a_handover_is_a_sentence(handover: Handover) -> None:
    assert plan_table(Plan((), handover)) == f"The whole run is Poetry's: {handover.value}.\n"


def test_the_plan_for_programs() -> None:
    assert json.loads(plan_json(Plan(PLAN.operations[1:2]), {"project": "root"})) == {
        "project": "root",
        "operations": [
            {
                "name": "bb",
                "version": "1.0",
                "action": "defer",
                "source": "git+https://x.invalid/bb@c0ffee",
                "reason": "it is a git dependency",
            }
        ],
    }


def test_a_handover_for_programs() -> None:
    document = json.loads(plan_json(Plan((), Handover.UNKNOWN_INTERPRETER), {}))
    assert document["handover"] == {"to": "poetry", "reason": Handover.UNKNOWN_INTERPRETER.value}


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_neither_form_of_the_plan_steers_the_terminal(hostile: str) -> None:
    """It is printed to one as often as not."""
    odd = operation("a", Action.DEFER, f"x{hostile}y", f"r{hostile}s")
    for text in (plan_table(Plan((odd,))), plan_json(Plan((odd,)), {"project": hostile})):
        assert not {unicodedata.category(char) for char in text if char != "\n"} & {
            *("Cc", "Cf", "Cs", "Zl", "Zp"),
        }
    found = json.loads(plan_json(Plan((odd,)), {}))["operations"][0]["source"]
    assert found == f"x{hostile}y"


FINDINGS = (
    Finding("a", Kind.MISSING, "1.0 is not installed", Remedy.RUN),
    Finding("b", Kind.ORIGIN, "is from https://user:secret@x.invalid/\x1b[2J"),
    Finding("c", Kind.STRANGER, "1.0 is installed", Remedy.SYNC, fails=False),
)


def test_a_verification_for_people() -> None:
    text = verification_text(3, FINDINGS)
    lines = text.splitlines()
    assert lines[0].split() == ["package", "finding", "detail", "what", "to", "do"]
    assert lines[1].split("  ")[0] == "a"
    assert re.search(
        r"^c +note: not-selected +1\.0 is installed +`hybrid-install --sync`", lines[3]
    )
    assert lines[-1] == "3 checked, 2 differ from poetry.lock, 1 note"
    assert "secret" not in text
    assert "\x1b" not in text


def test_an_environment_as_locked() -> None:
    assert verification_text(3, ()) == "3 checked, all as poetry.lock says\n"
    noted = verification_text(3, FINDINGS[2:] * 2)
    assert noted.endswith("\n\n3 checked, all as poetry.lock says, 2 notes\n")


def test_known_secrets_are_hidden_whoever_speaks(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(verbosity=1, environ={"POETRY_HTTP_BASIC_HOUSE_PASSWORD": "open/sesame"})
    report.say("uv", "401 for open%2Fsesame")
    report.detail("open/sesame")
    report.fail("a bad password: 'open/sesame'", "not open/sesame")
    assert "sesame" not in capsys.readouterr().err


def test_a_run_that_is_poetrys_is_told_of_without_escapes() -> None:
    said = plan_table(Plan((), handover=Ambiguity("odd \x80\x1b[2J text")))
    assert said.strip().isprintable()
    assert r"odd \x80\x1b[2J text" in said


def test_a_verification_for_programs() -> None:
    document = json.loads(verification_json("root", "/venv", 3, FINDINGS))
    assert document["ok"] is False
    assert document["checked"] == 3
    assert document["findings"][0] == {
        "name": "a",
        "kind": "missing",
        "detail": "1.0 is not installed",
        "remedy": "run `hybrid-install`",
        "fails": True,
    }
    assert "secret" not in document["findings"][1]["detail"]
    assert json.loads(verification_json(None, "/venv", 0, FINDINGS[2:]))["ok"] is True


def test_a_cell_is_no_line() -> None:
    """What an archive says of itself cannot look like a word of ours."""
    found = Finding("a", Kind.ORIGIN, "https://h/a\nerror: forged\x1b[2J")
    shown = verification_text(1, [found])
    assert "\nerror:" not in shown
    assert r"https://h/a\nerror: forged\x1b[2J" in shown

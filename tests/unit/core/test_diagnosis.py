"""What is found, counted, and when it is an error."""

from __future__ import annotations

import json

import pytest

from hybrid_install.core.diagnosis import (
    Diagnosis,
    Finding,
    Section,
    Severity,
    error,
    listed,
    note,
    ok,
    warning,
)
from hybrid_install.errors import ToolError
from hybrid_install.report import diagnosis_json, diagnosis_text

GOOD, NOTED = ok("a", "fine"), note("b", "odd")
DOUBTFUL, BAD = warning("c", "strange", "look"), error("d", "gone", "mend it")


@pytest.mark.parametrize(
    ("findings", "is_healthy", "summary"),
    [
        ((), True, "nothing is wrong"),
        ((GOOD,), True, "nothing is wrong"),
        ((GOOD, NOTED), True, "nothing is wrong, 1 note"),
        ((DOUBTFUL, NOTED, NOTED), True, "1 warning, 2 notes"),
        ((BAD, BAD, DOUBTFUL), False, "2 errors, 1 warning"),
    ],
)
def test_errors_alone_make_it_fail(
    findings: tuple[Finding, ...], is_healthy: bool, summary: str
) -> None:
    """In whichever section they are."""
    found = Diagnosis((Section("one", findings[:1]), Section("two", findings[1:])))
    assert (found.is_healthy, found.summary) == (is_healthy, summary)


def test_what_ends_an_install_keeps_its_hint() -> None:
    assert Finding.of_error("uv", ToolError("none", hint="get one")) == error(
        "uv", "none", "get one"
    )
    assert Finding.of_error("uv", ToolError("none")).hint == ""


def test_a_long_list_is_cut() -> None:
    assert listed("abc", most=3) == "a, b, c"
    assert listed("abcde", most=3) == "a, b, c and 2 more"


SECRET = Section(
    "sources",
    (
        error("https://me:hush@host/simple", "two\nlines\x1b[2J", "see https://me:hush@host/x?t=1"),
        ok("", "no subject"),
    ),
)


def test_for_people() -> None:
    assert diagnosis_text(Diagnosis((SECRET, Section("empty", ())))) == (
        "sources\n"
        "  error    https://host/simple: two\n"
        "           lines\\x1b[2J\n"
        "           hint: see https://host/x?...\n"
        "  ok       no subject\n"
        "\n"
        "empty\n"
        "\n"
        "1 error\n"
    )


def test_for_programs() -> None:
    document = json.loads(diagnosis_json(Diagnosis((SECRET,))))
    assert document == {
        "ok": False,
        "summary": "1 error",
        "sections": [
            {
                "name": "sources",
                "findings": [
                    {
                        "severity": "error",
                        "subject": "https://host/simple",
                        "text": "two\nlines\\x1b[2J",
                        "hint": "see https://host/x?...",
                    },
                    {"severity": "ok", "subject": "", "text": "no subject", "hint": ""},
                ],
            }
        ],
    }


def test_the_weights_are_words() -> None:
    assert [each.value for each in Severity] == ["ok", "note", "warning", "error"]

"""What an answer of a source means for an install."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hybrid_install.core.diagnosis import Severity
from hybrid_install.core.model import DEFAULT_INDEX, Index
from hybrid_install.core.reach import Answer, Asked, Ending, Known, judged, shown_url

TEAM = Index("my-team", "https://me:hush@host/simple?token=hush")


def asked(answer: Answer | int, **facts: object) -> Asked:
    if isinstance(answer, int):
        answer = Answer(Ending.STATUS, answer)
    plain = Asked(TEAM, shown_url(TEAM), "alpha", True, Known.NOTHING, answer)
    return replace(plain, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "severity", "says", "hint"),
    [
        (200, Severity.OK, "answers 200", ""),
        (204, Severity.OK, "answers 204", ""),
        (304, Severity.ERROR, "answers 304", "url"),
        (401, Severity.ERROR, "does not know us", "poetry config http-basic.my-team"),
        (403, Severity.ERROR, "does not let us in", "POETRY_HTTP_BASIC_MY_TEAM_PASSWORD"),
        (404, Severity.ERROR, "has no page for alpha", "simple index"),
        (407, Severity.ERROR, "the proxy does not know us", "HTTPS_PROXY"),
        (418, Severity.ERROR, "answers 418", "url"),
        (429, Severity.ERROR, "asked too often", "a while"),
        (500, Severity.ERROR, "out of order", "a while"),
        (503, Severity.ERROR, "out of order", "a while"),
    ],
)
def test_statuses(status: int, severity: Severity, says: str, hint: str) -> None:
    found = judged(asked(status), 10)
    assert found.severity is severity
    assert says in found.text
    assert str(status) in found.text
    assert hint.replace("_PASSWORD", "_USERNAME and _PASSWORD") in found.hint


@pytest.mark.parametrize(
    ("ending", "says", "hint"),
    [
        (Ending.NAME, "name is not known here", "VPN"),
        (Ending.UNREACHABLE, "cannot be reached (why)", "firewall"),
        (Ending.UNTRUSTED, "is not trusted: TLS (why)", "certificates.my-team.cert"),
        (Ending.TIMED_OUT, "did not answer within 2.5 s", "--timeout"),
        (Ending.PROXY, "the proxy does not let us through (why)", "NO_PROXY"),
        (Ending.BROKEN, "the connection broke (why)", "again"),
    ],
)
def test_silence(ending: Ending, says: str, hint: str) -> None:
    found = judged(asked(Answer(ending, words="why")), 2.5)
    assert found.severity is Severity.ERROR
    assert says in found.text
    assert hint in found.hint


def test_what_no_package_is_from_is_no_error() -> None:
    for answer in (Answer(Ending.NAME), Answer(Ending.STATUS, 401)):
        found = judged(asked(answer, page="", is_needed=False), 10)
        assert found.severity is Severity.WARNING
        assert found.text.endswith("; no locked package is from it")


def test_a_root_need_not_be_listed() -> None:
    assert judged(asked(404, page="", is_needed=False), 10).severity is Severity.OK


@pytest.mark.parametrize(
    ("known", "text", "hint"),
    [
        (Known.NOTHING, "without credentials", "poetry config"),
        (Known.NAME, "with a user and no password", "poetry config"),
        (Known.ALL, "with credentials", "not expired"),
    ],
)
def test_who_we_are_is_told_but_not_the_password(known: Known, text: str, hint: str) -> None:
    found = judged(asked(401, known=known), 10)
    assert f"answers 401, {text}: " in found.text
    assert hint in found.hint
    assert "hush" not in f"{found}{asked(401).subject}"


def test_the_default_index_has_no_host_unless_it_is_a_mirror() -> None:
    default = asked(200, index=DEFAULT_INDEX, url=shown_url(DEFAULT_INDEX))
    assert judged(default, 10).subject == "the default index (uv's)"
    mirror = shown_url(DEFAULT_INDEX, "https://me:hush@mirror/simple")
    assert asked(200, index=DEFAULT_INDEX, url=mirror).subject == "PyPI (https://mirror/simple)"
    assert asked(200).subject == "my-team (https://host/simple?...)"


def test_odd_names_are_no_format() -> None:
    odd = Index("{name}{page}", "https://host/{x}")
    found = judged(asked(401, index=odd), 10)
    assert "http-basic.{name}{page} USER" in found.hint

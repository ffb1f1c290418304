"""Whatever a tool, a lock or an archive says: no secret and no escape gets past our one door."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.fakes import FakeRunner
from support.fuzzing import fuzzed
from support.mutations import put_into, spoilt, spoilt_bytes, text
from support.witness import assert_harmless, no_hang, outcome

from hybrid_install.commands.request import Request
from hybrid_install.commands.version import version
from hybrid_install.core.pylock import read_offers
from hybrid_install.core.redaction import HIDDEN, secrets_in, without_credentials, without_secrets
from hybrid_install.core.versions import allows, is_older
from hybrid_install.report import Report, printable
from hybrid_install.tools import keyring, poetry
from hybrid_install.tools.process import Command, CommandFailedError
from hybrid_install.tools.uv import Uv, _yanked_in

# Long enough to be found by no accident; blanks, quotes and what ends a url come percent-encoded.
SECRETS = st.text(
    st.characters(min_codepoint=33, exclude_categories=["Z", "C"]), min_size=8, max_size=30
)

SHOWN_AS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": json.dumps,
    "json with slashes": lambda shown: json.dumps(shown).replace("/", "\\/"),
    "bytes": lambda shown: repr(shown.encode()),
    "in a list": lambda shown: repr([shown, shown]),
    "two lines": lambda shown: f"first {shown}\nthen {shown}\n",
    "side by side": lambda shown: f"{shown},{shown};({shown})",
    "in angles": lambda shown: f"fatal: unable to access <{shown}>: 401",
    "within a url": lambda shown: f"https://h/login?next={quote(shown, safe='')}",
    "in a path": lambda shown: f"/redirected/{quote(shown, safe='')}",
}

URLS: dict[str, Callable[[str], str]] = {
    "a password": lambda secret: f"https://user:{quote(secret, safe='')}@h/simple",
    "a user": lambda secret: f"git+https://{quote(secret, safe='')}@h/repository.git",
    "a user without a password": lambda secret: f"https://{quote(secret, safe='')}:@h:8080/x",
    "a query": lambda secret: f"https://h/a.whl?token={quote(secret, safe='')}&more=1#sha256=0",
    "a second query": lambda secret: f"https://h/a.whl?x=1&sig={quote(secret, safe='')}",
    "both": lambda secret: f"ssh://u:{quote(secret, safe='')}@h/x?k={quote(secret, safe='')}",
}


@fuzzed(100)
@given(SECRETS, st.sampled_from(sorted(URLS)), st.sampled_from(sorted(SHOWN_AS)), text())
def test_a_secret_in_a_url_never_survives(secret: str, url: str, way: str, around: str) -> None:
    """Shown in whatever way; both as it is and percent-encoded."""
    assume(secret not in around)
    encoded = quote(secret, safe="")
    innocent = SHOWN_AS[way](URLS[url](""))
    assume(encoded not in innocent)
    with no_hang(5):
        shown = without_credentials(f"{around} {SHOWN_AS[way](URLS[url](secret))} {around}")
    assert encoded not in shown
    assert secret not in shown


@fuzzed(100)
@given(SECRETS, st.sampled_from(sorted(SHOWN_AS)))
def test_a_known_secret_survives_in_no_form(secret: str, way: str) -> None:
    """Where no url tells what it is."""
    known = secrets_in({"POETRY_HTTP_BASIC_HOUSE_PASSWORD": secret, "HOME": "/home"})
    assert known == {secret}
    assume(secret not in SHOWN_AS[way]("the password is wrong"))
    shown = without_secrets(SHOWN_AS[way](f"the password {secret} is wrong"), known)
    assert secret not in shown
    assert quote(secret, safe="") not in shown
    assert HIDDEN in shown or "?..." in shown


@fuzzed(100)
@given(st.one_of(st.text(), text()).filter(lambda it: ":/" not in it and "\\/" not in it))
def test_words_without_a_url_stay(said: str) -> None:
    assume("authorization" not in said.lower() and "%3a%2f" not in said.lower())
    assert without_credentials(said) == said
    assert without_secrets(said, ()) == said


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (r"https:\/\/u:p@h\/x", r"https:\/\/h\/x"),
        (r"b'https://u:p@h/x'", r"b'https://h/x'"),
        ("next=https%3A%2F%2Fu%3Ap%40h%2Fx", "next=https%3A%2F%2Fh%2Fx"),
        ("Authorization: Basic dTpw", f"Authorization: Basic {HIDDEN}"),
        ('{"authorization": "Bearer abc"}', f'{{"authorization": "Bearer {HIDDEN}"}}'),
        ("authorization is required", "authorization is required"),
        ("a%40b and https%3A%2F%2Fh%2Fa%40b", "a%40b and https%3A%2F%2Fh%2Fa%40b"),
    ],
)
def test_what_is_shown(said: str, shown: str) -> None:
    assert without_credentials(said) == shown


def test_what_is_a_secret() -> None:
    found = secrets_in(
        {
            "POETRY_HTTP_BASIC_A_PASSWORD": "swordfish",
            "POETRY_HTTP_BASIC_A_USERNAME": "someone",
            "POETRY_PYPI_TOKEN_B": "pypi-token",
            "UV_INDEX_HI0_PASSWORD": "marlin-9",
            "POETRY_HTTP_BASIC_C_PASSWORD": "abc",
        }
    )
    assert found == {"swordfish", "pypi-token", "marlin-9"}


@fuzzed(60)
@given(text(), st.text(), st.integers(0, 255))
def test_a_failed_command_is_told_of_without_secrets(said: str, more: str, code: int) -> None:
    env = {"UV_INDEX_HI0_PASSWORD": "sword/fish+"}
    command = Command(argv=("uv", f"{said}https://u:sword@h/"), env=env)
    output = f"{said}\nsword%2Ffish%2B {more} sword/fish+ \x1b[31m"

    def fail(_: Report) -> None:
        raise CommandFailedError(command, code, output)

    shown = outcome(fail).shown
    assert "sword" not in shown.replace(said, "").replace(more, "")


@fuzzed(100)
@given(st.one_of(text(), st.text()))
def test_no_escape_reaches_a_terminal(said: str) -> None:
    def speak(report: Report) -> None:
        report.say("topic", said)
        report.detail(said)
        report.warn(said)
        report.fail(said or "-", said)

    outcome(speak)
    assert_harmless(printable(said))


# What the tools answer.

PYLOCK: dict[str, Any] = {
    "lock-version": "1.0",
    "packages": [
        {
            "name": "alpha",
            "version": "1.0",
            "index": "http://h/simple",
            "sdist": {"url": "http://h/a-1.0.tar.gz", "size": 3, "hashes": {"sha256": "0" * 64}},
            "wheels": [{"url": "http://h/a-1.0-py3-none-any.whl", "hashes": {"sha256": "0"}}],
        }
    ],
}


@fuzzed(50)
@given(spoilt(PYLOCK))
def test_the_files_that_uv_names(document: dict[str, Any]) -> None:
    outcome(lambda _: read_offers(document))


@fuzzed(60)
@given(st.binary(max_size=60) | spoilt_bytes(b"uv 0.13.9 (abc 2026-01-01)\n"))
def test_the_version_of_uv(said: bytes) -> None:
    uv = Uv(Path("uv"), "here", FakeRunner([said.decode("utf-8", "replace")]), {})

    def ask(_: Report) -> None:
        assert re.fullmatch(r"[0-9.]+", uv.version(), re.ASCII)

    outcome(ask)


POETRY = "Poetry (version 2.5.1)\n"


@fuzzed(100)
@given(
    put_into(POETRY) | spoilt_bytes(POETRY.encode()).map(lambda it: it.decode("utf-8", "replace"))
)
def test_the_version_of_poetry(said: str) -> None:
    """All that is asked of it."""
    launcher = Path(__file__)
    environ = {poetry.VARIABLE: str(launcher)}

    def ask(_: Report) -> None:
        found = poetry.find(environ, FakeRunner([said]))
        assert found is not None
        assert found.version is None or found.version.isprintable()
        assert len(found.release) <= 3
        found.misfit()
        allows(">=2.0,!=2.4", found.version or "")
        is_older(found.version or "", "2.3.0")

    outcome(ask)
    request = Request(directory=launcher.parent, environ=environ)
    outcome(lambda _: version(request, FakeRunner([f"uv {said}", said])))


@fuzzed(60)
@given(
    spoilt_bytes(b"warning: `alpha==1.0` is yanked (reason: old)\nDEBUG Selecting: a==1 [c] (f)\n")
)
def test_the_warnings_of_uv(said: bytes) -> None:
    with no_hang():
        _yanked_in(said.decode("utf-8", "replace") * 50)


@fuzzed(100)
@given(st.data())
def test_the_answers_of_a_keyring(data: st.DataObject) -> None:
    good = {"answers": [["someone", "swordfish"], None]}
    document = data.draw(spoilt(good, ["\ud800", 1], ["a", "\ud800"]))
    whole = json.dumps(document.get("answers"), default=str)
    said = data.draw(st.just(whole.encode()) | spoilt_bytes(whole.encode()))
    runner = FakeRunner([said.decode("utf-8", "replace")])
    queries = [keyring.of_url("http://h/a"), keyring.of_url("http://h/b")]
    outcome(lambda _: keyring.ask(queries, Path("python"), runner, {}))


def test_nothing_takes_long_to_redact() -> None:
    """Long lines of what nearly is a url."""
    hostile = ("://" * 20_000, "://a:" * 20_000, "://" + "a" * 200_000, "://h?" * 20_000)
    for said in (*hostile, "%3A%2F%2F" * 20_000, "authorization: basic " * 9_000, "@" * 200_000):
        with no_hang(10):
            without_credentials(said)

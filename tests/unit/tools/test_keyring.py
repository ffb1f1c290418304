"""What a keyring is asked, by whom, and what of its answer is believed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from support.fakes import FakeRunner, Reply, failure

from hybrid_install.core.credentials import Credentials
from hybrid_install.tools import keyring
from hybrid_install.tools.keyring import KeyringQuery, ask
from hybrid_install.tools.process import Command, ShRunner

PYTHON = Path("/poetry/bin/python")
QUERIES = [
    KeyringQuery("one", "me", ("https://one.invalid/simple", "one.invalid")),
    KeyringQuery("two", "", (), asks_by_name=False),
]


def answer(reply: Reply) -> list[Credentials | None]:
    return ask(QUERIES, PYTHON, FakeRunner([reply]), {})


def test_poetry_s_interpreter_is_asked_in_the_user_s_environment() -> None:
    runner = FakeRunner(['[["me", "secret"], null]'])
    environ = {"HOME": "/me", "DBUS_SESSION_BUS_ADDRESS": "x"}
    assert ask(QUERIES, PYTHON, runner, environ) == [Credentials("me", "secret"), None]
    env = dict(runner.only.env)
    question = env.pop("HYBRID_INSTALL_KEYRING_QUERIES")
    assert env == environ
    python, option, code = runner.only.argv
    assert (python, option) == (str(PYTHON), "-c")
    compile(code, "the question", "exec")
    assert json.loads(question) == [
        {
            "source": "one",
            "username": "me",
            "places": ["https://one.invalid/simple", "one.invalid"],
            "asks_by_name": True,
        },
        {"source": "two", "username": "", "places": [], "asks_by_name": False},
    ]


def test_no_secret_is_shown() -> None:
    runner = FakeRunner(['[["me", "sesame"], ["", "sesame"]]'])
    answers = ask(QUERIES, PYTHON, runner, {"POETRY_HTTP_BASIC_THREE_PASSWORD": "sesame"})
    shown = (repr(answers), str(runner.only), repr(runner.only), " ".join(runner.only.argv))
    assert not any("sesame" in text for text in shown)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            '[["me", "secret"], ["other", "p"]]',
            [Credentials("me", "secret"), Credentials("other", "p")],
        ),
        ('[[null, "secret"], ["", ""]]', [Credentials("", "secret"), Credentials("", "")]),
        ('[["me", null], null]', [None, None]),
        ("[[], null]", [None, None]),
    ],
)
def test_answers(text: str, found: list[Credentials | None]) -> None:
    assert answer(text) == found


@pytest.mark.parametrize(
    "reply",
    [
        *("[]", "", "not json", "null", "5", "{}", '"text"', '[["me", "p"]]', "[null, null, null]"),
        *("[5, null]", '["text", null]', '[["me"], null]', "[[5, 5], null]", '{"a": 1, "b": 2}'),
        *('[["me", "p", "more"], null]', "[" * 100_000),
        failure(1, "no such module"),
        failure(-9),
    ],
)
def test_whatever_else_it_says_is_no_password(reply: Reply) -> None:
    """A keyring may print what it likes: a run without a password says so itself."""
    assert answer(reply) == [None, None]


def test_modules_of_the_working_directory_have_no_part_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project's own `json.py` or `keyring.py` is no answer."""
    (tmp_path / "json.py").write_text("raise SystemExit(5)")
    monkeypatch.chdir(tmp_path)
    env = {"PATH": os.environ["PATH"], "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    assert ask(QUERIES, Path(sys.executable), ShRunner(), env) == [None, None]
    command = Command(
        argv=(sys.executable, "-c", keyring._ASK), env={**env, keyring._QUERIES: "[]"}
    )
    assert ShRunner().capture(command).strip() == "[]"

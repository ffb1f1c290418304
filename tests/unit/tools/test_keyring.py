"""What a keyring is asked, by whom, and what of its answer is believed."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.fakes import FakeRunner, Reply, failure

from hybrid_install.core.credentials import Credentials
from hybrid_install.tools import keyring
from hybrid_install.tools.keyring import KeyringQuery, ask, of_url
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


def test_a_url_of_no_source_is_looked_up_by_itself_and_by_its_host() -> None:
    places = ("https://x.invalid:8443/a.whl", "x.invalid:8443")
    assert of_url(places[0]) == KeyringQuery("", "", places, asks_by_name=False)


BACKEND = """
import getpass, sys
from keyring.backend import KeyringBackend
from keyring.credentials import SimpleCredential

class Backend(KeyringBackend):
    priority = 9
    def get_password(self, service, username):
        return None
    def get_credential(self, service, username):
        print("visit https://example.com to sign in")
        return SimpleCredential(input("who are you? "), getpass.getpass("password? "))
    def set_password(self, service, username, password):
        raise RuntimeError
"""

ASKING = """
import os, sys
from pathlib import Path
from hybrid_install.tools.keyring import ask, of_url
from hybrid_install.tools.process import ShRunner
[found] = ask([of_url("https://x.invalid")], Path(sys.executable), ShRunner(quiet=True), os.environ)
print("the keyring has", found and (found.username, len(found.password)))
"""


def asking(tmp_path: Path) -> dict[str, str]:
    """The environment of a Python whose keyring asks the user."""
    (tmp_path / "keyring_of_the_test.py").write_text(BACKEND)
    source = Path(keyring.__file__).parents[2]
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{source}",
        "PYTHON_KEYRING_BACKEND": "keyring_of_the_test.Backend",
    }


def test_at_a_terminal_a_keyring_may_ask(tmp_path: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, "-c", ASKING], asking(tmp_path))  # noqa: S606
    try:
        said = read_until(terminal, "who are you? ")
        assert "visit https://example.com to sign in" in said
        os.write(terminal, b"clerk\n")
        read_until(terminal, "password? ")
        os.write(terminal, b"sesame\n")
        said = read_until(terminal, "the keyring has ('clerk', 6)")
        assert "sesame" not in said
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)


def read_until(terminal: int, words: str) -> str:
    said, deadline = "", time.monotonic() + 30
    while words not in said:
        assert time.monotonic() < deadline, said
        if select.select([terminal], [], [], 0.1)[0]:
            said += os.read(terminal, 65536).decode()
    return said


def test_elsewhere_a_keyring_that_asks_has_no_answer(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKING],
        env=asking(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "the keyring has None\n"

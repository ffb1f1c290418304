"""Passwords that only a keyring knows, asked of the keyring that Poetry would ask.

The backends are installed beside Poetry (`poetry self add`), so its interpreter asks. Mirrors
`PasswordManager` and `PoetryKeyring` (poetry/utils/password_manager.py). A backend may talk with
the user: whatever it says goes to stderr, and only our answer to stdout.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from hybrid_install.core.credentials import Credentials
from hybrid_install.errors import ToolError
from hybrid_install.tools.process import Command, Runner

_ASK = """
import sys
sys.path = [entry for entry in sys.path if entry]
import json, os
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
try:
    import keyring, keyring.backend, keyring.errors
except ImportError:
    print("[]", file=answers)
    sys.exit()

def suits(backend):
    name = backend.name.split(" ")[0]
    return name not in ("chainer", "fail", "null") and "plaintext" not in backend.name.lower()

def is_available():
    backend = keyring.get_keyring()
    chained = backend.name.split(" ")[0] == "chainer"
    backends = keyring.backend.get_all_keyring() if chained else [backend]
    if not any(map(suits, backends)):
        return False
    keyring.get_password("python-poetry-check", "python-poetry")
    return True

def ask(query):
    username, service = query["username"], "poetry-repository-" + query["source"]
    if query["asks_by_name"]:
        password = keyring.get_password(service, username or "__poetry_source_empty_username__")
        if password is not None:
            return [username, password]
    for place in query["places"]:
        try:
            found = keyring.get_credential(place, username or None)
        except (keyring.errors.KeyringError, RuntimeError):
            continue
        if found:
            return [found.username, found.password]
    return None

def answer(query):
    try:
        return ask(query)
    except (keyring.errors.KeyringError, RuntimeError):
        return None

try:
    queries = json.loads(os.environ["HYBRID_INSTALL_KEYRING_QUERIES"]) if is_available() else []
    print(json.dumps([answer(query) for query in queries]), file=answers)
except (keyring.errors.KeyringError, RuntimeError, ValueError):
    print("[]", file=answers)
"""

_QUERIES = "HYBRID_INSTALL_KEYRING_QUERIES"


class KeyringQuery(NamedTuple):
    """What is known of a source without a password; `places` are its url and its host.

    Without `asks_by_name` the source's name is not looked up: where Poetry's settings hold an empty
    password, and for a url that belongs to no source.
    """

    source: str
    username: str
    places: tuple[str, ...]
    asks_by_name: bool = True


def of_url(url: str) -> KeyringQuery:
    """`Authenticator._get_credentials_for_url` (poetry/utils/authenticator.py), for no source."""
    return KeyringQuery("", "", (url, urlsplit(url).netloc), asks_by_name=False)


def ask(
    queries: Sequence[KeyringQuery], python: Path, runner: Runner, environ: Mapping[str, str]
) -> list[Credentials | None]:
    """The credentials for each query, None where `python`'s keyring has none or there is none."""
    # By the environment: a username may be a token.
    env = {**environ, _QUERIES: json.dumps([query._asdict() for query in queries])}
    command = Command(argv=(str(python), "-c", _ASK), env=env)
    nothing: list[Credentials | None] = [None] * len(queries)
    try:
        answers = json.loads(runner.converse(command))
    except (ToolError, ValueError, RecursionError):
        return nothing
    if not isinstance(answers, list) or len(answers) != len(queries):
        return nothing
    return [_credentials(answer) for answer in answers]


def _credentials(answer: object) -> Credentials | None:
    match answer:
        case [str() | None as username, str(password)]:
            return Credentials(username or "", password)
    return None

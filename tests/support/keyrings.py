"""Keyrings with passwords of the test's own."""

from __future__ import annotations

from collections.abc import Mapping

from support.lab import Lab

_BACKEND = """
from keyring.backend import KeyringBackend
from keyring.credentials import SimpleCredential

class Backend(KeyringBackend):
    priority = 9
    PASSWORDS = {passwords!r}
    def get_password(self, service, username):
        return self.PASSWORDS.get(service + " " + username)
    def get_credential(self, service, username):
        found = self.PASSWORDS.get(service)
        return SimpleCredential(*found) if found else None
    def set_password(self, service, username, password):
        raise RuntimeError
"""


def keyring(lab: Lab, passwords: Mapping[str, object]) -> None:
    """A keyring with these passwords, for Poetry and for whoever asks as Poetry does."""
    folder = lab.folder / "backend"
    folder.mkdir()
    (folder / "keyring_of_the_test.py").write_text(_BACKEND.format(passwords=dict(passwords)))
    lab.environ["PYTHONPATH"] = str(folder)
    lab.environ["PYTHON_KEYRING_BACKEND"] = "keyring_of_the_test.Backend"

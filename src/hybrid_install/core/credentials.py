"""Who we are to a source. Credentials reach uv through the environment and go nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit


@dataclass(frozen=True)
class Credentials:
    """A user and password for a source; never printed."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(…)"


def split_userinfo(url: str) -> tuple[str, Credentials | None]:
    """`url` without its userinfo, and the credentials that it held."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url, None
    userinfo, _, host = parts.netloc.rpartition("@")
    username, _, password = userinfo.partition(":")
    bare = urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))
    return bare, Credentials(unquote(username), unquote(password))

"""Who we are to a source. Credentials reach uv through the environment and go nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

from hybrid_install.errors import InvalidDataError


@dataclass(frozen=True)
class Credentials:
    """A user and password for a source; never printed."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(…)"


def refuse_odd_authority(url: str) -> None:
    """`InvalidDataError` for a url in which the end of the userinfo or the host cannot be told.

    A password with a `/` ends the host where it should not, and would be taken for a path: shown,
    sent and stored. The error does not repeat the url.
    """
    try:
        parts = urlsplit(url)
        _, blank = parts.port, re.search(r"\s", parts.netloc)
        is_odd = blank is not None
    except ValueError:
        is_odd = True
    if is_odd:
        raise InvalidDataError(
            "the host cannot be told; in a user or password write %2F for a slash, %20 for a blank,"
            " or keep them out of the url (`poetry config http-basic.<source>`)",
            "url",
        )


def refuse_unreadable(url: str, context: str = "url", *, file: str | None = None) -> None:
    """`InvalidDataError` for what `urlsplit` refuses. The error does not repeat the url."""
    try:
        urlsplit(url)
    except ValueError:
        raise InvalidDataError("is no url: its host cannot be told", context, file=file) from None


def split_userinfo(url: str) -> tuple[str, Credentials | None]:
    """`url` without its userinfo, and the credentials that it held."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url, None
    userinfo, _, host = parts.netloc.rpartition("@")
    username, _, password = userinfo.partition(":")
    bare = urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))
    return bare, Credentials(unquote(username), unquote(password))

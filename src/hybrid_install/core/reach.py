"""Whether a source answers: what came of asking it once, and what that means for an install."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hybrid_install.core.diagnosis import Finding, Severity, ok
from hybrid_install.core.model import Index
from hybrid_install.core.redaction import without_credentials

DEFAULT_SUBJECT = "the default index (uv's)"
"""What the index is called whose url only uv knows."""


class Ending(Enum):
    """How a question to a server ended; `STATUS` where there was an answer at all."""

    STATUS = "status"
    NAME = "name not resolved"
    UNREACHABLE = "not reached"
    UNTRUSTED = "TLS"
    TIMED_OUT = "time-out"
    PROXY = "proxy"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answers: a `status`, or else why there is none, in `words`."""

    ending: Ending
    status: int = 0
    words: str = ""


class Known(Enum):
    """What there is to say who we are."""

    NOTHING = "without credentials"
    NAME = "with a user and no password"
    ALL = "with credentials"


@dataclass(frozen=True, slots=True)
class Asked:
    """A source that was asked for the page of one of its packages.

    `page` is that package, empty where the lock takes none from it: then its root was asked, or,
    of a single page of links, all of it. `is_needed` tells whether an install would ask it, as far
    as is known. `url` is what may be shown: without a host for the default index.
    """

    index: Index
    url: str
    page: str
    is_needed: bool
    known: Known
    answer: Answer

    @property
    def subject(self) -> str:
        """The source's name and url, as far as both may be shown."""
        return DEFAULT_SUBJECT if not self.url else f"{self.index.name} ({self.url})"


def shown_url(index: Index, mirror: str | None = None) -> str:
    """The url without credentials; of the default index only a mirror that the user named."""
    return without_credentials(index.url or mirror or "")


def judged(asked: Asked, seconds: float) -> Finding:
    """What the answer means; what no locked package needs is no error."""
    if asked.answer.ending is Ending.STATUS:
        return _of_status(asked)
    return _bad(asked, *_of_silence(asked, seconds))


def _of_status(asked: Asked) -> Finding:
    status, known = asked.answer.status, asked.known.value
    if status < 300:  # noqa: PLR2004
        return ok(asked.subject, f"answers {status}, {known}")
    if status == 404 and not asked.page:  # noqa: PLR2004
        return ok(asked.subject, f"answers {status} at its root, which not every index lists")
    for statuses, words, hint in _STATUSES:
        if status in statuses:
            return _bad(asked, f"answers {status}, {known}: {words}", hint)
    return _bad(asked, f"answers {status}, {known}", "ask whoever runs it, or look at the url")


_STATUSES = (
    (range(401, 402), "it does not know us", "{credentials}"),
    (range(403, 404), "it does not let us in", "{credentials}"),
    (range(404, 405), "it has no page for {page}", "is its url the one of a simple index?"),
    (range(407, 408), "the proxy does not know us", "put the user into HTTPS_PROXY or HTTP_PROXY"),
    (range(429, 430), "it has been asked too often", "try again in a while"),
    (range(500, 600), "it is out of order", "try again in a while, or ask whoever runs it"),
)


def _of_silence(asked: Asked, seconds: float) -> tuple[str, str]:
    words = asked.answer.words
    return {
        Ending.NAME: (
            "its server's name is not known here",
            "is the url right? Is a VPN, a proxy (HTTPS_PROXY) or a name server missing?",
        ),
        Ending.UNREACHABLE: (
            f"its server cannot be reached ({words})",
            "is the port right, is it running, is there a firewall or a proxy (HTTPS_PROXY)?",
        ),
        Ending.UNTRUSTED: (
            f"its server is not trusted: TLS ({words})",
            "`poetry config certificates.{name}.cert FILE` names its authority, or SSL_CERT_FILE",
        ),
        Ending.TIMED_OUT: (
            f"did not answer within {seconds:g} s",
            "--timeout gives it longer; an install waits for UV_HTTP_TIMEOUT",
        ),
        Ending.PROXY: (
            f"the proxy does not let us through{f' ({words})' if words else ''}",
            "look at HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY",
        ),
    }.get(asked.answer.ending, (f"the connection broke ({words})", "try again in a while"))


def _bad(asked: Asked, text: str, hint: str) -> Finding:
    severity = Severity.ERROR if asked.is_needed else Severity.WARNING
    because = "" if asked.is_needed else "; no locked package is from it"
    filled = hint.format(credentials=_credentials_hint(asked), name=asked.index.name)
    return Finding(severity, asked.subject, text.replace("{page}", asked.page) + because, filled)


def _credentials_hint(asked: Asked) -> str:
    name = asked.index.name
    variable = f"POETRY_HTTP_BASIC_{name.upper().replace('-', '_')}"
    if asked.known is Known.ALL:
        return (
            f"are they right, and not expired? `http-basic.{name}` of Poetry's settings, the"
            f" keyring, {variable}_USERNAME and _PASSWORD, or the url have them"
        )
    return f"`poetry config http-basic.{name} USER PASSWORD`, or {variable}_USERNAME and _PASSWORD"

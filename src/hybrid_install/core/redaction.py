"""What may be shown: of a url everything but its userinfo and its query, of secrets nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

# `://`, also as JSON may escape it.
_AFTER_SCHEME = r"(:\\?/\\?/)"

# The patterns are texts, which `re` compiles and keeps where one is needed: for most runs none is,
# and they take longer than much else in it.

# The whole authority up to its last `@`, as `urlsplit` reads it: a password may hold one too.
# Where that finds none, `user:` and no port begin a password with a slash or a blank in it.
_USERINFO = rf"""(?x){_AFTER_SCHEME}(?:
      [^/?#\s]*@
    | [^/?#\s:@\[]*:(?!\d{{1,5}}(?:[/?#\s]|$))(?:(?!:\\?/\\?/)[^@\n])*@
    )"""

# A query may be a signature. Each url is looked at up to the next one: never twice.
_QUERY = r"(:\\?/\\?/(?:(?!:\\?/\\?/)[^?#\s])*\?)[^#\s\"'`<>()\[\]]+"

# A url within a url, such as a redirection's.
_ENCODED_USERINFO = r"(?i)(%3A%2F%2F)(?:(?!%2F)[^\s/?#&])*%40"
_ENCODED_QUERY = (
    r"(?i)(%3A%2F%2F(?:(?!%3A%2F%2F|%3F|%23)[^\s?#&])*%3F)(?:(?!%23)[^#&\s\"'`<>()\[\]])+"
)

_HEADER = r"""(?ix)
    (\bauthorization\W{1,8}(?:basic|bearer|digest|token)\s+|\b(?:private|job)-token:\s*)
    [^\s"',;]+"""

_USER_OF_SSH = r"(?:git\+)?ssh://[^:/@?#\s]+@[^@?\s]*"

_HIDDEN_VARIABLE = r"POETRY_HTTP_BASIC_.+_PASSWORD|POETRY_PYPI_TOKEN_.+|UV_INDEX_.+_PASSWORD"
_USER_VARIABLE = r"(POETRY_HTTP_BASIC_.+|UV_INDEX_.+)_USERNAME"
_VARIABLES = ("POETRY_", "UV_INDEX_")

_SHORTEST = 4
"""What is shorter is no secret, and stands in many a word."""

HIDDEN = "****"


def without_credentials(text: str) -> str:
    """`text` with the userinfo and the query of every url in it removed."""
    shown = text
    if "//" in shown or r"/\/" in shown:
        shown = re.sub(_USERINFO, r"\1", shown)
    if "%" in shown:
        shown = re.sub(_ENCODED_USERINFO, r"\1", shown)
    if "?" in shown:
        shown = re.sub(_QUERY, r"\1...", shown)
    if "%" in shown:
        shown = re.sub(_ENCODED_QUERY, r"\1...", shown)
    lowered = shown.lower()
    if "uthor" in lowered or "oken" in lowered:
        shown = re.sub(_HEADER, rf"\1{HIDDEN}", shown)
    return shown


def holds_secret(url: str) -> bool:
    """Whether there is more to it than may be shown; the user of ssh is no secret."""
    return without_credentials(url) != url and re.fullmatch(_USER_OF_SSH, url) is None


def secrets_in(environ: Mapping[str, str]) -> frozenset[str]:
    """The passwords and tokens among the variables of a run, ours or a tool's.

    A user without a password is a token.
    """
    found = (value for name, value in environ.items() if _is_secret(name, environ))
    return frozenset(value for value in found if len(value) >= _SHORTEST)


def _is_secret(name: str, environ: Mapping[str, str]) -> bool:
    if not name.startswith(_VARIABLES):
        return False
    user = re.fullmatch(_USER_VARIABLE, name)
    is_token = user is not None and not environ.get(f"{user.group(1)}_PASSWORD")
    return is_token or re.fullmatch(_HIDDEN_VARIABLE, name) is not None


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """`without_credentials`, with these secrets `hidden`."""
    return hidden(without_credentials(text), secrets)


def hidden(text: str, secrets: Iterable[str]) -> str:
    """`text` without these secrets, in any way in which a tool writes them."""
    shown = text
    forms = {form for secret in secrets for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        shown = shown.replace(form, HIDDEN)
    return shown


def _forms(secret: str) -> Iterator[str]:
    """Plain, as in a url, in JSON, and as Python shows it."""
    import json
    from urllib.parse import quote, quote_plus

    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    for quoted in (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret)):
        yield quoted[1:-1]
        yield quoted[1:-1].replace("/", r"\/")
    yield repr(secret.encode("utf-8", "replace"))[2:-1]

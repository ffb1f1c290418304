"""What may be shown of a url: everything but its userinfo and its query."""

from __future__ import annotations

import re

# The whole authority up to its last `@`, as `urlsplit` reads it: a password may hold one too.
# Where that finds none, `user:` and no port begin a password with a slash or a blank in it.
_USERINFO = re.compile(
    r"""(?<=://)(?:
      [^/?#\s]*@
    | [^/?#\s:@\[]*:(?!\d{1,5}(?:[/?#\s]|$))(?:(?!://)[^@\n])*@
    )""",
    re.VERBOSE,
)

# A query may be a signature.
_QUERY = re.compile(r"(://[^?#\s]*\?)[^#\s\"'`<>()\[\]]+")


def without_credentials(text: str) -> str:
    """`text` with the userinfo and the query of every url in it removed."""
    return _QUERY.sub(r"\1...", _USERINFO.sub("", text))

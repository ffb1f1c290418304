"""What may be shown of a url: everything but its userinfo and its query's values."""

from __future__ import annotations

import re

_USERINFO = re.compile(r"(?<=://)[^/@\s]*@")


def without_credentials(text: str) -> str:
    """`text` with the userinfo of every url in it removed."""
    return _USERINFO.sub("", text)

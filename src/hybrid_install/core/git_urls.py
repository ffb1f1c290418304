"""The door to poetry-core's reading of git urls (poetry/core/vcs/git.py)."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=256)
def git_url(url: str) -> str:
    """`url` as Poetry compares and records it: `git@host:a/b.git` is `ssh://git@host/a/b.git`.

    What poetry-core cannot read equals only itself.
    """
    from poetry.core.vcs.git import ParsedUrl

    try:
        return ParsedUrl.parse(url).url
    except ValueError:
        return url

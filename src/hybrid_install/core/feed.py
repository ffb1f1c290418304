"""How uv is told what to install."""

from __future__ import annotations

from enum import Enum


class Feed(Enum):
    """A pylock.toml with urls (PEP 751), or requirements, one index at a time."""

    PYLOCK = "pylock"
    REQUIREMENTS = "requirements"

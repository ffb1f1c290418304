"""The forms in which a map is written."""

from __future__ import annotations

from enum import Enum


class Format(Enum):
    """How the map is written."""

    REQUIREMENTS = "requirements"
    CONSTRAINTS = "constraints"
    PYLOCK = "pylock"
    JSON = "json"

"""The Poetry of this run of the tests, where what it can do depends on its age."""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest

RELEASE = tuple(map(int, re.findall(r"\d+", version("poetry"))[:2]))

KNOWS_DEPENDENCY_GROUPS = RELEASE >= (2, 2)
"""`[dependency-groups]` (PEP 735)."""


def since(major: int, minor: int, what: str) -> pytest.MarkDecorator:
    """For a test of something that older ones do not have, or do otherwise."""
    reason = f"{what}: Poetry {major}.{minor} is the first with it"
    return pytest.mark.skipif((major, minor) > RELEASE, reason=reason)

"""The stage is that of the end-to-end tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e.conftest import (
    index,
    lab,
    locksmith,
    oracle,
    outside,
    path_folder,
    sandbox,
    shared_sandbox,
    stage,
)
from support.index import Index
from support.scene import Market

__all__ = [
    "index",
    "lab",
    "locksmith",
    "oracle",
    "outside",
    "path_folder",
    "sandbox",
    "shared_sandbox",
    "stage",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real tools and a real index, as beside `tests/e2e/conftest.py`."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def market(index: Index) -> Market:
    """What all scenes share."""
    return Market.open(index)

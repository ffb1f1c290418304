"""The stage is that of the end-to-end tests."""

from __future__ import annotations

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

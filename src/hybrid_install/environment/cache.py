"""Where facts that cost a request are kept between runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

VARIABLE = "HYBRID_INSTALL_CACHE_DIR"


def cache_dir(environ: Mapping[str, str]) -> Path:
    """`HYBRID_INSTALL_CACHE_DIR`, or the platform's place."""
    if folder := environ.get(VARIABLE):
        return Path(folder)
    from platformdirs import user_cache_path

    return user_cache_path("hybrid-install", appauthor=False)

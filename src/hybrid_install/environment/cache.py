"""Where facts that cost a request are kept between runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hybrid_install.errors import TargetError

VARIABLE = "HYBRID_INSTALL_CACHE_DIR"


def cache_dir(environ: Mapping[str, str]) -> Path:
    """`HYBRID_INSTALL_CACHE_DIR`, or the platform's place."""
    if folder := environ.get(VARIABLE):
        return Path(folder)
    from platformdirs import user_cache_path

    try:
        return user_cache_path("hybrid-install", appauthor=False)
    except RuntimeError as error:  # a user whom this machine does not know
        raise TargetError(
            f"there is no home folder: {error}", hint=f"set HOME, or {VARIABLE}"
        ) from None

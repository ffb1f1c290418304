"""Locks older than 2.1, and `installer.re-resolve`: what Poetry solves again.

The installer's comparisons come here for what cannot be selected from the lock's own groups and
markers.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from poetry.core.packages.project_package import ProjectPackage
from upstream.comparison import IncomparableError
from upstream.conversion import lockfile

from hybrid_install.core.deferral import Ambiguity
from hybrid_install.core.dependencies import Root
from hybrid_install.core.markers import Environment
from hybrid_install.core.model import LockedPackage
from hybrid_install.core.selection import Wanted
from hybrid_install.core.walk import walk


def walked(
    project: ProjectPackage,
    lock: Mapping[str, Any],
    folder: Path,
    wanted: Wanted,
    environment: Environment,
) -> tuple[LockedPackage, ...]:
    """What a walk over `lock` selects for `project`, of which the tests have no document."""
    root = Root(project, str(folder))
    with patch.object(Root, "of", lambda *_: root):
        found = walk(lockfile(lock), {}, str(folder), wanted, environment)
    if isinstance(found, Ambiguity):
        raise IncomparableError(f"handed over to Poetry: {found.because}")
    return found

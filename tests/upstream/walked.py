"""The place for locks older than 2.1, and for `installer.re-resolve`: what Poetry solves again.

Both the installer's and the exporter's comparisons come here for whatever cannot be selected from
the lock's own groups and markers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from poetry.core.packages.project_package import ProjectPackage
from upstream.comparison import IncomparableError

from hybrid_install.core.markers import Environment
from hybrid_install.core.model import LockedPackage
from hybrid_install.core.selection import Wanted


def walk(
    root: ProjectPackage, lock: Mapping[str, Any], wanted: Wanted, environment: Environment
) -> tuple[LockedPackage, ...]:
    """What a walk over `lock` from the dependencies of `root` selects."""
    version = lock["metadata"]["lock-version"]
    raise IncomparableError(f"Poetry solves the lock again (lock version {version})")

"""Direct origins: where the lock says that a package comes from, and where it says so itself.

Mirrors `Locker._get_locked_package` (poetry/packages/locker.py),
`InstalledRepository._create_package_from_pep610` (poetry/repositories/installed_repository.py) and
`PackageSpecification.is_same_source_as` (poetry/core/packages/specification.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from hybrid_install.core.document import Table, optional, required, table_at
from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    LockedPackage,
    RegistrySource,
    UrlSource,
)
from hybrid_install.core.redaction import without_credentials

_DEVELOPED = frozenset({"directory", "git"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Anything but an index. `kind` is Poetry's source type; local urls are absolute paths."""

    kind: str
    url: str
    reference: str | None = None
    resolved_reference: str | None = None
    subdirectory: str | None = None
    develop: bool = False

    @property
    def text(self) -> str:
        """For people, without credentials."""
        commit = self.resolved_reference or self.reference
        at = f"@{commit}" if commit else ""
        below = f"#subdirectory={self.subdirectory}" if self.subdirectory else ""
        editable = " (editable)" if self.develop else ""
        return f"{self.kind} {without_credentials(self.url)}{at}{below}{editable}"


def locked_origin(package: LockedPackage, absolute: Callable[[str], str]) -> Origin | None:
    """The origin of a locked package, None for one from an index.

    `absolute` resolves a path of the lock, which is relative to the lock's folder.
    """
    match package.source:
        case GitSource(url, reference, resolved, subdirectory):
            return Origin("git", url, reference, resolved, subdirectory, package.develop)
        case UrlSource(url, subdirectory):
            return Origin("url", url, subdirectory=subdirectory)
        case FileSource(path, subdirectory):
            return Origin("file", absolute(path), subdirectory=subdirectory)
        case DirectorySource(path):
            return Origin("directory", absolute(path), develop=package.develop)
        case RegistrySource():
            return None


def installed_origin(direct_url: Table) -> Origin:
    """The origin in a parsed direct_url.json (PEP 610); `InvalidDataError` for anything else."""
    url = required(direct_url, "url", str)
    subdirectory = optional(direct_url, "subdirectory", str)
    if "vcs_info" in direct_url:
        vcs = table_at(direct_url, "vcs_info")
        commit = required(vcs, "commit_id", str)
        reference = optional(vcs, "requested_revision", str) or commit
        return Origin(required(vcs, "vcs", str), url, reference, commit, subdirectory)
    if "dir_info" in direct_url:
        editable = optional(table_at(direct_url, "dir_info"), "editable", bool)
        return Origin("directory", _path(url), subdirectory=subdirectory, develop=bool(editable))
    if url.startswith("file:"):
        return Origin("file", _path(url), subdirectory=subdirectory)
    return Origin("url", url, subdirectory=subdirectory)


def _path(url: str) -> str:
    return unquote(urlsplit(url).path).rstrip("/") or "/"


def is_same_origin(locked: Origin | None, installed: Origin | None) -> bool:
    """Whether Poetry would leave the installed one as it is (`Transaction.calculate_operations`).

    A resolved reference that is the same settles the matter; else one reference must begin with
    the other.
    """
    if locked is None or installed is None:
        return locked is installed
    if _place(locked) != _place(installed):
        return False
    if locked.kind in _DEVELOPED and locked.develop != installed.develop:
        return False
    resolved = locked.resolved_reference, installed.resolved_reference
    if all(resolved):
        return resolved[0] == resolved[1]
    return _references_agree(locked.reference or "", installed.reference or "")


def _place(origin: Origin) -> tuple[str, str, str]:
    return origin.kind, origin.url, origin.subdirectory or ""


def _references_agree(left: str, right: str) -> bool:
    if not (left and right):
        return left == right
    return left.startswith(right) or right.startswith(left)

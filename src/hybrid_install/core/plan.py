"""What will be done, and why: the selection against what is installed.

A plan is a value that can be printed, serialized and tested; making one changes nothing. The
comparison mirrors `Transaction.calculate_operations` (poetry/puzzle/transaction.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from hybrid_install.core.deferral import (
    Ambiguity,
    BuildPolicy,
    Deferral,
    Handover,
    deferral,
)
from hybrid_install.core.distribution import Distribution, Installed, is_from
from hybrid_install.core.file_choice import Tags, files_of
from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    Index,
    LockedFile,
    LockedPackage,
    NormalizedName,
    RegistrySource,
    UrlSource,
)
from hybrid_install.core.project import Project
from hybrid_install.core.redaction import without_credentials
from hybrid_install.core.selection import several_versions
from hybrid_install.core.versions import same_version
from hybrid_install.errors import ProjectError


class Action(Enum):
    """What happens to one distribution."""

    KEEP = "keep"
    INSTALL = "install"
    REINSTALL = "reinstall"
    DEFER = "defer"
    REMOVE = "remove"
    PROVIDED = "provided"


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the plan.

    `source` says where the files come from, credentials removed; `reason` why the action was
    chosen, empty where there is nothing to add. `package` and `index` are None for a removal,
    `index` also for anything that is not from an index. `files` are those that fit, best first.
    """

    name: NormalizedName
    version: str
    action: Action
    source: str
    reason: str = ""
    package: LockedPackage | None = None
    index: Index | None = None
    files: tuple[LockedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """All operations, sorted by name and version.

    With a `handover` the whole run is Poetry's and there are no operations of ours.
    """

    operations: tuple[Operation, ...]
    handover: Handover | Ambiguity | None = None

    def having(self, *actions: Action) -> tuple[Operation, ...]:
        """The operations with one of these actions."""
        return tuple(operation for operation in self.operations if operation.action in actions)

    @property
    def bulk(self) -> tuple[Operation, ...]:
        """What uv installs."""
        return self.having(Action.INSTALL, Action.REINSTALL)

    def leaving(self, left: Mapping[NormalizedName, Deferral]) -> Plan:
        """The same plan with these packages deferred, where uv was to install them."""
        if not left:
            return self
        bulk = {(each.name, each.version) for each in self.bulk}
        operations = tuple(
            replace(each, action=Action.DEFER, reason=left[each.name].value)
            if (each.name, each.version) in bulk and each.name in left
            else each
            for each in self.operations
        )
        return replace(self, operations=operations)

    @property
    def leaves_work_to_poetry(self) -> bool:
        """Whether Poetry has packages to install."""
        return self.handover is not None or bool(self.having(Action.DEFER))

    @property
    def is_done(self) -> bool:
        """Whether everything is there as it is to be."""
        there = self.having(Action.KEEP, Action.PROVIDED)
        return self.handover is None and len(there) == len(self.operations)


@dataclass(frozen=True, slots=True)
class Policy:
    """What bears on the plan besides the selection.

    `tags` are the target's, None where they are unknown or every target is meant. `unreached` are
    the locked names that a solution leaves out, of which `sync` spares none. Where the
    target is no environment (not `is_virtual`) it may be Poetry's own interpreter, and ours: uv
    only adds to it. What Poetry removes or replaces there, with pip's scruples for what the system
    manages, may be what Poetry is made of. `disproved` says of what is installed why it cannot be
    what is locked, where only the receipt knows. `provided` are names that are left alone
    (core/provided.py), with the version that is there, empty where nobody has looked.
    """

    build: BuildPolicy
    tags: Tags | None = None
    unreached: frozenset[NormalizedName] = frozenset()
    sync: bool = False
    no_directory: bool = False
    is_virtual: bool = True
    disproved: Mapping[NormalizedName, str] = field(default_factory=dict)
    provided: Mapping[NormalizedName, str] = field(default_factory=dict)


def make_plan(
    selected: Iterable[LockedPackage], installed: Installed, project: Project, policy: Policy
) -> Plan:
    """Compare what is selected with what is installed.

    `ProjectError` where a package names a source that pyproject does not have.
    """
    packages = tuple(selected)
    doubled = several_versions(packages)
    operations = [
        _operation(package, installed.get(package.name), project, policy, package.name in doubled)
        for package in packages
        if not _is_skipped(package, installed, policy)
    ]
    if policy.sync:
        operations += _removals(packages, installed, project, policy)
    return Plan(tuple(sorted(operations, key=lambda each: (each.name, each.version))))


def _is_skipped(package: LockedPackage, installed: Installed, policy: Policy) -> bool:
    """`--no-directory`: directories are not newly installed."""
    is_directory = isinstance(package.source, DirectorySource)
    return policy.no_directory and is_directory and package.name not in installed


def _operation(
    package: LockedPackage,
    present: Distribution | None,
    project: Project,
    policy: Policy,
    doubled: bool,
) -> Operation:
    index = index_of(package, project)
    source = source_text(package, index)

    files = files_of(package, policy.tags, policy.build.binary)

    def of(action: Action, reason: str = "") -> Operation:
        return Operation(
            package.name, package.version, action, source, reason, package, index, files
        )

    if package.name in policy.provided:
        version = policy.provided[package.name]
        return of(Action.PROVIDED, f"the environment has {version}" if version else "")
    if doubled:
        return of(Action.DEFER, Deferral.SEVERAL_VERSIONS.value)
    wrong = _what_is_wrong(package, present)
    unseen = _what_poetry_does_not_see(present, policy) if present and not wrong else ""
    if present and not (wrong or unseen):
        return of(Action.KEEP)
    if present and _builds_another_version(package, present):
        return of(Action.DEFER, Deferral.BUILT_VERSION.value)
    reason = deferral(package, index, files, policy.build, policy.tags)
    if present and not reason:
        reason = _replaced_by_poetry(package, present, policy)
    if reason:
        return of(Action.KEEP) if unseen else of(Action.DEFER, reason.value)
    return of(Action.REINSTALL, wrong or unseen) if present else of(Action.INSTALL)


def _what_is_wrong(package: LockedPackage, present: Distribution | None) -> str:
    """Why an installed distribution is not the locked one; empty where nothing is wrong."""
    if present is None:
        return "is not installed"
    if not same_version(present.version, package.version):
        return f"{present.version} is installed"
    if not present.is_whole:
        return "an earlier installation of it was cut off"
    if is_from(package, present.origin):
        return ""
    if present.origin is None:
        return "is installed from an index"
    return f"is installed from {without_credentials(present.origin.url)}"


def _what_poetry_does_not_see(present: Distribution, policy: Policy) -> str:
    """Why what Poetry would keep is installed again; left to Poetry it would stay."""
    if present.hides:
        return f"{' and '.join(present.hides)} is installed beside it"
    return "" if present.is_system else policy.disproved.get(present.name, "")


def _builds_another_version(package: LockedPackage, present: Distribution) -> bool:
    """A project or repository with a dynamic version, of which Poetry builds anew each time."""
    is_project = isinstance(package.source, DirectorySource | GitSource)
    is_other = not same_version(present.version, package.version)
    return is_project and is_other and is_from(package, present.origin)


def _replaced_by_poetry(
    package: LockedPackage, present: Distribution, policy: Policy
) -> Deferral | None:
    """Why Poetry, not uv, replaces what is there. What was cut off only uv installs again."""
    if present.has_checkout:
        return Deferral.CHECKOUT
    if present.is_legacy:
        return Deferral.LEGACY
    is_cut_off = not present.is_whole and same_version(present.version, package.version)
    return None if policy.is_virtual or is_cut_off else Deferral.OWN_INTERPRETER


def _removals(
    packages: tuple[LockedPackage, ...], installed: Installed, project: Project, policy: Policy
) -> list[Operation]:
    """Whatever is not selected, but neither the root nor a pip that the lock does not manage.

    A pip that is locked and left out of the solution is not spared, as nothing of it is.

    What the system's site-packages hold is never removed.
    """
    spared = {project.name, NormalizedName("pip")} - policy.unreached
    spared |= policy.provided.keys()
    kept = {package.name for package in packages} | spared
    return [
        _removal(present, policy)
        for name, present in installed.items()
        if name not in kept and not present.is_system
    ]


def _removal(present: Distribution, policy: Policy) -> Operation:
    def of(action: Action, reason: str) -> Operation:
        return Operation(present.name, present.version, action, "", reason)

    if policy.is_virtual and present.is_legacy:
        return of(Action.DEFER, Deferral.LEGACY.value)
    reason = "is not selected from the lock"
    if policy.is_virtual:
        return of(Action.REMOVE, reason)
    return of(Action.DEFER, f"{reason}: Poetry removes it")


def index_of(package: LockedPackage, project: Project) -> Index | None:
    """The index that a registry package is locked to, None for all others.

    `Chooser._get_repository` (poetry/installation/chooser.py): the source is looked up by name;
    the lock's url for it does not matter.
    """
    if not isinstance(package.source, RegistrySource):
        return None
    if package.source.reference is None:
        return project.unnamed_index
    index = project.index_named(package.source.reference)
    if index is None:
        raise ProjectError(
            f'Repository "{package.source.reference}" does not exist.',
            hint=f"poetry.lock takes {package.pin} from it: add it as [[tool.poetry.source]]"
            " to pyproject.toml, or lock again",
        )
    return index


def source_text(package: LockedPackage, index: Index | None) -> str:
    """Where the package's files come from, for people and for JSON."""
    match package.source:
        case RegistrySource():
            if index is None or index.url is None:
                return "the default index"
            return f"{index.name} ({without_credentials(index.url)})"
        case GitSource(url, reference, resolved):
            return without_credentials(f"git+{url}@{resolved or reference or 'HEAD'}")
        case UrlSource(url):
            return without_credentials(url)
        case FileSource(path) | DirectorySource(path):
            return path

"""Why something is left to Poetry. Each reason is a sentence: in the plan and in the docs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    Index,
    LockedFile,
    LockedPackage,
    NormalizedName,
    UrlSource,
)
from hybrid_install.core.project import is_single_page

_SDIST_FORMATS_OF_UV = (".tar.gz", ".zip")

# `Chooser._get_links` (poetry/installation/chooser.py) drops these.
_NEVER_INSTALLED = (".egg", ".exe", ".msi", ".rpm", ".srpm")


class Deferral(Enum):
    """Why Poetry installs one package."""

    GIT = "it is a git dependency"
    URL = "it is an archive behind a url"
    FILE = "it is an archive on disk"
    DIRECTORY = "it is a project on disk"
    SINGLE_PAGE = "its source is a single page of links"
    CERTIFICATES = "its source has certificates of its own in Poetry's configuration"
    NO_HASHES = "the lock holds no hashes for it"
    WEAK_HASH = "the lock holds a hash that uv does not verify"
    FILE_FORMAT = "uv refuses the format of its files"
    SEVERAL_VERSIONS = "the lock selects several versions of it"
    BINARY_POLICY = "installer.no-binary or installer.only-binary is set for it"
    BUILD_SETTINGS = "it has build constraints or build-config-settings of its own"
    CHECKOUT = "a folder of its name is in the environment's src: Poetry takes it for a checkout"
    OWN_INTERPRETER = "it replaces a package of the interpreter that Poetry installs into"


class Handover(Enum):
    """Why the whole run is Poetry's."""

    OLD_LOCK = "the lock is older than version 2.1: its packages have neither groups nor markers"
    RE_RESOLVE = "installer.re-resolve is on: Poetry solves the lock again"
    UNKNOWN_INTERPRETER = (
        "virtualenvs.create is false, and Poetry's launcher does not name its interpreter"
    )
    READ_ONLY_INTERPRETER = (
        "virtualenvs.create is false, and Poetry's interpreter cannot be written to"
    )
    BROKEN_ENVIRONMENT = "virtualenvs.create is false, and the active environment is broken"
    VIRTUALENV_OPTIONS = "virtualenvs.options ask for what only Poetry's virtualenv does"


@dataclass(frozen=True, slots=True)
class BuildPolicy:
    """Poetry's settings that bear on which file is installed, and how.

    `binary_policy_for` and `build_settings_for` hold normalized names; `:all:` stands for every
    package. `with_certificates` holds sources by their `certificate_name`.
    """

    binary_policy_for: frozenset[str] = frozenset()
    build_settings_for: frozenset[NormalizedName] = frozenset()
    with_certificates: frozenset[str] = frozenset()


def deferral(package: LockedPackage, index: Index | None, policy: BuildPolicy) -> Deferral | None:
    """Why uv cannot install `package` exactly as locked, None where it can."""
    match package.source:
        case GitSource():
            return Deferral.GIT
        case UrlSource():
            return Deferral.URL
        case FileSource():
            return Deferral.FILE
        case DirectorySource():
            return Deferral.DIRECTORY
    assert index is not None, "a registry package has an index"  # noqa: S101
    return _source_deferral(index, policy) or _file_deferral(package, policy)


def certificate_name(source: str) -> str:
    """A source's name as far as `POETRY_CERTIFICATES_<NAME>_CERT` tells it apart from others."""
    return source.lower().replace("_", "-")


def _source_deferral(index: Index, policy: BuildPolicy) -> Deferral | None:
    if is_single_page(index):
        return Deferral.SINGLE_PAGE
    if certificate_name(index.name) in policy.with_certificates:
        return Deferral.CERTIFICATES
    return None


def _file_deferral(package: LockedPackage, policy: BuildPolicy) -> Deferral | None:
    if not package.files:
        return Deferral.NO_HASHES
    if _needs_a_refused_format(package):
        return Deferral.FILE_FORMAT
    usable = usable_files(package)
    if not all(file.hash.is_strong for file in usable):
        return Deferral.WEAK_HASH
    if policy.binary_policy_for & {package.name, ":all:"}:
        return Deferral.BINARY_POLICY
    if package.name in policy.build_settings_for:
        return Deferral.BUILD_SETTINGS
    return None


def _needs_a_refused_format(package: LockedPackage) -> bool:
    """Whether a target may exist for which only a file of a format that uv refuses is left."""
    usable = usable_files(package)
    fits_everywhere = any(file.name.endswith("-none-any.whl") for file in usable)
    refused = [
        file
        for file in package.files
        if file not in usable and not file.name.endswith(_NEVER_INSTALLED)
    ]
    return not usable or (bool(refused) and not fits_everywhere)


def usable_files(package: LockedPackage) -> tuple[LockedFile, ...]:
    """The files that both Poetry and uv (0.12 and later) accept."""
    return tuple(
        file for file in package.files if file.is_wheel or file.name.endswith(_SDIST_FORMATS_OF_UV)
    )

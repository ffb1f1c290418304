"""Why something is left to Poetry. Each reason is a sentence: in the plan and in the docs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlsplit

from hybrid_install.core.credentials import split_userinfo
from hybrid_install.core.file_choice import BinaryPolicy, Tags, is_foreign, is_undecided
from hybrid_install.core.git_urls import git_url
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

_FORMATS_OF_UV = (".whl", ".tar.gz", ".zip")

_SCHEMES_OF_UV = frozenset({"https", "ssh", "file"})


class Deferral(Enum):
    """Why Poetry installs one package."""

    GIT_DEVELOP = "it is a git dependency in develop mode: Poetry checks it out on every run"
    GIT_REFERENCE = "the lock does not name the commit of its repository"
    GIT_CREDENTIALS = "its repository's url is one that Poetry has credentials for"
    GIT_SCHEME = "uv fetches repositories by https, ssh and file urls only"
    NO_GIT = "there is no git on this machine, and Poetry needs none"
    URL_CREDENTIALS = "its locked url holds credentials, which Poetry records and uv does not"
    RESTLESS = "Poetry does not recognize what it records of it, and installs it on every run"
    CLIENT_CERTIFICATE = "its source's client certificate is not one that uv can be given"
    FOREIGN_WHEEL = "it is a wheel for another platform, at which Poetry does not look"
    FOREIGN_CREDENTIALS = "its host is one of a repository of Poetry's that is no source"
    NO_HASHES = "the lock holds no hashes for it"
    WEAK_HASH = "the lock holds a hash that uv does not verify"
    FILE_FORMAT = "uv refuses the format of its file"
    NO_FILE = "no file that the lock names fits this Python and platform"
    EQUAL_FILES = "several of its files fit equally well: the index's order decides"
    YANKED_FILES = "its index states no hashes by which uv could be asked what is yanked"
    SEVERAL_VERSIONS = "the lock selects several versions of it"
    BUILT_VERSION = "the version that its project builds is not the locked one"
    BUILD_CONSTRAINTS = "its build constraints are not plain versions"
    CHECKOUT = "a folder of its name is in the environment's src: Poetry takes it for a checkout"
    LEGACY = "an .egg-info of it is installed, which only pip removes: Poetry asks pip"
    OWN_INTERPRETER = "it replaces a package of the interpreter that Poetry installs into"


class Handover(Enum):
    """Why the whole run is Poetry's."""

    UNKNOWN_INTERPRETER = (
        "virtualenvs.create is false, and Poetry's launcher does not name its interpreter"
    )
    READ_ONLY_INTERPRETER = (
        "virtualenvs.create is false, and Poetry's interpreter cannot be written to"
    )
    BROKEN_ENVIRONMENT = "virtualenvs.create is false, and the active environment is broken"
    VIRTUALENV_OPTIONS = "virtualenvs.options ask for what only Poetry's virtualenv does"


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """What only Poetry's solver can settle, or refuse: the whole run is Poetry's too.

    `because` is the end of a sentence that names the package.
    """

    because: str

    @property
    def value(self) -> str:
        """The reason, as a `Handover` has it."""
        return f"only Poetry's solver can tell what the lock selects: {self.because}"


@dataclass(frozen=True, slots=True)
class BuildPolicy:
    """What Poetry's settings and the machine say of files, builds and repositories.

    `odd_constraints` are the names whose build constraints uv cannot be told; `refused` are the
    sources, by name, whose client certificate it cannot be given; `git_urls` the repositories
    that Poetry has credentials for; `hosts` those of Poetry's `repositories` that are no
    sources, whose credentials and certificates uv is not given.
    """

    binary: BinaryPolicy = field(default_factory=BinaryPolicy)
    odd_constraints: frozenset[NormalizedName] = frozenset()
    refused: frozenset[str] = frozenset()
    git_urls: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    has_git: bool = True


def deferral(
    package: LockedPackage,
    index: Index | None,
    files: tuple[LockedFile, ...],
    policy: BuildPolicy,
    tags: Tags | None,
) -> Deferral | None:
    """Why uv cannot install `package` exactly as locked, None where it can.

    `files` are the candidates for the target, best first.
    """
    match package.source:
        case GitSource() as source:
            found = _of_git(source, develop=package.develop, policy=policy)
        case UrlSource(url) if split_userinfo(url)[1] is not None:
            found = Deferral.URL_CREDENTIALS
        case UrlSource(subdirectory=str()) | FileSource(subdirectory=str()):
            # `Executor._create_url_url_reference` leaves it out.
            found = Deferral.RESTLESS
        case FileSource(location=place) | DirectorySource(location=place) if "%" in place:
            # `url_to_path` (poetry-core) unquotes twice.
            found = Deferral.RESTLESS
        case UrlSource(url) if urlsplit(url).netloc in policy.hosts:
            found = Deferral.FOREIGN_CREDENTIALS
        case UrlSource() | FileSource():
            is_foreign_wheel = bool(files) and is_foreign(files[0], tags)
            found = Deferral.FOREIGN_WHEEL if is_foreign_wheel else _of_file(files)
        case DirectorySource():
            found = None
        case _:
            assert index is not None, "a registry package has an index"  # noqa: S101
            found = _of_index(package, index, files, policy, tags)
    return found or _of_build(package, files, policy)


def _scheme(url: str) -> str:
    """Empty where that cannot be told, as of `git@[h:a`."""
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def _of_git(source: GitSource, *, develop: bool, policy: BuildPolicy) -> Deferral | None:
    if develop:
        return Deferral.GIT_DEVELOP
    if source.commit is None:
        return Deferral.GIT_REFERENCE
    scheme = _scheme(git_url(source.url))
    if scheme not in _SCHEMES_OF_UV:
        return Deferral.GIT_SCHEME
    who = split_userinfo(source.url)[1] if "://" in source.url else None
    # The user of ssh is no secret, but uv would put a password into git's command line.
    if who is not None and (scheme == "https" or who.password):
        return Deferral.URL_CREDENTIALS
    if source.url in policy.git_urls:
        return Deferral.GIT_CREDENTIALS
    return None if policy.has_git else Deferral.NO_GIT


def _of_index(
    package: LockedPackage,
    index: Index,
    files: tuple[LockedFile, ...],
    policy: BuildPolicy,
    tags: Tags | None,
) -> Deferral | None:
    if index.name in policy.refused:
        return Deferral.CLIENT_CERTIFICATE
    if package.files and not files:
        return Deferral.NO_FILE
    if is_undecided(files, tags):
        return Deferral.EQUAL_FILES
    return _of_file(files)


def _of_file(files: tuple[LockedFile, ...]) -> Deferral | None:
    if not files:
        return Deferral.NO_HASHES
    if not files[0].name.endswith(_FORMATS_OF_UV):
        return Deferral.FILE_FORMAT
    return None if files[0].hash.is_strong else Deferral.WEAK_HASH


def _of_build(
    package: LockedPackage, files: tuple[LockedFile, ...], policy: BuildPolicy
) -> Deferral | None:
    # The index may have lost the wheel that is locked.
    may_be_built = not files or not all(file.is_wheel for file in files)
    is_odd = may_be_built and package.name in policy.odd_constraints
    return Deferral.BUILD_CONSTRAINTS if is_odd else None


def usable_files(files: tuple[LockedFile, ...]) -> tuple[LockedFile, ...]:
    """Those of the candidates that uv can be told: of a format and with a hash that it takes."""
    return tuple(
        file for file in files if file.name.endswith(_FORMATS_OF_UV) and file.hash.is_strong
    )

"""Whether what is installed is what is locked, and how its origin is recorded: as Poetry does."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from poetry.core.packages.package import Package
from poetry.core.packages.project_package import ProjectPackage
from poetry.installation.executor import Executor
from poetry.packages.transitive_package_info import TransitivePackageInfo
from poetry.puzzle.transaction import Transaction
from poetry.repositories.installed_repository import InstalledRepository
from poetry.utils.env import MockEnv
from support.distributions import dist_info
from support.fakes import interpreter, locked, project

from hybrid_install.core.deferral import BuildPolicy
from hybrid_install.core.distribution import origin_of
from hybrid_install.core.model import (
    DirectorySource,
    DirectSource,
    FileSource,
    GitSource,
    Hash,
    Index,
    LockedFile,
    LockedPackage,
    RegistrySource,
    Source,
    UrlSource,
)
from hybrid_install.core.plan import Action, Policy, make_plan
from hybrid_install.core.requirements import DirectRequirement
from hybrid_install.environment.installed import installed
from hybrid_install.environment.origins import direct_url

pytestmark = pytest.mark.conformance

MANY = settings(max_examples=250)

PRIVATE = Index("private", "https://private.invalid/simple")
COMMITS = ["c0ffee" * 6 + "beef", "0123456789abcdef0123456789abcdef01234567"]
REPOSITORIES = [
    "https://x.invalid/o/a",
    "https://x.invalid/o/a.git",
    "https://me@x.invalid/o/a.git",
    "git@x.invalid:o/a.git",
    "ssh://git@x.invalid/o/a.git",
    "git+https://x.invalid/o/a.git",
]
URLS = [
    "https://x.invalid/a-1.0.whl",
    "https://x.invalid/a-1.0.whl#sha256=00",
    "https://x.invalid/a%201.0.zip?x=y",
    "https://me:secret@x.invalid/a.zip",
]
PLACES = ["/src/a", "/src/a b", "/src/ü%20", "/src/b#c"]
REFERENCES = ["main", "mai", "v1.0", COMMITS[0], COMMITS[0][:7], "HEAD"]

some_subdirectory = st.sampled_from([None, None, "sub", "sub/dir"])
repositories = st.builds(
    GitSource,
    st.sampled_from(REPOSITORIES),
    st.sampled_from(REFERENCES),
    st.sampled_from(COMMITS),
    some_subdirectory,
)
archives = st.builds(UrlSource, st.sampled_from(URLS), some_subdirectory)
files = st.builds(FileSource, st.just("a.zip"), some_subdirectory, st.sampled_from(PLACES))
folders = st.builds(DirectorySource, st.just("a"), st.sampled_from(PLACES))
registries = st.sampled_from([RegistrySource(), RegistrySource("private")])
direct_sources: st.SearchStrategy[DirectSource] = st.one_of(repositories, archives, files, folders)
sources: st.SearchStrategy[Source] = st.one_of(direct_sources, registries)


def locked_from(source: Source, *, develop: bool) -> LockedPackage:
    package = locked("a", source=source)
    can_develop = isinstance(source, DirectorySource | GitSource)
    return LockedPackage(
        package.name,
        package.version,
        source,
        package.groups,
        {},
        package.files,
        develop=develop and can_develop,
    )


def of_poetry(package: LockedPackage) -> Package:
    """The same package as Poetry's `Locker` makes it (`_get_locked_package`)."""
    facts: dict[str, Any] = {}
    match package.source:
        case RegistrySource(str(reference)):
            facts = {"source_type": "legacy", "source_url": PRIVATE.url}
            facts["source_reference"] = reference
        case GitSource(url, reference, resolved, subdirectory):
            facts = {"source_type": "git", "source_url": url, "source_reference": reference}
            facts["source_resolved_reference"] = resolved
            facts["source_subdirectory"] = subdirectory
        case UrlSource(url, subdirectory):
            facts = {"source_type": "url", "source_url": url, "source_subdirectory": subdirectory}
        case FileSource(location=location, subdirectory=subdirectory):
            facts = {"source_type": "file", "source_url": location}
            facts["source_subdirectory"] = subdirectory
        case DirectorySource(location=location):
            facts = {"source_type": "directory", "source_url": location}
    theirs = Package(package.name, package.version, **facts)
    theirs.develop = package.develop
    theirs.files = [{"file": each.name, "hash": str(each.hash)} for each in package.files]
    return theirs


Document = Mapping[str, Any]


def file_url(place: str) -> str:
    return Path(place).as_uri()


@st.composite
def any_direct_url(draw: st.DrawFn) -> Document:
    """direct_url.json (PEP 610) of any installer."""
    subdirectory = draw(some_subdirectory)
    below = {"subdirectory": subdirectory} if subdirectory else {}
    kind = draw(st.sampled_from(["archive", "file", "directory", "vcs"]))
    hashes = draw(st.sampled_from([{}, {"hashes": {"sha256": "00"}}, {"hash": "sha256=00"}]))
    if kind == "archive":
        return {"url": draw(st.sampled_from(URLS)), "archive_info": hashes, **below}
    if kind == "file":
        url = file_url(draw(st.sampled_from(PLACES)))
        return {"url": url, "archive_info": hashes, **below}
    if kind == "directory":
        url = file_url(draw(st.sampled_from(PLACES))) + draw(st.sampled_from(["", "/"]))
        info = draw(st.sampled_from([{}, {"editable": True}, {"editable": False}]))
        return {"url": url, "dir_info": info, **below}
    vcs = {"vcs": draw(st.sampled_from(["git", "git", "hg"]))}
    vcs["commit_id"] = draw(st.sampled_from(COMMITS))
    if reference := draw(st.sampled_from([None, *REFERENCES])):
        vcs["requested_revision"] = reference
    return {"url": draw(st.sampled_from(REPOSITORIES)), "vcs_info": vcs, **below}


@st.composite
def situations(draw: st.DrawFn) -> tuple[LockedPackage, Document | None, str]:
    """A locked package, the origin of what is installed, and its version."""
    package = locked_from(draw(sources), develop=draw(st.booleans()))
    version = draw(st.sampled_from(["1.0", "1.0", "1.0.0", "1.1"]))
    fate = draw(st.integers(0, 3))
    if fate == 0 or isinstance(package.source, RegistrySource):
        return package, draw(st.none() | any_direct_url()), version
    if fate == 1:
        return package, draw(any_direct_url()), version
    like = package.source if fate == 2 else draw(direct_sources)
    return package, as_recorded(like, develop=draw(st.booleans())), version


def as_recorded(source: DirectSource, *, develop: bool) -> Document:
    package = locked_from(source, develop=develop)
    name, version = package.name, package.version
    return direct_url(DirectRequirement(name, version, source, None, package.develop))


@MANY
@given(situations())
def test_what_is_kept(
    tally: Counter[str], situation: tuple[LockedPackage, Document | None, str]
) -> None:
    """Install skipped, or update: `Transaction.calculate_operations`, after a look on the disk."""
    package, document, version = situation
    with TemporaryDirectory() as name:
        prefix = Path(name).resolve()
        site = prefix / "lib" / "python3.11" / "site-packages"
        text = {} if document is None else {"direct_url.json": json.dumps(document)}
        dist_info(site, "a", version, files=text)
        env = MockEnv(path=prefix, is_venv=True, sys_path=[str(site)])
        env._purelib = env._platlib = site
        there = InstalledRepository.load(env).packages
        here = installed(interpreter(prefix, sys_path=(site,), site_packages=(site,)))
    theirs = is_kept_by_poetry(package, there)
    (operation,) = make_plan([package], here, project(PRIVATE), Policy(BuildPolicy())).operations
    tally.update(["origins"])
    assert (operation.action is Action.KEEP) is theirs
    tally.update(["origins equal"])


def is_kept_by_poetry(package: LockedPackage, there: list[Package]) -> bool:
    result = {of_poetry(package): TransitivePackageInfo(0, {"main"}, {})}  # type: ignore[arg-type]
    root = ProjectPackage("root", "1")
    transaction = Transaction([], result, installed_packages=there, root_package=root)
    (operation,) = transaction.calculate_operations()
    assert operation.job_type in {"install", "update"}
    assert operation.skipped is (operation.job_type == "install")
    return operation.skipped


def _is_below(source: DirectSource) -> bool:
    return isinstance(source, UrlSource | FileSource) and source.subdirectory is not None


def executor(hashes: Mapping[str, str]) -> Executor:
    """Poetry's executor as far as it writes direct_url.json."""
    theirs: Executor = Executor.__new__(Executor)
    theirs._hashes = dict(hashes)
    return theirs


def written_by_poetry(package: Package, folder: Path, hashes: Mapping[str, str]) -> Any:
    """`Executor._save_url_reference`, for a distribution in `folder`."""
    info = dist_info(folder, "a")
    theirs = executor(hashes)
    theirs._env = Mock()
    theirs._env.site_packages.distributions.return_value = [Mock(_path=info)]
    theirs._save_url_reference(Mock(job_type="install", package=package))
    return json.loads((info / "direct_url.json").read_text("utf-8"))


@MANY
@given(direct_sources, st.booleans())
def test_the_record_of_an_origin(tally: Counter[str], source: DirectSource, develop: bool) -> None:
    package = locked_from(source, develop=develop)
    if isinstance(source, GitSource) and package.develop:
        return  # It is deferred: what Poetry makes of it is a directory.
    is_archive = isinstance(source, UrlSource | FileSource)
    hashes = {"a": "sha256:00"} if is_archive else {}
    with TemporaryDirectory() as name:
        theirs = written_by_poetry(of_poetry(package), Path(name), hashes)
    file = LockedFile("a", Hash("sha256", "00")) if is_archive else None
    requirement = DirectRequirement(package.name, "1.0", source, file, package.develop)
    tally.update(["records of origins"])
    assert direct_url(requirement) == theirs
    tally.update(["records of origins equal"])


@MANY
@given(direct_sources, st.booleans())
def test_what_poetry_has_recorded_is_the_origin_of_the_source(
    source: DirectSource, develop: bool
) -> None:
    """But for what Poetry forgets, and then installs again on every run.

    An archive's subdirectory, and a percent sign in a path.
    """
    package = locked_from(source, develop=develop)
    if isinstance(source, GitSource) and package.develop:
        return
    with TemporaryDirectory() as name:
        prefix = Path(name).resolve()
        site = prefix / "lib" / "python3.11" / "site-packages"
        written_by_poetry(of_poetry(package), site, {})
        (found,) = installed(interpreter(prefix, sys_path=(site,), site_packages=(site,))).values()
    assert found.origin is not None
    forgets = _is_below(source) or "%" in getattr(source, "location", "")
    assert found.origin.is_of(source, develop=package.develop) is not forgets
    if not forgets:
        expected = origin_of(source, develop=package.develop)
        assert (found.origin.kind, found.origin.url) == (expected.kind, expected.url)


@pytest.mark.parametrize("algorithms", [("sha256",), ("sha512", "sha256"), ("md5", "sha256")])
def test_the_hash_in_the_record_of_an_archive(algorithms: tuple[str, ...], tmp_path: Path) -> None:
    """`Executor._validate_archive_hash`: of the algorithms that the lock has for this file."""
    archive = tmp_path / "a-1.0-py3-none-any.whl"
    archive.write_bytes(b"a wheel")
    known = [
        LockedFile(archive.name, Hash(name, hashlib.new(name, b"a wheel").hexdigest()))
        for name in algorithms
    ]
    package = locked("a", source=FileSource(archive.name, None, str(archive)), files=known)
    theirs = Executor._validate_archive_hash(archive, of_poetry(package))
    (operation,) = make_plan([package], {}, project(), Policy(BuildPolicy())).operations
    assert str(operation.files[0].hash) == theirs

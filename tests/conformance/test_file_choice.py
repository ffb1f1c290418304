"""Of several files, the one that Poetry's `Chooser` takes; and the tags that it goes by."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from hashlib import sha256
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from poetry.config.config import Config
from poetry.console.exceptions import PoetryRuntimeError
from poetry.core.packages.package import Package
from poetry.core.packages.utils.link import Link
from poetry.installation.chooser import Chooser
from poetry.repositories.repository import Repository
from poetry.repositories.repository_pool import RepositoryPool
from poetry.utils.env import EnvCommandError, MockEnv, VirtualEnv
from poetry.utils.helpers import get_highest_priority_hash_type
from support import corpus
from support.fakes import FakeRunner, interpreter, locked

from hybrid_install.core.contest import Contest
from hybrid_install.core.deferral import Deferral
from hybrid_install.core.file_choice import (
    BinaryPolicy,
    Tags,
    candidates,
    files_of,
    is_undecided,
    rank_of_tags,
)
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    FileSource,
    Hash,
    LockedFile,
    LockedPackage,
    RegistrySource,
)
from hybrid_install.core.pylock import OfferedFile, PinnedFile
from hybrid_install.core.requirements import Requirement
from hybrid_install.environment.probe import probe
from hybrid_install.environment.tags import supported_tags
from hybrid_install.tools.process import ShRunner

pytestmark = pytest.mark.conformance

MANY = settings(max_examples=200)


class OneShelf(Repository):
    """An index with the files of one release."""

    def __init__(self, files: Iterable[LockedFile], yanked: frozenset[str] = frozenset()) -> None:
        super().__init__("pypi")
        self.links = [
            Link(
                f"https://x.invalid/{file.name}",
                hashes={file.hash.algorithm: file.hash.digest},
                yanked=file.name in yanked,
            )
            for file in files
        ]

    def find_links_for_package(self, package: Package) -> list[Link]:  # noqa: ARG002
        return self.links


@dataclass(frozen=True)
class Target:
    """A target's tags, as both sides are told of them."""

    tags: tuple[Tag, ...]

    @cached_property
    def env(self) -> MockEnv:
        return MockEnv(supported_tags=list(self.tags))

    @cached_property
    def ours(self) -> Tags:
        return {str(tag): rank for rank, tag in enumerate(self.tags)}

    def choice_of_poetry(
        self,
        package: LockedPackage,
        offered: Iterable[LockedFile],
        policy: BinaryPolicy,
        yanked: frozenset[str] = frozenset(),
    ) -> str | None:
        """The name of the file that Poetry installs, None where it refuses."""
        config = Config(use_environment=False)
        config.merge(
            {
                "installer": {
                    "no-binary": sorted(policy.no_binary),
                    "only-binary": sorted(policy.only_binary),
                }
            }
        )
        theirs = Package(package.name, package.version)
        theirs.files = [{"file": file.name, "hash": str(file.hash)} for file in package.files]
        pool = RepositoryPool([OneShelf(offered, yanked)])
        try:
            return Chooser(pool, self.env, config).choose_for(theirs).filename
        except PoetryRuntimeError:
            return None

    def choices(self, package: LockedPackage, policy: BinaryPolicy) -> tuple[str, ...]:
        """The names of the files that are equally good, and better than all others, to us."""
        files = candidates(package, self.ours, policy)
        return tuple(
            file.name
            for file in files
            if file is files[0] or is_undecided((files[0], file), self.ours)
        )


LINUX_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def cpython(version: tuple[int, int], platforms: Sequence[str]) -> Target:
    name = f"cp{version[0]}{version[1]}"
    specific = cpython_tags(version, abis=[name], platforms=platforms)
    compatible = compatible_tags(version, interpreter=name, platforms=platforms)
    return Target((*specific, *compatible))


LINUX = cpython((3, 11), (*LINUX_PLATFORMS, "linux_x86_64"))
MACOS = cpython((3, 12), list(mac_platforms((14, 0), "arm64")))

POLICIES = st.builds(
    BinaryPolicy,
    *[st.frozensets(st.sampled_from(["a", "other", ":all:", ":none:"]), max_size=2)] * 2,
)
SUFFIXES = [
    *(".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tar.Z", ".tar", ".tgz", ".sdist.tar.gz"),
    *(".egg", ".exe", ".msi", ".rpm", ".srpm", ".TAR.GZ", ".tar.GZ"),
]
FOREIGN = ["cp311-cp311-win_amd64", "cp27-none-any", "pp311-pypy311_pp73-any", "py3-none-win32"]


@st.composite
def tags_of_a_wheel(draw: st.DrawFn, target: Target) -> str:
    """One tag, or the compressed set of two (PEP 425), in any case."""
    known = st.sampled_from(target.tags).map(str)
    one, other = draw(st.tuples(known, known | st.sampled_from(FOREIGN)))
    parts = zip(one.split("-"), other.split("-"), strict=True)
    text = "-".join(".".join(dict.fromkeys(part)) for part in parts)
    return draw(st.sampled_from([one, one, other, other, text, text.upper()]))


@st.composite
def releases(draw: st.DrawFn, target: Target) -> LockedPackage:
    """One release: wheels with and without build tags, sdists, and what nobody installs."""
    tags = draw(st.lists(tags_of_a_wheel(target), max_size=6))
    builds = st.sampled_from(["", "", "", "-0", "-1", "-01", "-1a", "-2", "-10", "-1_x.y"])
    names = [f"a-1.0{draw(builds)}-{tag}.whl" for tag in tags]
    names += [f"a-1.0{suffix}" for suffix in draw(st.lists(st.sampled_from(SUFFIXES), max_size=3))]
    files = [
        LockedFile(name, Hash("sha256", sha256(name.encode()).hexdigest()))
        for name in dict.fromkeys(names)
    ]
    return locked("a", files=draw(st.permutations(files)))


@pytest.mark.parametrize("target", [LINUX, MACOS], ids=["linux", "macos"])
def test_the_file_that_poetry_chooses(target: Target, tally: Counter[str]) -> None:
    """Where several are equally good the index's order decides: then it is one of them."""

    @MANY
    @given(releases(target), POLICIES, st.randoms(use_true_random=False))
    def compare(package: LockedPackage, policy: BinaryPolicy, random: Any) -> None:
        offered = list(package.files)
        random.shuffle(offered)
        theirs = target.choice_of_poetry(package, offered, policy)
        tally.update(["file choices"])
        ours = target.choices(package, policy)
        assert (theirs in ours) if ours else (theirs is None)
        tally.update(["file choices equal"])

    compare()


def test_the_file_that_poetry_chooses_of_those_that_the_index_has(tally: Counter[str]) -> None:
    """An index gains files after the lock was written, and may lose some."""

    @MANY
    @given(releases(LINUX), releases(LINUX), st.data())
    def compare(package: LockedPackage, other: LockedPackage, data: st.DataObject) -> None:
        locked_names = {file.name for file in package.files}
        kept = [file for file in package.files if data.draw(st.booleans())]
        offered = [*kept, *(file for file in other.files if file.name not in locked_names)]
        if not package.files:
            return  # Poetry then takes any file, and the package is deferred.
        theirs = LINUX.choice_of_poetry(package, offered, BinaryPolicy())
        ours = LINUX.choices(replace(package, files=tuple(kept)), BinaryPolicy())
        tally.update(["file choices"])
        assert (theirs in ours) if ours else (theirs is None)
        tally.update(["file choices equal"])

    compare()


@pytest.mark.parametrize("order", [*permutations(("md5", "sha256", "sha384", "sha512"))])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_the_hash_that_poetry_verifies(
    order: tuple[str, ...], count: int, tally: Counter[str]
) -> None:
    """Of an archive for which the lock has several (`Executor._validate_archive_hash`)."""
    name, algorithms = "a-1.0-py3-none-any.whl", order[:count]
    files = [LockedFile(name, Hash(algorithm, "00")) for algorithm in algorithms]
    package = locked("a", source=FileSource(name, None), files=files)
    theirs = get_highest_priority_hash_type(set(algorithms), name)
    tally.update(["hashes of archives"])
    assert files_of(package, LINUX.ours, BinaryPolicy())[0].hash.algorithm == theirs
    tally.update(["hashes of archives equal"])


def begun(package: LockedPackage, offered: Sequence[LockedFile], yanked: frozenset[str]) -> Contest:
    """Our choice where uv has said what it says of its own."""
    files = candidates(package, LINUX.ours, BinaryPolicy())
    offer = tuple(OfferedFile(f"https://x.invalid/{f.name}", (f.hash,)) for f in offered)
    requirement = Requirement(package.name, "1.0", DEFAULT_INDEX, files)
    taken = min(offered, key=taste_of_uv, default=None)
    is_yanked = taken is not None and taken.name in yanked
    return Contest.begin(requirement, offer, LINUX.ours, is_yanked=is_yanked)


def taste_of_uv(file: LockedFile) -> tuple[bool, int]:
    rank = rank_of_tags(file, LINUX.ours)
    return rank is None, rank or 0


def test_the_file_that_poetry_chooses_where_some_are_yanked(tally: Counter[str]) -> None:
    """Whatever the index has lost, gained and yanked since the lock was written.

    What we leave to Poetry the order of the index decides: turned round, it decides otherwise.
    Of sdists uv names one, and so the others may be there.
    """

    @settings(MANY, max_examples=1000)
    @given(releases(LINUX), releases(LINUX), st.data())
    def compare(package: LockedPackage, other: LockedPackage, data: st.DataObject) -> None:
        if not package.files:
            return  # Poetry then takes any file, and the package is deferred.
        locked_names = {file.name for file in package.files}
        kept = [file for file in package.files if data.draw(st.integers(0, 2))]
        offered = [*kept, *(file for file in other.files if file.name not in locked_names)]
        yanked = frozenset(file.name for file in offered if data.draw(st.booleans()))
        contest = begun(package, offered, yanked)
        while file := contest.question:
            contest = contest.knowing(is_yanked=file.name in yanked)
        ours, turned = contest.verdict, offered[::-1]
        theirs, others = (
            LINUX.choice_of_poetry(package, each, BinaryPolicy(), yanked)
            for each in (offered, turned)
        )
        tally.update(["file choices"])
        if ours is Deferral.EQUAL_FILES:
            assert theirs != others or not str(theirs).endswith(".whl")
        else:
            assert (ours.name if isinstance(ours, PinnedFile) else None) == theirs == others
        tally.update(["file choices equal"])

    compare()


@lru_cache(maxsize=1)
def this_machine() -> Target:
    return Target(tuple(VirtualEnv(Path(sys.prefix)).get_supported_tags()))


NONE_AND_ALL = [
    BinaryPolicy(),
    BinaryPolicy(no_binary=frozenset({":all:"})),
    BinaryPolicy(only_binary=frozenset({":all:"})),
]


@corpus.each_pair("2.1")
def test_real_locks(pair: corpus.Pair, tally: Counter[str]) -> None:
    """Every package of an index, on this machine and on a Mac, and with either policy."""
    lock = Lockfile.from_dict(pair.lock, first_line=pair.first_line)
    cases = [(this_machine(), policy) for policy in NONE_AND_ALL] + [(MACOS, NONE_AND_ALL[0])]
    for package in lock.packages:
        if not isinstance(package.source, RegistrySource) or not package.files:
            continue
        for target, policy in cases:
            theirs = target.choice_of_poetry(package, package.files, policy)
            ours = target.choices(package, policy)
            tally.update(["real file choices"])
            assert (theirs in ours) if ours else (theirs is None), package.pin
            tally.update(["real file choices equal"])


def installed_pythons() -> list[Path]:
    """The running one, and whatever pyenv has."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return [Path(sys.prefix), *sorted(root.glob("versions/*"))]


@pytest.mark.parametrize("prefix", installed_pythons(), ids=lambda prefix: prefix.name)
def test_tags_of_an_interpreter(prefix: Path, tally: Counter[str]) -> None:
    """Where there is no pyenv, the running one is all that is compared."""
    try:
        theirs = VirtualEnv(prefix).get_supported_tags()
    except EnvCommandError:
        pytest.skip("Poetry cannot ask this interpreter")
    runner, environ = ShRunner(), dict(os.environ)
    python = probe(prefix / "bin" / "python", runner, environ)
    tally.update(["interpreters' tags"])
    ours = supported_tags(python, runner, environ)
    assert ours is not None
    assert list(ours) == list(dict.fromkeys(map(str, theirs)))
    assert list(ours.values()) == list(range(len(ours)))
    tally.update(["interpreters' tags equal"])


class Told(VirtualEnv):
    """An environment whose interpreter need not be here."""

    def __init__(self, markers: dict[str, Any], platforms: Sequence[str]) -> None:
        super().__init__(Path("/nowhere"))
        self.markers = markers
        self.platforms = platforms

    def get_marker_env(self) -> Any:
        return self.markers

    def run_python_script(self, content: str, **kwargs: Any) -> str:  # noqa: ARG002
        return json.dumps(self.platforms)


@pytest.mark.parametrize(
    ("name", "tag_version"),
    [("cp", "38"), ("cp", "311"), ("cp", "314"), ("pp", "310"), ("graalpy", "311"), ("py", "3")],
)
@pytest.mark.parametrize("free_threaded", [True, False])
@pytest.mark.parametrize("platform", ["here", "linux-riscv64"])
def test_tags_of_interpreters_that_are_not_here(
    name: str, tag_version: str, free_threaded: bool, platform: str, tally: Counter[str]
) -> None:
    """Another implementation, without the GIL, built for another platform than ours."""
    version = (3, int(tag_version[1:] or 11), 1)
    built_for = sysconfig.get_platform() if platform == "here" else platform
    platforms = ["manylinux_2_39_riscv64", "linux_riscv64"]
    markers = {
        "interpreter_name": name,
        "interpreter_version": tag_version,
        "sysconfig_platform": built_for,
        "free_threading": free_threaded,
        "version_info": (*version, "final", 0),
    }
    theirs = Told(markers, platforms).get_supported_tags()
    python = replace(
        interpreter(),
        version=version,
        tag_name=name,
        tag_version=tag_version,
        sysconfig_platform=built_for,
        is_free_threaded=free_threaded,
    )
    tally.update(["interpreters' tags"])
    ours = supported_tags(python, FakeRunner([json.dumps(platforms)]), {})
    assert ours is not None
    assert list(ours) == list(dict.fromkeys(map(str, theirs)))
    tally.update(["interpreters' tags equal"])

"""One bulk install: which urls are asked for again, and what goes into which call of uv."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.fakes import (
    FakeRunner,
    Reply,
    access,
    digest,
    failure,
    interpreter,
    requirement,
    sdist,
    wheel,
)

from hybrid_install.core.credentials import Credentials
from hybrid_install.core.deferral import Deferral
from hybrid_install.core.feed import Feed
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    DirectorySource,
    GitSource,
    Index,
    LockedFile,
    UrlSource,
    normalize_name,
)
from hybrid_install.core.pylock import PinnedFile
from hybrid_install.core.requirements import DirectRequirement, Requirement, RequirementsMap
from hybrid_install.core.uv_config import IndexAccess, NamedIndex
from hybrid_install.errors import ToolError
from hybrid_install.tools.bulk import BulkInstall, UndecidedError, built_names
from hybrid_install.tools.process import Command, CommandFailedError
from hybrid_install.tools.uv import InstallTarget, Uv

PRIVATE = Index("private", "https://private.invalid/simple")
PYTHON = Path("/venv/bin/python")
A, B = requirement("a"), requirement("b")
OURS = requirement("ours", index=PRIVATE)
BUILT = requirement("built", files=[sdist("built")])
ARCHIVE = DirectRequirement(
    normalize_name("archive"), "1.0", UrlSource("https://x.invalid/a.whl", None), wheel("a")
)
REPOSITORY = DirectRequirement(
    normalize_name("repo"), "1.0", GitSource("https://x.invalid/r", "main", "c0" * 20, None), None
)
FOLDER = DirectRequirement(normalize_name("folder"), "1.0", DirectorySource("../f", "/src/f"), None)


def access_to(*indexes: Index) -> IndexAccess:
    named = {
        index: NamedIndex(f"hi{at}", f"https://{at}.invalid") for at, index in enumerate(indexes)
    }
    return IndexAccess(named)


class Asked:
    """uv, as far as a bulk install sees it: what it was asked for, what it was to install."""

    def __init__(self, *refusals: CommandFailedError) -> None:
        self.questions: list[list[str]] = []
        self.installed: list[dict[str, Any] | str] = []
        replies: list[Reply] = [*refusals, *[self.answer] * 10]
        self.runner = FakeRunner(replies)

    def answer(self, command: Command) -> str:
        assert command.cwd is not None
        if "compile" in command.argv:
            self._offer(command.cwd)
        elif "pylock.toml" in command.argv:
            self.installed.append(tomllib.loads((command.cwd / "pylock.toml").read_text("utf-8")))
        else:
            self.installed.append((command.cwd / "requirements.txt").read_text("utf-8"))
        return ""

    def _offer(self, folder: Path) -> None:
        project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
        pins = project["project"]["dependencies"]
        self.questions.append(pins)
        lines = [self.package(*pin.split("===")) for pin in pins]
        (folder / "pylock.toml").write_text("\n".join(lines), "utf-8")

    def package(self, name: str, version: str) -> str:
        """What the index has: the locked file."""
        if name == "built":
            return f'[[packages]]\nname = "{name}"\nsdist = {offer_of(sdist(name, version))}\n'
        return f'[[packages]]\nname = "{name}"\nwheels = [{offer_of(wheel(name, version))}]\n'


def offer_of(file: LockedFile) -> str:
    hashes = f'{{ sha256 = "{file.hash.digest}" }}'
    return f'{{ url = "https://files.invalid/{file.name}", size = 3, hashes = {hashes} }}'


class HasNothing(Asked):
    def package(self, name: str, version: str) -> str:
        return f'[[packages]]\nname = "{name}"\nversion = "{version}"\n'


def install(
    asked: Asked,
    cache: Path,
    *requirements: Requirement | DirectRequirement,
    feed: Feed = Feed.PYLOCK,
    target: Interpreter | None = None,
    known: IndexAccess | None = None,
    constraints: Mapping[str, tuple[str, ...]] | None = None,
    reinstalling: InstallTarget | None = None,
) -> None:
    bulk = BulkInstall(
        Uv(Path("/uv"), "a test", asked.runner, {}),
        known or access_to(DEFAULT_INDEX, PRIVATE),
        target or interpreter(),
        reinstalling or InstallTarget(PYTHON),
        cache,
        {normalize_name(name): lines for name, lines in (constraints or {}).items()},
    )
    grouped = by_index(*requirements)
    bulk.run(grouped, bulk.choose(grouped, feed), lambda *_: None)


def by_index(*requirements: Requirement | DirectRequirement) -> RequirementsMap:
    grouped: dict[Index, list[Requirement]] = {}
    for each in requirements:
        if isinstance(each, Requirement):
            grouped.setdefault(each.index, []).append(each)
    return RequirementsMap(
        tuple((index, tuple(pinned)) for index, pinned in grouped.items()),
        tuple(each for each in requirements if isinstance(each, DirectRequirement)),
    )


def names(asked: Asked) -> list[list[str]]:
    """What each pylock installs."""
    return [
        [package["name"] for package in document["packages"]]
        for document in asked.installed
        if not isinstance(document, str)
    ]


def test_one_question_and_one_installation_for_all_indexes(tmp_path: Path) -> None:
    asked = Asked()
    install(asked, tmp_path, A, OURS)
    assert asked.questions == [["a===1.0", "ours===1.0"]]
    assert names(asked) == [["a", "ours"]]
    assert len(asked.runner.commands) == 2


def test_urls_of_the_default_index_are_asked_for_once(tmp_path: Path) -> None:
    first, second = Asked(), Asked()
    install(first, tmp_path, A)
    install(second, tmp_path, A, B)
    assert second.questions == [["b===1.0"]]
    assert names(second) == [["a", "b"]]
    third = Asked()
    install(third, tmp_path, A, B)
    assert third.questions == []
    assert names(third) == [["a", "b"]]


def test_what_is_installed_does_not_depend_on_the_cache(tmp_path: Path) -> None:
    asked = Asked()
    install(asked, tmp_path, A)
    install(asked, tmp_path, A)
    assert asked.installed[0] == asked.installed[1]


def test_urls_of_another_index_are_asked_for_each_time_and_never_written(tmp_path: Path) -> None:
    """They may carry a signature."""
    asked = Asked()
    install(asked, tmp_path, OURS)
    install(asked, tmp_path, OURS)
    assert asked.questions == [["ours===1.0"], ["ours===1.0"]]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "other",
    [
        {"target": interpreter(version=(3, 11, 8))},
        {"target": interpreter(platform="linux-x86_64-musl-1.2")},
        {"target": interpreter(markers={"implementation_name": "pypy"})},
        {"known": access_to(PRIVATE, DEFAULT_INDEX)},
    ],
    ids=["python", "platform", "implementation", "url of the default index"],
)
def test_urls_are_known_for_one_target_and_one_index(tmp_path: Path, other: dict[str, Any]) -> None:
    asked = Asked()
    install(asked, tmp_path, A)
    install(asked, tmp_path, A, **other)
    assert asked.questions == [["a===1.0"], ["a===1.0"]]


def test_another_version_is_another_question(tmp_path: Path) -> None:
    asked = Asked()
    install(asked, tmp_path, A)
    install(asked, tmp_path, requirement("a", "2.0"))
    assert asked.questions == [["a===1.0"], ["a===2.0"]]


def entry(cache: Path) -> Path:
    (file,) = (path for path in cache.rglob("*.json"))
    return file


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"5",
        b"null",
        b"[]",
        b"[5]",
        b"[[]]",
        b'[["https://files.invalid/a-1.0-py3-none-any.whl", [["sha256"]], 3]]',
        b'[["https://files.invalid/a-1.0-py3-none-any.whl", [["sha256", "00"]], null]]',
        b'[["https://files.invalid/a-1.0-py3-none-any.whl", [], "three"]]',
        b"[[5, [], null]]",
        b'[["https://[", [], null]]',
        b'{"url": 1}',
    ],
)
def test_what_the_cache_cannot_tell_is_asked_again(tmp_path: Path, content: bytes) -> None:
    """Damaged, of another shape, or what the index offered before the package was locked again."""
    asked = Asked()
    install(asked, tmp_path, A)
    entry(tmp_path).write_bytes(content)
    install(asked, tmp_path, A)
    assert asked.questions == [["a===1.0"], ["a===1.0"]]
    assert asked.installed[0] == asked.installed[1]


def test_what_was_asked_again_is_remembered_anew(tmp_path: Path) -> None:
    asked = Asked()
    install(asked, tmp_path, A)
    remembered = json.loads(entry(tmp_path).read_text("utf-8"))
    entry(tmp_path).write_text("[]", "utf-8")
    install(asked, tmp_path, A)
    assert json.loads(entry(tmp_path).read_text("utf-8")) == remembered
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".json"]


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder", "utf-8")
    asked = Asked()
    install(asked, tmp_path / "cache", A)
    assert names(asked) == [["a"]]


@pytest.mark.parametrize("exit_code", [1, 2, 101, -9])
def test_an_index_that_cannot_be_asked_ends_the_run_in_the_words_of_uv(
    tmp_path: Path, exit_code: int
) -> None:
    """No solution, or no network: whatever else could be tried would fail later."""
    asked = Asked(failure(exit_code, "no solution"))
    with pytest.raises(CommandFailedError, match="no solution"):
        install(asked, tmp_path, A, OURS)
    assert asked.installed == []
    assert len(asked.runner.commands) == 1


def test_the_other_feed_asks_nothing(tmp_path: Path) -> None:
    asked = Asked()
    install(asked, tmp_path, A, OURS, feed=Feed.REQUIREMENTS)
    assert asked.questions == []
    assert asked.installed == [f"{A.line()}\n", f"{OURS.line()}\n"]


def test_whatever_is_missing_is_named_and_nothing_is_installed(tmp_path: Path) -> None:
    asked = HasNothing()
    with pytest.raises(ToolError) as error:
        install(asked, tmp_path, A, OURS)
    assert error.value.message == (
        "Unable to find installation candidates: no file that poetry.lock names is offered for"
        " this platform: a 1.0 (PyPI), ours 1.0 (private)"
    )
    assert error.value.hint is not None
    assert asked.installed == []


def test_a_package_that_the_answer_lacks_is_missing(tmp_path: Path) -> None:
    class Forgets(Asked):
        def package(self, name: str, version: str) -> str:
            return "" if name == "b" else super().package(name, version)

    with pytest.raises(ToolError, match=r"platform: b 1\.0 \(PyPI\)$"):
        install(Forgets(), tmp_path, A, B)


def test_an_offer_without_locked_files_is_not_taken_from_the_cache(tmp_path: Path) -> None:
    """An index gains files with time."""
    with pytest.raises(ToolError):
        install(HasNothing(), tmp_path, A)
    asked = Asked()
    install(asked, tmp_path, A)
    assert names(asked) == [["a"]]


def test_the_replaced_file_of_an_index_is_refused_before_anything_is_installed(
    tmp_path: Path,
) -> None:
    class Replaced(Asked):
        def package(self, name: str, version: str) -> str:
            return (
                super().package(name, version).replace(digest(f"{name}-1.0-py3-none-any.whl"), "0")
            )

    asked = Replaced()
    with pytest.raises(ToolError, match=r"^Hash mismatch for a 1\.0: "):
        install(asked, tmp_path, A)
    assert asked.installed == []


def test_credentials_are_given_to_the_question_and_to_the_installation(tmp_path: Path) -> None:
    asked = Asked()
    install(asked, tmp_path, A, known=access(hi0=Credentials("me", "secret")))
    passwords = [each.env["UV_INDEX_HI0_PASSWORD"] for each in asked.runner.commands]
    assert passwords == ["secret", "secret"]
    assert "secret" not in entry(tmp_path).read_text("utf-8")


def test_what_is_from_no_index_is_asked_of_none(tmp_path: Path) -> None:
    asked = Asked()
    install(asked, tmp_path, ARCHIVE, REPOSITORY, FOLDER)
    assert asked.questions == []
    assert names(asked) == [["archive", "repo", "folder"]]


def test_indexes_and_other_places_share_one_call(tmp_path: Path) -> None:
    asked = Asked()
    install(asked, tmp_path, A, FOLDER, OURS)
    assert names(asked) == [["a", "ours", "folder"]]


def test_nothing_to_install_is_no_call(tmp_path: Path) -> None:
    asked = Asked()
    install(asked, tmp_path)
    assert asked.runner.commands == []


def test_a_project_on_disk_is_built_anew(tmp_path: Path) -> None:
    """uv's cache looks at a few files of it only."""
    asked = Asked()
    install(asked, tmp_path, A, BUILT, FOLDER, REPOSITORY)
    argv = asked.runner.streamed[0].argv
    assert [argv[at + 1] for at, word in enumerate(argv) if word == "--refresh-package"] == [
        "folder"
    ]


class SeesConstraints(Asked):
    """Also what each installation may build with."""

    def __init__(self) -> None:
        super().__init__()
        self.constraints: list[str] = []

    def answer(self, command: Command) -> str:
        if command.cwd and "install" in command.argv:
            file = command.cwd / "constraints.txt"
            self.constraints.append(file.read_text("utf-8") if file.exists() else "")
            assert file.exists() == ("-b" in command.argv)
        return super().answer(command)


CONSTRAINTS = {"built": ("setuptools<78", "wheel"), "a": ("never-asked",), "repo": ()}


@pytest.mark.parametrize("feed", Feed)
def test_what_is_built_under_constraints_has_a_call_of_its_own(tmp_path: Path, feed: Feed) -> None:
    """They bear on a whole call of uv. A wheel is not built, whatever its constraints are."""
    asked = SeesConstraints()
    target = InstallTarget(PYTHON, (A.name, BUILT.name))
    install(
        asked,
        tmp_path,
        A,
        BUILT,
        REPOSITORY,
        feed=feed,
        constraints=CONSTRAINTS,
        reinstalling=target,
    )
    assert asked.constraints == ["", "setuptools<78\nwheel\n", ""]
    if feed is Feed.PYLOCK:
        assert names(asked) == [["a"], ["built"], ["repo"]]
    argvs = [each.argv[3:] for each in asked.runner.streamed]
    one, other, last = (argv[: argv.index("-r")] for argv in argvs)
    python = ("pip", "install", "--python", str(PYTHON))
    hashed = ("--no-deps", "--require-hashes") if feed is Feed.REQUIREMENTS else ()
    alone = ("--refresh-package", "built", "-b", "constraints.txt")
    assert one == (*python, "--reinstall-package", "a", *hashed)
    assert other == (*python, "--reinstall-package", "built", *alone, *hashed)
    assert last == (*python, "--refresh-package", "repo", *hashed[:1])


def test_the_other_feed_installs_archives_with_hashes_and_the_rest_without(tmp_path: Path) -> None:
    """A repository and a folder have none, and uv demands all or none."""
    asked = Asked()
    install(asked, tmp_path, A, ARCHIVE, REPOSITORY, FOLDER, feed=Feed.REQUIREMENTS)
    assert asked.questions == []
    assert asked.installed == [
        f"{A.line()}\n",
        f"{ARCHIVE.line()}\n",
        f"{REPOSITORY.line()}\n{FOLDER.line()}\n",
    ]
    demanded = ["--require-hashes" in each.argv for each in asked.runner.streamed]
    assert demanded == [True, True, False]


def test_nothing_is_installed_until_all_files_are_known(tmp_path: Path) -> None:
    asked = Asked()
    uv = Uv(Path("/uv"), "a test", asked.runner, {})
    target = InstallTarget(PYTHON)
    bulk = BulkInstall(uv, access_to(DEFAULT_INDEX), interpreter(), target, tmp_path)
    files = bulk.choose(by_index(A, BUILT))
    assert files is not None
    assert {name: file.name for name, file in files.items()} == {
        "a": wheel("a").name,
        "built": sdist("built").name,
    }
    assert asked.installed == []


def test_urls_of_a_mirror_are_not_kept(tmp_path: Path) -> None:
    """It is the user's own, and may sign its urls."""
    asked = Asked()
    known = access()
    named = {index: replace(each, is_mirror=True) for index, each in known.named.items()}
    install(asked, tmp_path, A, known=replace(known, named=named))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


PLAIN, TAGGED, BUILD = (
    wheel("ours", tag=tag) for tag in ("py3-none-any", "cp311-cp311-linux", "py3-none-linux")
)
TAGS = {"cp311-cp311-linux": 0, "py3-none-linux": 1, "py3-none-any": 2}


class Yanks(Asked):
    """An index that has all locked files, some of which are yanked; uv takes the `first`."""

    def __init__(self, files: Sequence[LockedFile], yanked: Iterable[LockedFile]) -> None:
        super().__init__()
        self.files, self.first = files, files[0]
        self.yanked = {str(file.hash) for file in yanked}
        self.checked: list[str] = []

    def answer(self, command: Command) -> str:
        assert command.cwd is not None
        said = ""
        if "--dry-run" in command.argv:
            hashes = (command.cwd / "hashes.txt").read_text("utf-8").splitlines()
            self.checked += hashes
            pins = [line.split(" --hash=") for line in hashes]
        else:
            super().answer(command)
            pins = [["ours===1.0", str(self.first.hash)]]
        for pin, locked in pins:
            taken = self._taken(locked)
            said += f"DEBUG Selecting: {pin.replace('===', '==')} [compatible] ({taken.name})\n"
            if str(taken.hash) in self.yanked:
                said += f"warning: `{pin.replace('===', '==')}` is yanked\n"
        return said

    def _taken(self, locked: str) -> LockedFile:
        return next(file for file in self.files if str(file.hash) == locked)

    def package(self, name: str, version: str) -> str:  # noqa: ARG002
        wheels = [offer_of(file) for file in self.files if file.is_wheel]
        sdists = [f"sdist = {offer_of(file)}\n" for file in self.files if not file.is_wheel][:1]
        return f'[[packages]]\nname = "{name}"\nwheels = [{", ".join(wheels)}]\n' + "".join(sdists)


def chosen(asked: Yanks, cache: Path, index: Index = PRIVATE) -> str:
    """The file that is installed, where uv is told of all that the index has."""
    files = sorted(asked.files, key=lambda file: TAGS.get(file.name[9:-4], 9))
    bulk = BulkInstall(
        Uv(Path("/uv"), "a test", asked.runner, {}),
        access_to(DEFAULT_INDEX, PRIVATE),
        interpreter(),
        InstallTarget(PYTHON),
        cache,
        tags=TAGS,
    )
    (found,) = (bulk.choose(by_index(requirement("ours", index=index, files=files))) or {}).values()
    return found.name


@pytest.mark.parametrize(
    ("files", "yanked", "expected", "checked"),
    [
        ([TAGGED, PLAIN], [], TAGGED, 0),
        ([TAGGED, PLAIN], [PLAIN], TAGGED, 0),
        ([TAGGED, PLAIN], [TAGGED], PLAIN, 1),
        ([TAGGED, PLAIN], [TAGGED, PLAIN], TAGGED, 1),
        ([TAGGED, BUILD, PLAIN], [TAGGED, BUILD], PLAIN, 2),
        ([PLAIN, sdist("ours")], [PLAIN], sdist("ours"), 1),
        ([PLAIN], [PLAIN], PLAIN, 0),
    ],
    ids=["none", "not ours", "ours", "all", "all but the last", "the wheel", "the only one"],
)
def test_what_is_yanked_comes_last(
    tmp_path: Path,
    files: list[LockedFile],
    yanked: list[LockedFile],
    expected: LockedFile,
    checked: int,
) -> None:
    """One more question for each file that uv did not speak of, and none where all is well."""
    asked = Yanks(files, yanked)
    assert chosen(asked, tmp_path) == expected.name
    assert len(asked.checked) == len(asked.runner.commands) - 1 == checked


def test_where_uv_takes_another_file_than_it_was_asked_for_it_cannot_tell(tmp_path: Path) -> None:
    """The index states no hashes."""

    class StatesNone(Yanks):
        def _taken(self, locked: str) -> LockedFile:  # noqa: ARG002
            return self.first

    with pytest.raises(UndecidedError) as undecided:
        chosen(StatesNone([TAGGED, PLAIN], [TAGGED]), tmp_path)
    assert undecided.value.left == {OURS.name: Deferral.YANKED_FILES}


def test_the_default_index_yanks_whole_releases(tmp_path: Path) -> None:
    asked = Yanks([TAGGED, PLAIN], [TAGGED])
    assert chosen(asked, tmp_path, DEFAULT_INDEX) == TAGGED.name
    assert not asked.checked


def test_what_only_poetry_can_choose_is_named_with_its_reason(tmp_path: Path) -> None:
    """The best file is yanked, and the next two are equally good."""
    equal = wheel("ours", tag="py2.py3-none-any")
    with pytest.raises(UndecidedError) as undecided:
        chosen(Yanks([TAGGED, PLAIN, equal], [TAGGED]), tmp_path)
    assert undecided.value.left == {OURS.name: Deferral.EQUAL_FILES}
    assert undecided.value.message == (
        f"Only Poetry can choose the files of ours: {Deferral.EQUAL_FILES.value}"
    )


WITH_BOTH = requirement("a", files=[wheel("a"), sdist("a")])


def test_what_is_built_is_what_was_chosen() -> None:
    """The lock may have a wheel that the index no longer has."""
    grouped = RequirementsMap(((DEFAULT_INDEX, (WITH_BOTH,)),), (ARCHIVE, FOLDER))
    url = "https://files.invalid/a"
    for file, built in ((wheel("a"), {"folder"}), (sdist("a"), {"a", "folder"})):
        chosen = {WITH_BOTH.name: PinnedFile(file.name, url, file.hash, None)}
        assert built_names(grouped, chosen) == built
    assert built_names(grouped, None) == {"a", "folder"}


def test_each_part_is_settled_as_soon_as_it_is_done_with(tmp_path: Path) -> None:
    """Also the one that failed: uv may have got half-way."""
    constrained = requirement("c", files=[sdist("c")])
    grouped = RequirementsMap(((DEFAULT_INDEX, (A, constrained)),))
    settled: list[frozenset[str]] = []
    runner = FakeRunner(["", failure(1, "no compiler")])
    bulk = BulkInstall(
        Uv(Path("/uv"), "a test", runner, {}),
        access_to(DEFAULT_INDEX),
        interpreter(),
        InstallTarget(Path("/venv/bin/python")),
        tmp_path,
        {constrained.name: ("setuptools<9",)},
    )
    files = {
        each.name: PinnedFile(each.files[0].name, "https://x.invalid", each.files[0].hash, None)
        for each in (A, constrained)
    }
    with pytest.raises(CommandFailedError, match="no compiler"):
        bulk.run(grouped, files, lambda part, built: settled.append(part.names | built))
    assert settled == [{"a", "c"}, {"c"}]

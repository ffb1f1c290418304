"""One bulk install: which urls are asked for again, and when the other feed steps in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tomli
from support.fakes import FakeRunner, Reply, access, digest, failure, interpreter, requirement

from hybrid_install.core.credentials import Credentials
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import DEFAULT_INDEX, Index
from hybrid_install.core.requirements import Requirement, RequirementsMap
from hybrid_install.core.uv_config import IndexAccess, NamedIndex
from hybrid_install.errors import ToolError
from hybrid_install.tools.bulk import BulkInstall, Feed
from hybrid_install.tools.process import Command, CommandFailedError
from hybrid_install.tools.uv import InstallTarget, Uv

PRIVATE = Index("private", "https://private.invalid/simple")
A, B = requirement("a"), requirement("b")
OURS = requirement("ours", index=PRIVATE)


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
            self.installed.append(tomli.loads((command.cwd / "pylock.toml").read_text("utf-8")))
        else:
            self.installed.append((command.cwd / "requirements.txt").read_text("utf-8"))
        return ""

    def _offer(self, folder: Path) -> None:
        project = tomli.loads((folder / "pyproject.toml").read_text("utf-8"))
        pins = project["project"]["dependencies"]
        self.questions.append(pins)
        lines = [self.package(*pin.split("===")) for pin in pins]
        (folder / "pylock.toml").write_text("\n".join(lines), "utf-8")

    def package(self, name: str, version: str) -> str:
        """What the index has: the locked wheel."""
        file = f"{name}-{version}-py3-none-any.whl"
        hashes = f'{{ sha256 = "{digest(file)}" }}'
        return (
            f'[[packages]]\nname = "{name}"\n'
            f'wheels = [{{ url = "https://files.invalid/{file}", size = 3, hashes = {hashes} }}]\n'
        )


class HasNothing(Asked):
    def package(self, name: str, version: str) -> str:
        return f'[[packages]]\nname = "{name}"\nversion = "{version}"\n'


def install(
    asked: Asked,
    cache: Path,
    *requirements: Requirement,
    feed: Feed = Feed.PYLOCK,
    target: Interpreter | None = None,
    known: IndexAccess | None = None,
) -> None:
    grouped: dict[Index, list[Requirement]] = {}
    for each in requirements:
        grouped.setdefault(each.index, []).append(each)
    by_index = tuple((index, tuple(pinned)) for index, pinned in grouped.items())
    BulkInstall(
        Uv(Path("/uv"), "a test", asked.runner, {}),
        known or access_to(DEFAULT_INDEX, PRIVATE),
        target or interpreter(),
        InstallTarget(Path("/venv/bin/python")),
        cache,
    ).run(RequirementsMap(by_index), feed)


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


def test_an_index_that_cannot_be_asked_gets_pinned_requirements(tmp_path: Path) -> None:
    """uv's exit code 1: no solution. One call for each index, with hashes."""
    asked = Asked(failure(1, "no solution"))
    install(asked, tmp_path, A, OURS)
    assert asked.installed == [f"{A.line()}\n", f"{OURS.line()}\n"]


@pytest.mark.parametrize("exit_code", [2, 101, -9])
def test_any_other_failure_of_the_question_ends_the_run(tmp_path: Path, exit_code: int) -> None:
    """uv's exit code 2 is a usage or network error: the installation would fail too."""
    asked = Asked(failure(exit_code, "no network"))
    with pytest.raises(CommandFailedError, match="no network"):
        install(asked, tmp_path, A)
    assert asked.installed == []


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

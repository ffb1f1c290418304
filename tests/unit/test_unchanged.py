"""The stamp: what its name depends on, what it says, and what is taken for a difference."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_install import unchanged
from hybrid_install.core.binding import LEGAL
from hybrid_install.environment.cache import cache_dir
from hybrid_install.unchanged import (
    ABSENT,
    COMMAND,
    ENTRY,
    NAMES,
    PLACE,
    SHARED,
    command,
    newest_in,
    stamp_path,
    text_of_stamp,
    witness,
    words_if_unchanged,
)

PLAIN = {"HOME": "/home/new", "PATH": "/usr/bin", "XDG_CACHE_HOME": "/cache"}


def test_the_name_depends_on_words_variables_and_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stamp_path(["--sync"], PLAIN)
    others = [
        stamp_path([], PLAIN),
        stamp_path(["--sync", "-q"], PLAIN),
        stamp_path(["--sync"], {**PLAIN, "VIRTUAL_ENV": "/venv"}),
        stamp_path(["--sync"], {**PLAIN, "PATH": "/bin"}),
        stamp_path(["--sync"], {**PLAIN, "POETRY_VIRTUALENVS_CREATE": "false"}),
        stamp_path(["--sync"], {**PLAIN, "HYBRID_INSTALL_WITH": "docs"}),
    ]
    assert stamp_path(["--sync"], {**PLAIN, "SHLVL": "3", "POETRY_PYPI_TOKEN_X": "y"}) == first
    monkeypatch.chdir(tmp_path)
    assert len({first, stamp_path(["--sync"], PLAIN), *others}) == len(others) + 2


def test_there_is_none_where_it_is_not_wanted() -> None:
    assert stamp_path(["--no-receipt"], PLAIN) is None
    assert stamp_path([], {**PLAIN, "HYBRID_INSTALL_NO_RECEIPT": "1"}) is None


@pytest.mark.parametrize(
    "variables",
    [
        {"HYBRID_INSTALL_CACHE_DIR": "/given"},
        {"XDG_CACHE_HOME": "/cache"},
        {"XDG_CACHE_HOME": " "},
        {},
    ],
    ids=str,
)
def test_the_cache_is_the_one_of_all_commands(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HYBRID_INSTALL_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = stamp_path([], os.environ)
    assert found is not None
    assert Path(found).parent == cache_dir(os.environ) / "unchanged"


def test_the_cache_on_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    from platformdirs.macos import MacOS

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    expected = MacOS("hybrid-install", appauthor=False).user_cache_dir
    assert unchanged._folder({}) == expected


def stamped(folder: Path, *witnesses: tuple[str, str | Path]) -> str:
    text = text_of_stamp("all is well", ((kind, str(subject)) for kind, subject in witnesses))
    assert text is not None
    (folder / "stamp").write_text(text, "utf-8", newline="\n")
    return str(folder / "stamp")


def test_what_has_not_changed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a")
    path = stamped(
        tmp_path,
        (ENTRY, tmp_path / "file"),
        (SHARED, tmp_path / "file"),
        (PLACE, tmp_path),
        (ENTRY, tmp_path / "nothing"),
        (COMMAND, "sh"),
        (NAMES, f"{'|'.join(LEGAL)}:{tmp_path}"),
    )
    assert words_if_unchanged(path) == "all is well"


def test_every_difference_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, empty = tmp_path / "file", tmp_path / "bin"
    file.write_text("a")
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    path = stamped(tmp_path, (ENTRY, file))
    status = file.stat()
    file.write_text("b")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert words_if_unchanged(path) is None
    path = stamped(tmp_path, (SHARED, file), (PLACE, file), (NAMES, f"NOTICE|LICENSE:{empty}"))
    assert words_if_unchanged(path) == "all is well"
    (empty / "README").touch()
    assert words_if_unchanged(path) == "all is well"
    (empty / "LICENSE.md").touch()
    assert words_if_unchanged(path) is None
    path = stamped(tmp_path, (COMMAND, "tool"))
    (empty / "tool").touch(0o755)
    assert words_if_unchanged(path) is None
    path = stamped(tmp_path, (PLACE, file))
    file.unlink()
    assert words_if_unchanged(path) is None
    path = stamped(tmp_path, (ENTRY, file), (SHARED, file))
    file.touch()
    assert words_if_unchanged(path) is None


def test_the_newest_entry(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_text("a")
    subjects = [(ENTRY, str(file)), (ENTRY, f"{tmp_path}/none"), (SHARED, str(file))]
    text = text_of_stamp("entry into words", subjects)
    assert text is not None
    assert newest_in(text) == file.stat().st_ctime_ns
    assert newest_in(text_of_stamp("", subjects[1:]) or "") == 0


def test_other_links_to_a_shared_file_are_no_difference(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("a")
    path = stamped(tmp_path, (SHARED, file))
    (tmp_path / "other").hardlink_to(file)

    assert words_if_unchanged(path) == "all is well"


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")))
def test_anything_else_is_no_stamp(
    tmp_path_factory: pytest.TempPathFactory, contents: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "stamp"
    path.write_bytes(contents)
    assert words_if_unchanged(str(path)) is None


def test_a_stamp_of_nothing_is_none(tmp_path: Path) -> None:
    assert words_if_unchanged(stamped(tmp_path)) is None
    assert words_if_unchanged(str(tmp_path / "nothing")) is None
    assert words_if_unchanged(None) is None


@given(st.text(min_size=1))
def test_names_that_do_not_fit_into_a_line_leave_none(name: str) -> None:
    text = text_of_stamp("words", [(ENTRY, f"/{name}")])
    assert (text is None) == ("\n" in name)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1))
def test_any_other_name_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    path = stamped(tmp_path_factory.getbasetemp(), (ENTRY, f"/{name}"))
    assert words_if_unchanged(path) == "all is well"


def test_commands_are_found_as_shutil_finds_them(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    path = f"{first}:{second}"
    (second / "tool").touch(0o755)
    (first / "tool").touch(0o644)
    (first / "other").mkdir()
    for name in ("tool", "other", "none", str(second / "tool")):
        assert command(name, path) == shutil.which(name, path=path)


def test_absence_is_a_state(tmp_path: Path) -> None:
    assert witness(ENTRY, f"{tmp_path}/x") == f"{ENTRY} {ABSENT}\t{tmp_path}/x"


def test_nothing_is_imported_for_it(tmp_path: Path) -> None:
    """A run that ends here takes little more than the interpreter's start."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "from hybrid_install.unchanged import stamp_path, words_if_unchanged\n"
        "words_if_unchanged(stamp_path([], {'HOME': '/', 'PATH': '/bin'}))\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    answer = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": str(Path(unchanged.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    slow = {"typer", "pathlib", "json", "dataclasses", "re", "subprocess", "typing", "asyncio"}
    imported = set(answer.stdout.split())
    assert "hybrid_install.unchanged" in imported
    assert not imported & slow
    assert {each for each in imported if each.startswith("hybrid_install")} == {
        "hybrid_install",
        "hybrid_install.unchanged",
    }

"""`init` changes what it must in pyproject.toml, and not a byte more."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import corpus

from hybrid_install.commands.own_table import with_heavy
from hybrid_install.core.patterns import NO_PATTERNS
from hybrid_install.core.settings import Settings
from hybrid_install.errors import ProjectError

COMMENT = (
    "# Big packages besides those that hybrid-install knows: a layer of their own (`--tier heavy`)."
)

APPENDED = [
    (
        "[project]\nname = 'x' # why\n",
        (
            "[project]\nname = 'x' # why\n\n[tool.hybrid-install]\n{}\nheavy = [\n"
            '    "b",\n    "c",\n]\n'
        ),
    ),
    (
        "[project]\nname = 'x'",
        '[project]\nname = \'x\'\n\n[tool.hybrid-install]\n{}\nheavy = [\n    "b",\n    "c",\n]',
    ),
    (
        "[project]\r\nname = 'x'\r\n",
        (
            "[project]\r\nname = 'x'\r\n\r\n[tool.hybrid-install]\r\n{}\r\nheavy = [\r\n"
            '    "b",\r\n    "c",\r\n]\r\n'
        ),
    ),
    (
        "tool.poetry.name = 'x'\n",
        'tool.poetry.name = \'x\'\n\n[tool.hybrid-install]\n{}\nheavy = [\n    "b",\n    "c",\n]\n',
    ),
    (
        "[tool.poetry]\n[project]\n[tool.ruff]\n\n[[tool.poetry.source]]\nname = 'a'\n\n\n",
        (
            "[tool.poetry]\n[project]\n[tool.ruff]\n\n[[tool.poetry.source]]\nname = 'a'\n\n\n"
            '\n[tool.hybrid-install]\n{}\nheavy = [\n    "b",\n    "c",\n]\n'
        ),
    ),
]


@pytest.mark.parametrize(("before", "after"), APPENDED)
def test_a_new_table(before: str, after: str) -> None:
    changed = with_heavy(before, ["c", "b", "c"])
    assert changed == after.replace("{}", COMMENT)
    assert with_heavy(changed, ["b"]) == changed


def test_a_new_table_with_nothing_in_it() -> None:
    changed = with_heavy("[project]\n", ())
    assert changed == f"[project]\n\n[tool.hybrid-install]\n{COMMENT}\nheavy = []\n"
    assert with_heavy(changed, ()) == changed


GROWN = [
    ('heavy = ["b", "d"]', 'heavy = ["a", "b", "c", "d", "e"]'),
    ("heavy = []  # none", 'heavy = ["a", "c", "e"]  # none'),
    (
        'heavy = [\n    # first\n    "b",  # why b\n    "d",  # why d\n]  # end',
        (
            'heavy = [\n    # first\n    "a",\n    "b",  # why b\n    "c",\n    "d",  # why d\n'
            '    "e",\n]  # end'
        ),
    ),
    ('heavy = [\n\t"b",\n\t"d"\n]', 'heavy = [\n\t"a",\n\t"b",\n\t"c",\n\t"d",\n\t"e"\n]'),
    ('heavy = [\n  "z",\n  "b",\n]', 'heavy = [\n  "a",\n  "c",\n  "e",\n  "z",\n  "b",\n]'),
    ("'heavy' = ['d']", '\'heavy\' = ["a", "c", \'d\', "e"]'),
    (
        'heavy = [\r\n    "b",  # why\r\n]\r',
        'heavy = [\r\n    "a",\r\n    "b",  # why\r\n    "c",\r\n    "e",\r\n]\r',
    ),
]

AROUND = [
    "[tool.hybrid-install]\n{}\n",
    "[tool.hybrid-install]\n{}\nno-editable = true  # so\n\n# between\n[tool.x]\na = 1",
    "[tool.poetry]\nx=1\n[project]\n\n[tool.hybrid-install] # ours\n{}\n[build-system]\nb=1\n[tool.ruff]\n",
    "[tool]\n[tool.'hybrid-install']\n{}\n",
]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(("before", "after"), GROWN)
def test_an_array_that_grows(around: str, before: str, after: str) -> None:
    """New entries by their order, old ones with their comments where they were."""
    text = around.format(before)
    assert with_heavy(text, ["a", "c", "e"]) == around.format(after)
    assert with_heavy(text, ()) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "tool.hybrid-install.heavy = ['b']\n[tool.poetry]\n",
            "tool.hybrid-install.heavy = [\"a\", 'b']\n[tool.poetry]\n",
        ),
        (
            "[tool]\nhybrid-install.heavy = ['b'] # x\npoetry.x = 1\n",
            "[tool]\nhybrid-install.heavy = [\"a\", 'b'] # x\npoetry.x = 1\n",
        ),
        (
            "[tool]\nhybrid-install = { heavy = ['b'] } # x\n",
            "[tool]\nhybrid-install = { heavy = [\"a\", 'b'] } # x\n",
        ),
        (
            "[tool]\n  [tool.hybrid-install]\n    heavy = [\n      'b',\n    ]\n",
            "[tool]\n  [tool.hybrid-install]\n    heavy = [\n      \"a\",\n      'b',\n    ]\n",
        ),
        (
            "[tool.hybrid-install]\nno-editable = true # so\n\n[tool.x]\n",
            '[tool.hybrid-install]\nno-editable = true # so\nheavy = ["a"]\n\n[tool.x]\n',
        ),
        (
            "[tool.hybrid-install]\r\nno-editable = true # so\r\n\r\n[tool.x]\r\n",
            '[tool.hybrid-install]\r\nno-editable = true # so\r\nheavy = ["a"]\r\n\r\n[tool.x]\r\n',
        ),
    ],
)
def test_tables_of_every_style(before: str, after: str) -> None:
    assert with_heavy(before, ["a"]) == after


def test_what_cannot_be_added_to() -> None:
    with pytest.raises(ProjectError, match="cannot be added to without a risk") as error:
        with_heavy("tool = { poetry = {} }\n", ["a"])
    assert error.value.hint
    assert error.value.hint.endswith('[tool.hybrid-install]\nheavy = [\n    "a",\n]')


_LINES = st.lists(
    st.sampled_from(
        ["", "# a comment", '    # "indented"', "[project]", 'name = "x"', "[tool.poetry]",
         "[tool.ruff]", "[[tool.poetry.source]]", "[build-system]", "x.y = 1", 'b = """\ntext"""']
    ),
    unique=True, max_size=9,
)  # fmt: skip
_ENTRIES = st.lists(st.text("abc", min_size=1, max_size=3), unique=True, max_size=4)


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


@given(
    _LINES, _LINES, _ENTRIES | st.none(), _ENTRIES, st.sampled_from(["\n", "\r\n"]), st.booleans()
)
def test_any_file(
    above: list[str],
    below: list[str],
    present: list[str] | None,
    names: list[str],
    end: str,
    is_closed: bool,
) -> None:
    rest = [line for line in below if line not in above and "=" not in line]
    ours = [] if present is None else ["[tool.hybrid-install]", f"heavy = {present}  # ours"]
    text = "\n".join([*above, *ours, *rest]).replace("\n", end) + end * is_closed
    if not _is_toml(text):
        return
    changed = with_heavy(text, names)
    before, after = tomllib.loads(text), tomllib.loads(changed)
    assert set(after["tool"]["hybrid-install"]["heavy"]) == {*(present or ()), *names}
    assert _without_ours(after) == _without_ours(before)
    kept = [line for line in text.splitlines() if not line.startswith("heavy")]
    assert _is_within(kept, changed.splitlines())
    assert with_heavy(changed, names) == changed


def _without_ours(document: dict[str, Any]) -> dict[str, Any]:
    copy = deepcopy(document)
    copy.get("tool", {}).pop("hybrid-install", None)
    if not copy.get("tool", True):
        del copy["tool"]
    return copy


def _is_within(lines: list[str], others: list[str]) -> bool:
    """Whether all lines are among the others, in their order."""
    rest = iter(others)
    return all(line in rest for line in lines)


@corpus.each_pair()
def test_real_files(pair: corpus.Pair) -> None:
    text = (pair.folder / "pyproject.toml").read_bytes().decode("utf-8")
    once = with_heavy(text, ["b"])
    assert once.startswith(text)
    twice = with_heavy(once, ["a"])
    assert twice.startswith(text)
    assert _without_ours(tomllib.loads(twice)) == _without_ours(tomllib.loads(text))
    table = tomllib.loads(twice)["tool"]["hybrid-install"]
    assert Settings.from_dict(table).heavy.entries == ("a", "b") != NO_PATTERNS.entries

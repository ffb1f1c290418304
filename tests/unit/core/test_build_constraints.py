"""Build constraints as uv takes them."""

from __future__ import annotations

from typing import Any

import pytest
from support.environments import LINUX_X86, WINDOWS, environment

from hybrid_install.core.build_constraints import constraint_lines
from hybrid_install.errors import InvalidDataError

LINUX = environment("3.11.7", LINUX_X86)


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        ({}, ()),
        ({"setuptools": "<78"}, ("setuptools (<78)",)),
        ({"Flit_Core": "^3.2"}, ("Flit_Core (>=3.2,<4.0)",)),
        ({"wheel": "*"}, ("wheel",)),
        ({"wheel": {}}, ("wheel",)),
        ({"wheel": "0.40"}, ("wheel (==0.40)",)),
        ({"b": "<2", "a": "<1"}, ("b (<2)", "a (<1)")),
        ({"a": {"version": "<1", "markers": "sys_platform == 'linux'"}}, ("a (<1)",)),
        ({"a": {"version": "<1", "markers": "sys_platform == 'win32'"}}, ()),
        ({"a": {"version": "<1", "python": "<3.10"}}, ()),
        (
            {"a": [{"version": "<1", "python": "<3.10"}, {"version": "<2", "python": ">=3.10"}]},
            ("a (<2)",),
        ),
        # What only Poetry understands.
        ({"a": "<1 || >2", "b": "<1"}, None),
        ({"a": {"git": "https://x.invalid/a"}}, None),
        ({"a": {"url": "https://x.invalid/a.zip"}}, None),
        ({"a": {"version": "<1", "markers": "extra == 'x'"}}, None),
        ({"a": {"version": "<1", "markers": "extra != 'x'"}}, None),
        ({"a": {"version": "<1", "markers": "extra == 'x' and sys_platform == 'win32'"}}, None),
        ({"a": {"version": "<1", "extras": ["x"]}}, None),
        ({"a": {"version": "<1", "source": "x"}}, None),
        ({"a": {"version": "<1", "allow-prereleases": True}}, None),
        ({"a": {"version": "<1", "allow-prereleases": False}}, None),
        ({"a": "<1,>2"}, None),
    ],
)
def test_the_lines_for_a_target(table: dict[str, Any], lines: tuple[str, ...] | None) -> None:
    assert constraint_lines(table, LINUX) == lines


def test_what_only_poetry_understands_matters_where_it_holds() -> None:
    table = {"a": {"git": "https://x.invalid/a", "markers": "sys_platform == 'linux'"}}
    assert constraint_lines(table, LINUX) is None
    assert constraint_lines(table, environment("3.11.7", WINDOWS)) == ()


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("", True),
        # A list of values to Poetry, of which one is "linux2".
        ("sys_platform in 'linux2 darwin'", False),
        ("python_version in '3.9 3.11'", True),
        ("platform_release >= '5'", True),
        ("sys_platform >= 'linux'", False),
        ("python_full_version < '3.11.7' or os_name == 'posix'", True),
        ("python_full_version > '3.11.7' and os_name == 'posix'", False),
    ],
)
@pytest.mark.parametrize("version", ["<1", "<1 || >2"], ids=["plain", "odd"])
def test_a_marker_is_evaluated_for_the_target_as_poetry_does(
    marker: str, holds: bool, version: str
) -> None:
    """What does not hold is not looked at, however odd it is."""
    table = {"a": [{"version": version, "markers": marker}, {"version": "<9"}]}
    plain = ("a (<1)", "a (<9)") if version == "<1" else None
    assert constraint_lines(table, LINUX) == (plain if holds else ("a (<9)",))


def test_a_marker_that_nobody_can_read_is_an_error_that_names_the_place() -> None:
    with pytest.raises(InvalidDataError, match=r"build-constraints: a"):
        constraint_lines({"a": {"version": "<1", "markers": "nonsense"}}, LINUX)


@pytest.mark.parametrize("value", ["===1.0", "not a version", 5, None, [5], {"version": 5}])
def test_what_is_no_constraint_is_an_error_that_names_the_place(value: Any) -> None:
    with pytest.raises(InvalidDataError, match=r"build-constraints: a") as error:
        constraint_lines({"a": value}, LINUX)
    assert "pyproject.toml" in str(error.value)

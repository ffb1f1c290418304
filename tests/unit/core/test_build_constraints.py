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
    ],
)
def test_the_lines_for_a_target(table: dict[str, Any], lines: tuple[str, ...] | None) -> None:
    assert constraint_lines(table, LINUX) == lines


def test_what_only_poetry_understands_matters_where_it_holds() -> None:
    table = {"a": {"git": "https://x.invalid/a", "markers": "sys_platform == 'linux'"}}
    assert constraint_lines(table, LINUX) is None
    assert constraint_lines(table, environment("3.11.7", WINDOWS)) == ()


@pytest.mark.parametrize("value", ["===1.0", "not a version", 5, None, [5], {"version": 5}])
def test_what_is_no_constraint_is_an_error_that_names_the_place(value: Any) -> None:
    with pytest.raises(InvalidDataError, match=r"build-constraints: a") as error:
        constraint_lines({"a": value}, LINUX)
    assert "pyproject.toml" in str(error.value)

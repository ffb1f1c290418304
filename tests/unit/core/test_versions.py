"""Poetry's version semantics, through one door."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from hybrid_install.core.versions import allows, is_older, normal_version, same_version
from hybrid_install.errors import InvalidDataError


@pytest.mark.parametrize(
    ("left", "right", "is_same"),
    [
        ("1.0", "1.0", True),
        ("1.0", "1.0.0", True),
        ("2024.01.01", "2024.1.1", True),
        ("1.0rc1", "1.0c1", True),
        ("1.0+cpu", "1.0+CPU", True),
        ("1.0", "1.0+cpu", False),
        ("1.0+cpu", "1.0+cu118", False),
        ("1!1.0", "1.0", False),
        ("1.0", "1.0.post1", False),
        ("1.0", "1.1", False),
        # A string that is no version equals only itself.
        ("2004d-custom!", "2004d-custom!", True),
        ("2004d-custom!", "1.0", False),
        ("1.0", "not a version", False),
    ],
)
def test_same_version(left: str, right: str, is_same: bool) -> None:
    assert same_version(left, right) is is_same
    assert same_version(right, left) is is_same


@pytest.mark.parametrize(
    ("version", "normal"),
    [
        ("1.0", "1.0"),
        ("10.20.0", "10.20.0"),
        ("2024.07.04", "2024.7.4"),
        ("3.2.3-2", "3.2.3.post2"),
        ("1.0.preview4", "1.0rc4"),
        ("1!1.0", "1!1.0"),
        ("2.9.0+cpu", "2.9.0+cpu"),
        ("1.0+Local.01", "1.0+local.1"),
        ("2004d-custom!", "2004d-custom!"),
    ],
)
def test_normal_version(version: str, normal: str) -> None:
    """As the candidates of pip are compared: by the text of what was parsed."""
    assert normal_version(version) == normal
    with contextlib.suppress(InvalidSpecifier, InvalidVersion):
        assert SpecifierSet(f"==={normal}").contains(Version(version), prereleases=True)


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [
        ("2.2.1", "2.3.0", True),
        ("2.3.0rc1", "2.3.0", True),
        ("2.3.0.dev0", "2.3.0", True),
        ("2.3", "2.3.0", False),
        ("2.3.0", "2.3.0", False),
        ("2.10.0", "2.3.0", False),
        ("main", "2.3.0", False),
        ("2.2.1", "main", False),
    ],
)
def test_is_older(version: str, than: str, older: bool) -> None:
    assert is_older(version, than) is older


@pytest.mark.parametrize(
    ("constraint", "allowed", "refused"),
    [
        ("*", ["3.8.0", "3.14.5"], []),
        ("^3.11", ["3.11.0", "3.14.5"], ["3.10.20", "4.0.0"]),
        ("~3.11", ["3.11.15"], ["3.12.0"]),
        (">=3.10,<3.13", ["3.10.0", "3.12.13"], ["3.13.0", "3.9.25"]),
        ("~3.11 || 3.13.*", ["3.11.2", "3.13.9"], ["3.12.13"]),
        (">=3.9, !=3.9.7", ["3.9.6", "3.9.8"], ["3.9.7"]),
        ("==3.11.*", ["3.11.15"], ["3.12.0"]),
        ("3.14.5", ["3.14.5"], ["3.14.4"]),
    ],
)
def test_ranges(constraint: str, allowed: list[str], refused: list[str]) -> None:
    assert [version for version in [*allowed, *refused] if allows(constraint, version)] == allowed


@pytest.mark.parametrize(
    "constraint", ["three", ">=", "3.x.y", "^", "", ">=3.11 <three", "1.*.*.!"]
)
def test_a_range_that_poetry_cannot_parse_is_the_projects_mistake(constraint: str) -> None:
    with pytest.raises(InvalidDataError) as error:
        allows(constraint, "3.11.0")
    assert (error.value.context, error.value.file) == ("requires-python", "pyproject.toml")


@given(st.text(st.sampled_from("3.1*x^~<>=!,| ab-+")))
def test_no_range_makes_any_other_error(constraint: str) -> None:
    with contextlib.suppress(InvalidDataError):
        assert allows(constraint, "3.11.0") in {True, False}

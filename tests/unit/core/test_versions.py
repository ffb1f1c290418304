"""Poetry's version semantics, through one door."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from hybrid_install.core.versions import (
    REQUIRES_POETRY,
    Place,
    allows,
    as_specifier,
    is_older,
    normal_version,
    oldest,
    python_marker,
    same_version,
)
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


MANY = "9" * 5000
"""More digits than Python reads as a number."""


@pytest.mark.parametrize(
    "version", [MANY, f"1!{MANY}", f"1.0.post{MANY}", f"1.0+{MANY}", f"1.0rc{MANY}", f"1.0-{MANY}"]
)
def test_a_version_of_thousands_of_digits_is_none(version: str) -> None:
    assert normal_version(version) == version
    assert same_version(version, version)
    assert not same_version(version, "1.0")
    assert not same_version("1.0", version)
    assert not is_older(version, "2.0")
    assert not is_older("2.0", version)
    assert not allows(">=1,<2 || >3", version)


@pytest.mark.parametrize("digits", [500, 4299, 4300, 5000])
@pytest.mark.parametrize("operator", [">=", "^", "~", "==", "!=", "<"])
def test_a_range_of_absurdly_many_digits_is_a_mistake(operator: str, digits: int) -> None:
    for read in (as_specifier, oldest, python_marker, lambda it: allows(it, "3.11.0")):
        with pytest.raises(InvalidDataError, match="no version has a number of 500 digits"):
            read(f"{operator}{'9' * digits}")


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


def test_a_mistake_is_told_with_its_place() -> None:
    assert allows(">=2.0", "2.5.1", REQUIRES_POETRY)
    with pytest.raises(InvalidDataError) as error:
        allows(">=abc", "2.5.1", REQUIRES_POETRY)
    assert str(error.value).startswith("pyproject.toml: tool.poetry.requires-poetry: ")
    with pytest.raises(InvalidDataError) as error:
        python_marker(">=abc", Place("poetry.lock", "alpha (1.0): python-versions"))
    assert str(error.value).startswith("poetry.lock: alpha (1.0): python-versions: ")


@pytest.mark.parametrize("version", ["2..1", "2.5.1~weird!", "2.5.1.weird", "", "main"])
def test_what_is_no_version_is_in_no_range(version: str) -> None:
    for constraint in ("*", ">=2.0", ">=2.0 || <1", "^2.0 !=2.1"):
        assert allows(constraint, version) is False


@given(st.text(st.sampled_from("3.1*x^~<>=!,| ab-+")))
def test_no_range_makes_any_other_error(constraint: str) -> None:
    with contextlib.suppress(InvalidDataError):
        assert allows(constraint, "3.11.0") in {True, False}


@pytest.mark.parametrize("constraint", ["^8 3.112.0", ">3.9,<3.8"])
@pytest.mark.parametrize("read", [as_specifier, oldest, python_marker])
def test_a_range_with_nothing_in_it(constraint: str, read: Callable[[str], object]) -> None:
    """Poetry refuses it, and no standard has a word for it."""
    with pytest.raises(InvalidDataError, match="no version is in"):
        read(constraint)

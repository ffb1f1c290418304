"""Markers by poetry-core's rules, where they are not what one would expect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.environments import LINUX_X86, RELEASE_CANDIDATE, environment

from hybrid_install.core.markers import holds
from hybrid_install.errors import InvalidDataError

LINUX = environment("3.11.15", LINUX_X86)
CANDIDATE = environment(RELEASE_CANDIDATE, LINUX_X86)
NO_EXTRAS: frozenset[str] = frozenset()


@pytest.mark.parametrize("depth", [20, 200, 100_000])
@pytest.mark.parametrize("opening", ["(", "(os_name == 'nt' or (os_name == 'posix' and "])
def test_a_nested_marker_is_evaluated_or_refused(depth: int, opening: str) -> None:
    closing = ")" * opening.count("(")
    marker = opening * depth + "os_name == 'posix'" + closing * depth
    try:
        assert holds(marker, LINUX, NO_EXTRAS)
    except InvalidDataError:
        assert depth > 20


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ("", True),
        ("*", True),
        ("<empty>", False),
        ('python_version >= "3.9"', True),
        ('python_version < "3.9"', False),
        # Versions, not strings.
        ('python_version < "3.9" or python_version >= "3.10"', True),
        # `and` binds more closely than `or`.
        ('os_name == "nt" and os_name == "nt" or os_name == "posix"', True),
        ('os_name == "posix" or os_name == "posix" and os_name == "nt"', True),
        ('(os_name == "posix" or os_name == "posix") and os_name == "nt"', False),
        ("((os_name=='posix'))", True),
        # A list of values, not a substring; the other way round it is one.
        ('sys_platform in "linux2 darwin"', False),
        ('sys_platform in "linux, darwin"', True),
        ('sys_platform not in "darwin win32"', True),
        ("'linu' in sys_platform", True),
        ("'amd64' not in platform_release", False),
        # A release reads as a version, an implementation's version does not.
        ('platform_release >= "5"', True),
        ('platform_release >= "5.11"', False),
        # The spelling of before PEP 508.
        ("os.name == 'posix' and sys.platform == 'linux'", True),
        ("python_implementation == 'CPython'", True),
        # Blanks may be missing.
        ("os_name=='nt'or'x'in sys_platform", True),
    ],
)
def test_holds(marker: str, expected: bool) -> None:
    assert holds(marker, LINUX, NO_EXTRAS) is expected


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        # A candidate counts as the release where the marker names two parts, not where it names three.
        ('python_full_version < "3.11"', True),
        ('python_full_version < "3.11.0a7"', False),
        ('python_full_version >= "3.11.0rc1"', True),
        ('python_version == "3.11"', True),
        ('python_version < "3.11"', False),
    ],
)
def test_release_candidates(marker: str, expected: bool) -> None:
    assert holds(marker, CANDIDATE, NO_EXTRAS) is expected


@pytest.mark.parametrize(
    ("marker", "extras", "expected"),
    [
        ('extra == "a"', {"a", "b"}, True),
        ('extra == "a"', {"b"}, False),
        ('extra == "a"', {}, False),
        ('extra != "a"', {}, True),
        # Several at a time: not the one extra of PEP 508.
        ('extra == "a" and extra == "b"', {"a", "b"}, True),
        ('extra == "a" and extra != "b"', {"a", "b"}, False),
        ('extra == "A_b"', {"a-b"}, True),
        ('extra == "a" or os_name == "posix"', {}, True),
    ],
)
def test_extras(marker: str, extras: set[str], expected: bool) -> None:
    assert holds(marker, LINUX, frozenset(extras)) is expected


@pytest.mark.parametrize(
    "marker",
    [
        " ",
        "os_name",
        'os_name == "posix" and',
        '("posix" == os_name)',
        '(os_name == "posix"',
        'os_name == "posix")',
        'os_name == "posix" os_name == "nt"',
        'os_name not  in "nt"',
        'os_name\n== "posix"',
        'os_names == "posix"',
        "os_name == posix",
        'python_version === "3.11"',
        'python_full_version == "3.11rc1"',
        'extra in "a b"',
        'os_name == "posix" or python_version >= "three"',
        "(" * 100_000 + 'os_name == "posix"' + ")" * 100_000,
    ],
    ids=lambda marker: marker[:60],
)
def test_what_poetry_cannot_read_or_compare_is_refused(marker: str) -> None:
    with pytest.raises(InvalidDataError) as error:
        holds(marker, LINUX, NO_EXTRAS)
    assert str(error.value) == f"markers: invalid marker {marker!r} (PEP 508)"


@given(st.text(max_size=20), st.sampled_from(["", 'os_name == "', "extra in '", "(python_version"]))
def test_whatever_the_marker_only_errors_of_ours_escape(text: str, start: str) -> None:
    try:
        assert holds(start + text, LINUX, NO_EXTRAS) in {True, False}
    except InvalidDataError:
        return


def test_an_environment_that_cannot_be_compared_is_refused_too() -> None:
    """A comma in the kernel's version makes two constraints of it, and Poetry fails as well."""
    odd = {**LINUX, "platform_version": "#1 SMP, Debian"}
    with pytest.raises(InvalidDataError, match="invalid marker"):
        holds('platform_version == "#1"', odd, NO_EXTRAS)

"""The marker that is left of a package for all environments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker
from support import marker_strategies
from support.environments import LINUX_X86, WINDOWS, environment
from support.poetry_in_process import is_readable_marker

from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.markers import holds
from hybrid_install.core.model import normalize_name
from hybrid_install.core.selection import Wanted
from hybrid_install.core.universal import marker_of, open_marker, select_everywhere
from hybrid_install.errors import InvalidDataError

LINUX = 'sys_platform == "linux"'
OLD = 'python_version < "3.11"'


@pytest.mark.parametrize(
    ("markers", "left"),
    [
        ([], None),
        ([""], ""),
        (["*"], ""),
        (["<empty>"], None),
        (["<empty>", LINUX], LINUX),
        ([LINUX, ""], ""),
        ([LINUX], LINUX),
        ([LINUX, OLD], f"{OLD} or {LINUX}"),
        ([f"{LINUX} or {OLD}", LINUX], f"{LINUX} or {OLD}"),
        (['extra == "a"'], ""),
        (['extra == "A.B"'], ""),
        (['extra == "c"'], None),
        (['extra != "c"'], ""),
        ([f'{LINUX} and extra == "a"'], LINUX),
        ([f'{LINUX} and extra == "c"'], None),
        ([f'{LINUX} or extra == "c"'], LINUX),
        ([f'({LINUX} or {OLD}) and extra == "a"'], f"{LINUX} or {OLD}"),
        ([f'({LINUX} or {OLD}) and os_name == "nt"'], f'({LINUX} or {OLD}) and os_name == "nt"'),
        (["sys.platform == 'linux2'"], 'sys_platform == "linux2"'),
        (["'Debian' in platform_version"], '"Debian" in platform_version'),
        (['"x" in platform_version'], '"x" in platform_version'),
        (["os_name == 'a\"b'"], "os_name == 'a\"b'"),
        (['sys_platform in "linux darwin"'], f'{LINUX} or sys_platform == "darwin"'),
        (
            ['sys_platform not in "linux,win32"'],
            'sys_platform != "linux" and sys_platform != "win32"',
        ),
        (
            [f'{OLD} and sys_platform in "linux, darwin"'],
            f'{OLD} and ({LINUX} or sys_platform == "darwin")',
        ),
        (
            ['python_version in "3.8, 3.9"'],
            'python_version == "3.8.*" or python_version == "3.9.*"',
        ),
        (['python_full_version not in "3.8.1"'], 'python_full_version != "3.8.1"'),
        (['platform_release in "5 6"'], 'platform_release in "5 6"'),
    ],
)
def test_what_is_left(markers: list[str], left: str | None) -> None:
    extras = frozenset({normalize_name("a"), normalize_name("a-b")})
    assert open_marker(markers, extras) == left


@given(st.lists(marker_strategies.markers(marker_strategies.leaves().filter(is_readable_marker))))
def test_it_says_what_the_union_said(markers: list[str]) -> None:
    """To poetry-core; and it is a marker to others."""
    extras = frozenset({"a"})
    left = open_marker(markers, extras)
    for target in (environment("3.11.4", LINUX_X86), environment("3.13.1", WINDOWS)):
        union = any(holds(each, target, extras) for each in markers)
        assert (left is not None and holds(left, target, frozenset())) == union
    if left:
        assert "extra" not in left
        Marker(left)


def test_packages_of_wanted_groups_have_one_marker() -> None:
    lock = Lockfile.from_dict(
        {
            "metadata": {"lock-version": "2.1"},
            "package": [
                {"name": "z", "version": "1", "groups": ["main"], "markers": LINUX},
                {"name": "b", "version": "2", "groups": ["dev"], "files": []},
                {
                    "name": "a",
                    "version": "1",
                    "groups": ["main", "dev"],
                    "markers": {"main": OLD, "dev": LINUX},
                },
                {"name": "c", "version": "1", "groups": ["main"], "markers": 'extra == "x"'},
            ],
        }
    )
    of_main = Wanted(frozenset({normalize_name("main")}), frozenset())
    assert [(p.name, marker_of(p)) for p in select_everywhere(lock, of_main)] == [
        ("a", OLD),
        ("z", LINUX),
    ]


def test_a_marker_that_cannot_be_read_is_named() -> None:
    lock = Lockfile.from_dict(
        {
            "metadata": {"lock-version": "2.1"},
            "package": [{"name": "z", "version": "1", "groups": ["main"], "markers": "a b"}],
        }
    )
    with pytest.raises(InvalidDataError, match=r"^poetry\.lock: package\[0\]\.markers: invalid"):
        select_everywhere(lock, Wanted(frozenset({normalize_name("main")}), frozenset()))

"""Build constraints: the lines for uv against the dependencies that Poetry makes of the table."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from poetry.core.packages.dependency import Dependency
from support import poetry_in_process
from support.environments import Markers, everywhere

from hybrid_install.core.build_constraints import constraint_lines
from hybrid_install.files import find_pyproject, read_project, read_toml

pytestmark = pytest.mark.conformance

SEVERAL = settings(max_examples=60)

VERSIONS = st.sampled_from(
    ["<78", "^1.2", "~1.2.3", "1.0", "*", "==1.*", ">=1,<2 || >=3", "!=1.5", ">=1.0rc1", "<1,>2"]
)
MARKERS = st.sampled_from(
    [
        "sys_platform == 'linux'",
        "sys_platform != 'linux'",
        "python_version < '3.12'",
        "platform_machine == 'arm64' or os_name == 'nt'",
        "implementation_name == 'pypy'",
        "extra == 'x'",
    ]
)
TABLES = st.one_of(
    VERSIONS,
    st.fixed_dictionaries(
        {"version": VERSIONS},
        optional={
            "markers": MARKERS,
            "python": st.sampled_from([">=3.11", "<3.11", "^3.9"]),
            "platform": st.sampled_from(["linux", "darwin", "win32"]),
            "extras": st.just(["x"]),
            "source": st.just("elsewhere"),
            "allow-prereleases": st.booleans(),
        },
    ),
    st.sampled_from(
        [
            {"git": "https://x.invalid/a"},
            {"git": "https://x.invalid/a", "markers": "sys_platform == 'win32'"},
            {"url": "https://x.invalid/a-1.0.zip"},
        ]
    ),
)
NAMES = st.sampled_from(["setuptools", "wheel", "Cython", "flit_core", "a.b"])
CONSTRAINTS = st.dictionaries(NAMES, TABLES | st.lists(TABLES, min_size=1, max_size=3), max_size=4)
TARGETS = everywhere()


@SEVERAL
@given(st.dictionaries(st.sampled_from(["a", "B_c.d"]), CONSTRAINTS, max_size=2))
def test_constraints_of_every_target(tally: Counter[str], tables: dict[str, Any]) -> None:
    document = {
        "project": {"name": "root", "version": "1"},
        "tool": {"poetry": {"build-constraints": tables}},
    }
    with TemporaryDirectory() as name:
        # Written, because TOML has an order of its own: tables come last.
        Path(name, "pyproject.toml").write_text(tomlkit.dumps(document), "utf-8")
        theirs = poetry_in_process.read_project(Path(name)).build_constraints
        ours = read_project(read_toml(find_pyproject(Path(name)))).build_constraints
    assert list(map(str, ours)) == list(map(str, theirs))
    for table, constraints in zip(ours.values(), theirs.values(), strict=True):
        for target in TARGETS:
            tally.update(["build constraints"])
            assert constraint_lines(table, target) == expected(constraints, target)
            tally.update(["build constraints equal"])


def expected(constraints: list[Dependency], target: Markers) -> tuple[str, ...] | None:
    """`IsolatedEnv.install`: those whose marker holds. uv knows plain ranges only.

    A marker about extras holds always, because a build has none: that is left to Poetry.
    """
    held = [each for each in constraints if each.marker.validate(target)]
    lines = tuple(each.base_pep_508_name for each in held)
    about_extras = any("extra" in str(each.marker) for each in constraints)
    is_odd = any("||" in line or "<empty>" in line or "[" in line for line in lines) or any(
        each.is_direct_origin() or each.source_name or each.allows_prereleases() is not None
        for each in held
    )
    return None if about_extras or is_odd else lines


@SEVERAL
@given(CONSTRAINTS)
def test_a_line_means_what_the_constraint_means(constraints: dict[str, Any]) -> None:
    """Each line is PEP 508 for the same versions; packaging, like uv, can read it."""
    for target in TARGETS[:4]:
        for line in constraint_lines(constraints, target) or ():
            assert not Requirement(line).marker
            assert Dependency.create_from_pep_508(line).base_pep_508_name == line

"""What a lock selects: groups, extras and packages, as Poetry's own installer has them."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import corpus
from support.environments import (
    LINUX_ARM,
    LINUX_X86,
    MACOS_ARM,
    OLDER_PYTHONS,
    PYTHONS,
    RELEASE_CANDIDATE,
    WINDOWS,
    environment,
)
from support.hard_project import HardProject, hard, projects, with_legacy_tables
from support.poetry_in_process import Oracle, read_project
from support.selections import Arguments, compare, lock_in, ours, project_in, selections

from hybrid_install.core.versions import allows
from hybrid_install.errors import InvalidDataError

pytestmark = pytest.mark.conformance


@corpus.each_pair("2.1")
def test_real_locks(pair: corpus.Pair, tmp_path: Path, tally: Counter[str]) -> None:
    """Every allowed Python, on Linux and macOS, with all options of groups and of extras.

    Older Pythons and Linux on ARM too with `HYBRID_INSTALL_WIDE=1`.
    """
    copy = pair.copy_to(tmp_path)
    poetry = Oracle(copy.folder)
    known = (*OLDER_PYTHONS, *PYTHONS) if corpus.WIDE else PYTHONS
    platforms = (LINUX_X86, LINUX_ARM, MACOS_ARM) if corpus.WIDE else (LINUX_X86, MACOS_ARM)
    allowed = project_in(copy.folder).python_versions
    pythons = [python for python in known if allows(allowed, python)]
    targets = [environment(*target) for target in product(pythons, platforms)]
    assert targets
    compare(copy.folder, poetry, list(selections(poetry)), targets, tally)


@pytest.mark.parametrize("project", [hard(), with_legacy_tables()], ids=["modern", "legacy"])
def test_hard_project(project: HardProject, tmp_path: Path, tally: Counter[str]) -> None:
    folder = project.write(tmp_path / "hard")
    poetry = Oracle(folder)
    pythons = (*OLDER_PYTHONS, *PYTHONS, RELEASE_CANDIDATE)
    platforms = (LINUX_X86, LINUX_ARM, MACOS_ARM, WINDOWS)
    targets = [environment(*target) for target in product(pythons, platforms)]
    pairs_of_extras = [("-E", "A.B", "-E", "c"), ("-E", "c gpu_all"), ("-E", "Empty  a-b c")]
    asked = [*selections(poetry), *pairs_of_extras, *_UNUSUAL_GROUPS]
    compare(folder, poetry, asked, targets, tally)


_UNUSUAL_GROUPS: list[Arguments] = [
    ("--with", "Docs-Site , LINT.ALL", "--without", "main"),
    ("--with", "docs.site", "--with", "lint-all", "--without", "docs_site,TEST_tools"),
    ("--only", "main,deploy", "--with", "lint_all", "--without", "deploy"),
    ("--without", "main,test-tools,typing,deploy,nothing"),
    ("--only-root",),
    ("--no-root", "--with", "typing"),
]


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(projects(), st.data())
def test_generated_projects(
    tmp_path_factory: pytest.TempPathFactory,
    tally: Counter[str],
    project: HardProject,
    data: st.DataObject,
) -> None:
    folder = project.write(tmp_path_factory.mktemp("generated"))
    poetry = Oracle(folder)
    arguments = data.draw(st.sampled_from(list(selections(poetry))))
    pythons = (*PYTHONS, RELEASE_CANDIDATE)
    targets = [environment(*target) for target in product(pythons, (LINUX_X86, WINDOWS))]
    compare(folder, poetry, [arguments], targets, tally)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--with", "nope"),
        ("--without", "nope,main"),
        ("--only", "nope", "--with", "zzz,nope", "--without", "Nope"),
        ("--with", "nope", "--with", "nope"),
        ("--with", ""),
        ("--with", "typing,"),
        ("-E", "nope"),
        ("-E", "A_b No_Pe zzz"),
        ("-E", "a,c"),
        ("--all-extras", "-E", "c"),
        ("--only-root", "--with", "typing"),
        ("--only-root", "--without", "nope"),
        ("--only-root", "--all-groups"),
        ("--only-root", "--no-root"),
        ("--all-groups", "--only", "main"),
        ("--all-groups", "--without", "nope"),
        ("--all-groups", "--with", "typing", "--only-root", "--no-root", "--all-extras", "-E", "c"),
        ("--only", "nope", "-E", "nope"),
    ],
    ids=" ".join,
)
def test_refusals_are_in_poetrys_words(arguments: Arguments, tmp_path: Path) -> None:
    folder = hard().write(tmp_path)
    target = environment(PYTHONS[0], LINUX_X86)
    expected = Oracle(folder).install(arguments, target)
    assert expected.refusal
    assert ours(project_in(folder), lock_in(folder), folder, arguments, target) == expected


@pytest.mark.parametrize("marker", ["python_version >=", 'extra in "a b"', 'os_name = "nt"'])
def test_a_marker_that_poetry_fails_on_is_refused_with_its_place(
    marker: str, tmp_path: Path
) -> None:
    project = hard()
    broken = HardProject(project.pyproject, (*project.packages[:2], {**project.packages[2]}))
    broken.packages[2].update(groups=["main"], markers=marker)
    folder = broken.write(tmp_path)
    target = environment(PYTHONS[0], LINUX_X86)
    with pytest.raises(Exception):  # noqa: B017  # whichever of its parts it comes from
        Oracle(folder).install((), target)
    with pytest.raises(InvalidDataError, match=r"^poetry\.lock: package\[2\]\.markers: invalid"):
        ours(project_in(folder), lock_in(folder), folder, (), target)


@corpus.each_pair()
def test_python_range(pair: corpus.Pair, tmp_path: Path, tally: Counter[str]) -> None:
    """The Pythons that a project allows, from 3.8 to 3.14 with every patch release."""
    from poetry.core.constraints.version import Version

    constraint = read_project(pair.copy_to(tmp_path).folder).package.python_constraint
    python_versions = project_in(pair.folder).python_versions
    versions = [f"3.{minor}.{patch}" for minor in range(6, 16) for patch in range(22)]
    different = [
        version
        for version in versions
        if allows(python_versions, version) != constraint.allows(Version.parse(version))
    ]
    equal = len(versions) - len(different)
    tally.update({"Pythons allowed or not": len(versions), "Pythons allowed or not equal": equal})
    assert not different

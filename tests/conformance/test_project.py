"""pyproject.toml means to us what it means to Poetry's `Factory`."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from poetry.core.packages.package import Package
from poetry.installation.chooser import Chooser
from poetry.poetry import Poetry
from poetry.repositories.http_repository import HTTPRepository
from poetry.repositories.repository import Repository
from poetry.repositories.single_page_repository import SinglePageRepository
from poetry.utils.env import MockEnv
from support import corpus
from support.hard_project import HardProject, hard, with_legacy_tables
from support.poetry_in_process import read_project

from hybrid_install.core.model import Index
from hybrid_install.core.project import Project, is_single_page
from hybrid_install.errors import HybridInstallError

pytestmark = pytest.mark.conformance

Document = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """A source of the pool. PyPI has no url: where it is, is Poetry's or uv's to say."""

    name: str
    url: str | None
    priority: str
    is_single_page: bool


@dataclass(frozen=True)
class Facts:
    """What both sides know of a project. `unnamed` serves packages that name no source."""

    name: str
    package_mode: bool
    python_versions: str
    groups: dict[str, bool]
    extras: set[str]
    sources: list[Source]
    unnamed: str
    build_constraints: set[str]


@corpus.each_pair()
def test_real_projects(pair: corpus.Pair, tmp_path: Path, tally: Counter[str]) -> None:
    _compare(pair.copy_to(tmp_path).folder, tally)


@pytest.mark.parametrize("project", [hard(), with_legacy_tables()], ids=["modern", "legacy"])
def test_hard_projects(project: HardProject, tmp_path: Path, tally: Counter[str]) -> None:
    _compare(project.write(tmp_path), tally)


_NAMED = '[project]\nname = "a"\nversion = "1"\n'
_URL = 'url = "https://b.invalid/simple/"'


@pytest.mark.parametrize(
    "pyproject",
    [
        _NAMED,
        _NAMED + "dependencies = []",
        _NAMED + 'optional-dependencies = {"X.y" = []}',
        _NAMED + "optional-dependencies = {}",
        # Who names the extras: [tool.poetry] only where [project] has no dependencies at all.
        _NAMED + '[tool.poetry]\nextras = {"X_y" = ["b"]}',
        _NAMED + 'dependencies = []\n[tool.poetry]\nextras = {"X_y" = ["b"]}',
        _NAMED + 'dependencies = ["b"]\n[tool.poetry]\nextras = {"X_y" = ["b"]}',
        _NAMED + 'optional-dependencies = {z = []}\n[tool.poetry]\nextras = {"X_y" = ["b"]}',
        _NAMED + 'optional-dependencies = {}\n[tool.poetry]\nextras = {"X_y" = ["b"]}',
        # Who says which Python.
        _NAMED + 'requires-python = ">=3.9"',
        _NAMED + 'requires-python = ">=3.9"\n[tool.poetry.dependencies]\npython = "^3.10"',
        _NAMED + '[tool.poetry.dependencies]\nPython = "^3.10"',
        _NAMED + '[tool.poetry.dependencies]\npython = {version = "^3.10"}',
        _NAMED + '[tool.poetry.dependencies]\npython = ["^3.10", "^3.11"]',
        _NAMED + '[tool.poetry.group.dev.dependencies]\npython = "^3.10"',
        _NAMED + '[tool.poetry.dependencies]\npython = "*"',
        # Names and package mode.
        "[tool.poetry]\npackage-mode = false",
        '[project]\nname = "A.b"\n[tool.poetry]\npackage-mode = false',
        '[tool.poetry]\nname = "A.b"\nversion = "1"\npackage-mode = true',
        '[tool.poetry]\nversion = "1"',
        '[project]\nversion = "1"',
        # Groups of several kinds; what makes one optional.
        _NAMED + "[dependency-groups]\ndev = []",
        _NAMED + '[dependency-groups]\n"D.ev" = []\n[tool.poetry.group."D.ev"]\noptional = true',
        _NAMED + '[dependency-groups]\n"D.ev" = []\n[tool.poetry.group.d-ev]\noptional = true',
        _NAMED + '[dependency-groups]\n"D.ev" = []\nd_ev = []',
        _NAMED + '[tool.poetry.group."D.ev".dependencies]\n[tool.poetry.group.d_ev.dependencies]',
        _NAMED + "[tool.poetry.dev-dependencies]",
        _NAMED + "[tool.poetry.dev-dependencies]\n[tool.poetry.group.dev]\noptional = true",
        _NAMED + "[tool.poetry.dev-dependencies]\n[tool.poetry.group.Dev]\noptional = false",
        _NAMED + "[dependency-groups]\nmain = []",
        _NAMED + "dependencies = []\n[dependency-groups]\nmain = []",
        _NAMED + "dependencies = []\n[tool.poetry.group.main]\noptional = true",
        _NAMED + "[tool.poetry.group.main]\noptional = true",
        _NAMED + "[tool.poetry.dependencies]\n[tool.poetry.group.main]\noptional = true",
        # The pool: its order, and when PyPI is in it.
        *(
            _NAMED + "".join(f"[[tool.poetry.source]]\n{source}\n" for source in sources)
            for sources in (
                [f'name = "B"\n{_URL}'],
                [f'name = "B"\n{_URL}\npriority = "primary"'],
                [f'name = "B"\n{_URL}\npriority = "supplemental"'],
                [f'name = "B"\n{_URL}\npriority = "explicit"'],
                [f'name = "B"\n{_URL}\npriority = "Explicit"'],
                [f'name = "B"\n{_URL}\npriority = "secondary"'],
                ['name = "pypi"'],
                ['name = "PyPI"\npriority = "explicit"'],
                ['name = "PyPI"\npriority = "explicit"', f'name = "B"\n{_URL}'],
                ['name = "PyPI"\npriority = "supplemental"', f'name = "B"\n{_URL}'],
                [f'name = "B"\n{_URL}\npriority = "supplemental"', f'name = "C"\n{_URL}'],
                [f'name = "B"\n{_URL}\npriority = "explicit"', f'name = "C"\n{_URL}'],
                [f'name = "B"\n{_URL}\npriority = "supplemental"', 'name = "pypi"'],
                [f'name = "B"\n{_URL}', f'name = "b"\n{_URL}'],
                [f'name = "PyPI"\n{_URL}'],
                ['name = "B"'],
                [_URL],
                ['name = "B"\nurl = "https://b.invalid/links.html"'],
                ['name = "B"\nurl = "https://b.invalid/links.htm"'],
            )
        ),
        _NAMED + '[tool.poetry.build-constraints]\n"Foo_Bar" = {setuptools = "<80"}',
    ],
    ids=lambda text: " ".join(text.removeprefix(_NAMED).split()) or "nothing but a name",
)
def test_tables(pyproject: str, tmp_path: Path, tally: Counter[str]) -> None:
    tmp_path.joinpath("pyproject.toml").write_text(pyproject, "utf-8")
    _compare(tmp_path, tally)


_OPTIONAL = st.sampled_from([{}, {"optional": True}, {"optional": False}])
_GROUP_NAMES = st.sampled_from(["main", "dev", "Dev", "a_b", "a-b"])


def _sources() -> st.SearchStrategy[list[Document]]:
    priorities = st.sampled_from(["primary", "supplemental", "explicit"])
    urls = st.sampled_from(["https://b.invalid/", "https://b.invalid/x.html"])
    elsewhere = st.fixed_dictionaries(
        {"name": st.sampled_from(["B", "b", "C", "d"]), "url": urls},
        optional={"priority": priorities},
    )
    pypi = st.fixed_dictionaries({"name": st.just("PyPI")}, optional={"priority": priorities})
    return st.lists(st.one_of(elsewhere, pypi), max_size=3)


_PROJECTS = st.fixed_dictionaries(
    {
        "project": st.fixed_dictionaries(
            {"name": st.just("A.b"), "version": st.just("1")},
            optional={
                "dependencies": st.sampled_from([[], ["x"]]),
                "optional-dependencies": st.sampled_from([{}, {"E_x": []}]),
                "requires-python": st.sampled_from([">=3.9", "==3.11.*"]),
            },
        ),
        "tool": st.fixed_dictionaries(
            {
                "poetry": st.fixed_dictionaries(
                    {},
                    optional={
                        "dependencies": st.sampled_from([{}, {"python": "~3.11"}, {"x": "*"}]),
                        "dev-dependencies": st.sampled_from([{}, {"x": "*"}]),
                        "extras": st.sampled_from([{}, {"P.x": ["x"]}]),
                        "group": st.dictionaries(
                            _GROUP_NAMES,
                            _OPTIONAL.map(lambda options: {**options, "dependencies": {"x": "*"}}),
                            max_size=3,
                        ),
                        "source": _sources(),
                    },
                )
            }
        ),
    },
    optional={"dependency-groups": st.dictionaries(_GROUP_NAMES, st.just(["x"]), max_size=3)},
)


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(_PROJECTS)
def test_generated_projects(
    tmp_path_factory: pytest.TempPathFactory, tally: Counter[str], pyproject: Document
) -> None:
    folder = tmp_path_factory.mktemp("project")
    folder.joinpath("pyproject.toml").write_text(tomlkit.dumps(pyproject), "utf-8")
    _compare(folder, tally)


def _compare(folder: Path, tally: Counter[str]) -> None:
    """The same facts, or a refusal on both sides."""
    expected, found = _poetry(folder), _ours(folder)
    tally.update(["projects"])
    assert found == expected
    tally.update(["projects equal"])


def _ours(folder: Path) -> Facts | None:
    try:
        project = Project.from_dict(tomllib.loads(folder.joinpath("pyproject.toml").read_text()))
    except HybridInstallError:
        return None
    return Facts(
        # Poetry's word for a project that needs no name.
        name=project.name or "non-package-mode",
        package_mode=project.package_mode,
        python_versions=project.python_versions,
        groups={group.name: group.optional for group in project.groups},
        extras=set(project.extras),
        sources=[_our_source(index) for index in project.indexes],
        unnamed=project.unnamed_index.name.lower(),
        build_constraints=set(project.build_constraints),
    )


def _our_source(index: Index) -> Source:
    return Source(index.name.lower(), index.url, index.priority.name, is_single_page(index))


def _poetry(folder: Path) -> Facts | None:
    try:
        poetry = read_project(folder)
    except Exception:  # noqa: BLE001  # each of its parts has errors of its own
        return None
    package = poetry.package
    return Facts(
        name=package.name,
        package_mode=poetry.is_package_mode,
        python_versions=package.python_versions,
        groups={group.name: group.is_optional() for group in package._dependency_groups.values()},
        extras=set(package.extras),
        sources=[_poetry_source(poetry, source) for source in poetry.pool.all_repositories],
        unnamed=_chosen_for_no_source(poetry).name.lower(),
        build_constraints=set(poetry.build_constraints),
    )


def _poetry_source(poetry: Poetry, repository: Repository) -> Source:
    assert isinstance(repository, HTTPRepository)
    name = repository.name.lower()
    url = None if name == "pypi" else repository.url
    priority = poetry.pool.get_priority(name).name
    return Source(name, url, priority, isinstance(repository, SinglePageRepository))


def _chosen_for_no_source(poetry: Poetry) -> Repository:
    chooser = Chooser(poetry.pool, MockEnv(), poetry.config)
    return chooser._get_repository(Package("any", "1"))

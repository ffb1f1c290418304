"""pyproject.toml as values, and every way in which it can be wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from support.documents import any_document

from hybrid_install.core.freshness import content_hash
from hybrid_install.core.model import DEFAULT_INDEX, Index, Priority, normalize_name
from hybrid_install.core.project import Project, is_single_page
from hybrid_install.errors import HybridInstallError, InvalidDataError, ProjectError

Document = dict[str, Any]

NAMED: Document = {"name": "A.b", "version": "1"}
URL = "https://a.invalid/simple"
ROUND: Document = {
    "project": {
        **NAMED,
        "requires-python": ">=3.9",
        "dependencies": ["x"],
        "optional-dependencies": {"E_x": ["y"]},
    },
    "dependency-groups": {"Dev_Tools": ["x"], "docs": []},
    "tool": {
        "poetry": {
            "package-mode": True,
            "dependencies": {"python": "^3.11"},
            "group": {"docs": {"optional": True}, "lint": {"dependencies": {}}},
            "source": [{"name": "A", "url": f"{URL}/", "priority": "supplemental"}],
            "build-constraints": {"Foo_Bar": {"setuptools": "<80"}},
        }
    },
}


def poetry(**tables: Any) -> Project:
    return Project.from_dict({"tool": {"poetry": {**NAMED, **tables}}})


def test_a_whole_project() -> None:
    project = Project.from_dict(ROUND)
    assert (project.name, project.package_mode, project.python_versions) == ("a-b", True, "^3.11")
    groups = {group.name: group.optional for group in project.groups}
    assert groups == {"main": False, "dev-tools": False, "docs": True, "lint": False}
    assert project.extras == {"e-x"}
    assert project.indexes == (DEFAULT_INDEX, Index("A", URL, Priority.SUPPLEMENTAL))
    assert project.build_constraints == {"foo-bar": {"setuptools": "<80"}}


def test_a_project_of_nothing_but_a_name() -> None:
    project = Project.from_dict({"project": {"name": "a"}})
    assert project == Project(normalize_name("a"), True, "*", (), frozenset(), (DEFAULT_INDEX,), {})


def test_without_package_mode_no_name_is_needed() -> None:
    project = Project.from_dict({"tool": {"poetry": {"package-mode": False}}})
    assert project.name is None
    assert not project.package_mode


@pytest.mark.parametrize(
    ("in_project", "extras"),
    [
        # Poetry's own table counts only where [project] declares no dependencies at all.
        ({}, {"p-x"}),
        ({"dependencies": []}, {"p-x"}),
        ({"optional-dependencies": {}}, {"p-x"}),
        ({"dependencies": ["x"]}, set()),
        ({"optional-dependencies": {"E_x": []}}, {"e-x"}),
        ({"dependencies": ["x"], "optional-dependencies": {"E_x": []}}, {"e-x"}),
    ],
)
def test_extras(in_project: Document, extras: set[str]) -> None:
    tables = {"project": {**NAMED, **in_project}, "tool": {"poetry": {"extras": {"P.x": ["x"]}}}}
    assert Project.from_dict(tables).extras == extras


@pytest.mark.parametrize(
    ("sources", "names", "unnamed"),
    [
        ([], ["PyPI"], "PyPI"),
        ([("a", "primary")], ["a"], "a"),
        ([("a", None)], ["a"], "a"),
        ([("a", "supplemental")], ["PyPI", "a"], "PyPI"),
        ([("a", "explicit")], ["PyPI", "a"], "PyPI"),
        # Primary sources come first, whatever their order in the file.
        ([("a", "supplemental"), ("b", "primary")], ["b", "a"], "b"),
        ([("a", "explicit"), ("b", "supplemental"), ("c", None)], ["c", "b", "a"], "c"),
        ([("a", "primary"), ("b", "primary")], ["a", "b"], "a"),
        ([("a", "primary"), ("pypi", "explicit")], ["a", "pypi"], "pypi"),
        ([("a", "supplemental"), ("PYPI", "supplemental")], ["a", "PYPI"], "PYPI"),
    ],
)
def test_indexes(sources: list[tuple[str, str | None]], names: list[str], unnamed: str) -> None:
    entries = [
        {
            "name": name,
            **({} if name.lower() == "pypi" else {"url": URL}),
            **({"priority": priority} if priority else {}),
        }
        for name, priority in sources
    ]
    project = poetry(source=entries)
    assert [index.name for index in project.indexes] == names
    assert project.unnamed_index.name == unnamed


def test_an_index_is_found_whatever_the_case_of_its_name() -> None:
    project = poetry(source=[{"name": "Mirror", "url": URL}])
    assert project.index_named("mIRROR") == Index("Mirror", URL)
    assert project.index_named("PyPI") is None


@pytest.mark.parametrize(
    ("url", "is_page"),
    [
        ("https://a.invalid/links.html", True),
        ("https://a.invalid/links.htm", True),
        ("https://a.invalid/links.html?x", False),
        ("https://a.invalid/html", False),
        (None, False),
    ],
)
def test_single_pages(url: str | None, is_page: bool) -> None:
    assert is_single_page(Index("a", url)) is is_page


_INVALID = "The Poetry configuration is invalid:"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "pyproject.toml has neither a [project] nor a [tool.poetry] table"),
        ({"project": {}, "tool": {"poetry": {}}}, "pyproject.toml has neither a [project] nor a [tool.poetry] table"),
        (
            {"project": {"version": "1"}},
            f"{_INVALID} Either [project.name] or [tool.poetry.name] is required in package mode.",
        ),
        (
            {"project": NAMED, "dependency-groups": {"A_b": [], "a-b": []}},
            f"{_INVALID} Duplicate dependency group name after normalization: a-b (A_b, a-b)",
        ),
        (
            {"project": NAMED, "dependency-groups": {"x": []}, "tool": {"poetry": {"group": {"X": {}}}}},
            f"{_INVALID} Duplicate dependency group name after normalization: x (X, x)",
        ),
        (
            {"tool": {"poetry": {**NAMED, "source": [{"name": "a", "url": URL}, {"name": "A", "url": URL}]}}},
            "A repository with name a was already added.",
        ),
        (
            {"tool": {"poetry": {**NAMED, "source": [{"name": "pypi", "url": URL}]}}},
            "The PyPI repository cannot be configured with a custom url.",
        ),
        (
            {"tool": {"poetry": {**NAMED, "source": [{"name": "pypi", "priority": "explicit"}]}}},
            "At least one source must not be configured as 'explicit'.",
        ),
    ],
)  # fmt: skip
def test_refusals(document: Document, message: str) -> None:
    with pytest.raises(ProjectError) as error:
        Project.from_dict(document)
    assert error.value.message == message


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"project": []}, "project: expected a table, found an array"),
        ({"tool": 1}, "tool: expected a table, found an integer"),
        ({"tool": {"poetry": 1}}, "tool.poetry: expected a table, found an integer"),
        ({"project": {"name": 1}}, "project.name: expected a string, found an integer"),
        ({"project": NAMED, "dependency-groups": []}, "dependency-groups: expected a table, found an array"),
        ({"tool": {"poetry": {**NAMED, "group": {"a": []}}}}, "tool.poetry.group.a: expected a table, found an array"),
        ({"tool": {"poetry": {**NAMED, "group": {"a": {"optional": 1}}}}}, "tool.poetry.group.a.optional: expected true or false, found an integer"),
        ({"tool": {"poetry": {**NAMED, "source": {}}}}, "tool.poetry.source: expected an array, found a table"),
        ({"tool": {"poetry": {**NAMED, "source": ["a"]}}}, "tool.poetry.source[0]: expected a table, found a string"),
        ({"tool": {"poetry": {**NAMED, "source": [{"url": URL}]}}}, "tool.poetry.source[0].name: is missing"),
        ({"tool": {"poetry": {**NAMED, "source": [{"name": "a"}]}}}, "tool.poetry.source[0].url: is missing"),
        (
            {"tool": {"poetry": {**NAMED, "source": [{"name": "a", "url": URL, "priority": "Explicit"}]}}},
            "tool.poetry.source[0].priority: 'Explicit' is not a priority (primary, supplemental, explicit)",
        ),
        (
            {"tool": {"poetry": {**NAMED, "source": [{"name": "a\nb", "url": URL}]}}},
            r"tool.poetry.source[0].name: 'a\nb' holds a control character",
        ),
        ({"tool": {"poetry": {**NAMED, "package-mode": "no"}}}, "tool.poetry.package-mode: expected true or false, found a string"),
    ],
)  # fmt: skip
def test_malformed_projects(document: Document, message: str) -> None:
    with pytest.raises(InvalidDataError) as error:
        Project.from_dict(document)
    assert str(error.value) == message


@settings(max_examples=120)
@given(any_document(ROUND))
def test_whatever_the_document_only_errors_of_ours_escape(document: Document) -> None:
    try:
        project = Project.from_dict(document)
        assert project.indexes
        assert project.unnamed_index in project.indexes
        assert len(content_hash(document)) == 64
    except HybridInstallError:
        return

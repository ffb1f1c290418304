"""The whole way: from nothing to a project that runs."""

from __future__ import annotations

import pytest
from support.compare import assert_same, snapshot, versions
from support.index import Source
from support.lab import Lab, contents
from support.projects import Project
from support.venvs import launch
from support.wheels import Release, Sdist, Wheel


def test_a_project_is_installed_and_runs(lab: Lab, standard: Project) -> None:
    lab.install(standard)

    lab.assert_as_poetry_makes_it(standard)
    said = launch(standard.venv, "acme-app", lab.sandbox).stdout
    assert said.splitlines() == [
        "alpha 1.0 plain",
        "bravo 1.2 plain",
        "charlie_tools 2.0 plain",
        "golf 7.0 plain",
    ]
    assert launch(standard.venv, "bravo", lab.sandbox).stdout == "bravo 1.2 plain\n"
    assert launch(standard.venv, "bravo-tool", lab.sandbox).stdout == "tool\n"


def test_uv_does_the_bulk_and_poetry_only_binds(lab: Lab, standard: Project) -> None:
    result = lab.install(standard)

    installed = snapshot(standard.venv, standard.folder).distributions
    installers = {name: each.installer for name, each in installed.items() if name != "pip"}
    assert installers.pop("acme-app").startswith("poetry")
    assert set(installers.values()) == {"uv"}
    assert "No dependencies to install or update" in result.stderr


def test_a_second_run_does_nothing(lab: Lab, standard: Project) -> None:
    lab.install(standard)
    before = {
        path: state
        for path, state in contents(standard.venv).items()
        if "acme_app" not in path and "acme-app" not in path and "__pycache__" not in path
    }
    with lab.index.watched() as requests:
        result = lab.install(standard)

    after = contents(standard.venv)
    files = {path for path in before if (standard.venv / path).is_file()}
    assert {path: after[path] for path in files} == {path: before[path] for path in files}
    assert not requests
    assert "Package operations" not in result.output
    lab.assert_as_poetry_makes_it(standard)


def test_an_environment_that_is_made_again_asks_no_file_twice(lab: Lab, standard: Project) -> None:
    lab.install(standard)
    standard.venv.rename(standard.folder / "old")
    with lab.index.watched() as requests:
        lab.install(standard)

    assert not [request for request in requests if request.is_download]
    lab.assert_as_poetry_makes_it(standard)


def test_both_feeds_make_the_same_environment(lab: Lab, standard: Project) -> None:
    lab.install(standard, "--feed", "requirements")
    by_requirements = lab.assert_as_poetry_makes_it(standard)
    standard.venv.rename(standard.folder / "old")
    lab.install(standard, "--feed", "pylock")

    assert_same(snapshot(standard.venv, standard.folder), by_requirements)


@pytest.mark.parametrize(
    "options",
    [
        ("--with", "docs", "--without", "dev"),
        ("--only=main", "--extras=more"),
        ("--all-groups", "--all-extras"),
        ("--no-root",),
        ("--only-root",),
    ],
    ids=" ".join,
)
def test_groups_and_extras(lab: Lab, standard: Project, options: tuple[str, ...]) -> None:
    lab.install(standard, *options)

    lab.assert_as_poetry_makes_it(standard, *options)


def test_options_may_come_from_the_environment(lab: Lab, standard: Project) -> None:
    lab.install(standard, HYBRID_INSTALL_ONLY="docs", HYBRID_INSTALL_NO_ROOT="1")

    lab.assert_as_poetry_makes_it(standard, "--only=docs", "--no-root")


def test_a_project_that_is_no_package(lab: Lab, shop: Source) -> None:
    project = lab.project(lab.spec("alpha", sources=(shop,), package_mode=False))
    lab.install(project)

    seen = lab.assert_as_poetry_makes_it(project)
    assert "acme-app" not in seen.distributions


def test_an_sdist_is_built(lab: Lab) -> None:
    source = lab.source(Sdist(Release("only-sdist", requires=("alpha",))), Wheel(Release("alpha")))
    project = lab.project(lab.spec("only-sdist", sources=(source,), imports=("only_sdist",)))
    lab.install(project)

    lab.assert_as_poetry_makes_it(project)
    assert launch(project.venv, "acme-app", lab.sandbox).stdout == "only_sdist 1.0 plain\n"


def test_unusual_but_legitimate_versions(lab: Lab) -> None:
    """A pre-release, an epoch, a post release, a version that is written unusually, a yanked one."""
    source = lab.source(
        Wheel(Release("alpha", "2.0rc1")),
        Wheel(Release("bravo", "1!1.0")),
        Wheel(Release("charlie", "1.0.post1")),
        Wheel(Release("delta", "2024.01.01")),
        Wheel(Release("echo", "3.0")),
    )
    names = ("alpha>=2.0rc1", "bravo", "charlie", "delta", "echo")
    project = lab.project(lab.spec(*names, sources=(source,)))
    source.yanked.add("echo-3.0-py3-none-any.whl")
    lab.install(project)

    seen = lab.assert_as_poetry_makes_it(project)
    assert {"alpha", "bravo", "charlie", "delta", "echo"} <= seen.distributions.keys()


def test_bytecode_is_compiled_when_asked_for(lab: Lab, standard: Project) -> None:
    lab.install(standard, "--compile")

    compiled = list(standard.venv.glob("lib/*/site-packages/alpha/__pycache__/__init__.*.pyc"))
    assert len(compiled) == 1
    lab.assert_as_poetry_makes_it(standard)


def test_the_project_may_be_named_from_elsewhere(lab: Lab, standard: Project) -> None:
    lab.hybrid_install.succeeding("-C", standard.folder, "--only", "docs", cwd=lab.folder)
    assert "foxtrot-docs" in versions(standard.venv)

    lab.hybrid_install.succeeding("-P", standard.folder.name, cwd=lab.folder)
    assert "alpha" in versions(standard.venv)
    assert not (lab.folder / ".venv").exists()

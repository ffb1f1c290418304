"""What cannot be right is refused before anything is made, asked or changed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable

import pytest
import tomlkit
from support.lab import Lab, all_but_memory, contents
from support.projects import Locksmith, Project
from support.sandbox import Result
from support.venvs import make_with_venv

from hybrid_install.core.freshness import content_hash


def refused_at_once(lab: Lab, project: Project, *options: str, **variables: str) -> Result:
    """Exit code 1; no environment, no request, no file changed."""
    lab.hybrid_install.environ(variables)  # makes the sandbox's folders
    before = all_but_memory(lab)
    with lab.index.watched() as requests:
        result = lab.refuse(project, *options, **variables)
    assert not requests
    assert not project.venv.exists()
    assert not result.stdout
    after = all_but_memory(lab)
    assert after == before, f"changed: {sorted(after.items() ^ before.items())}"
    return result


def stale(project: Project) -> None:
    project.edit("pyproject.toml", '"charlie-tools"', '"charlie-tools>=1"')


def unlocked(project: Project) -> None:
    project.lock.unlink()


def lock_that_is_no_toml(project: Project) -> None:
    project.edit("poetry.lock", "[[package]]", "[[package")


def lock_without_packages(project: Project) -> None:
    project.edit("poetry.lock", 'name = "bravo"', "name = 7")


def lock_with_conflict(project: Project) -> None:
    project.edit("poetry.lock", 'name = "bravo"', '<<<<<<< ours\nname = "bravo"')


def lock_of_the_future(project: Project) -> None:
    project.edit("poetry.lock", 'lock-version = "2.1"', 'lock-version = "3.0"')


def pyproject_that_is_no_toml(project: Project) -> None:
    project.edit("pyproject.toml", "[project]", "[project")


def pyproject_without_poetry_s_sense(project: Project) -> None:
    project.edit("pyproject.toml", 'name = "acme-app"', "name = 7")


def no_pyproject(project: Project) -> None:
    project.pyproject.unlink()


def poetry_toml_that_is_no_toml(project: Project) -> None:
    (project.folder / "poetry.toml").write_text("[virtualenvs\n")


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (stale, "pyproject.toml changed significantly since poetry.lock was last generated"),
        (unlocked, "poetry.lock"),
        (lock_that_is_no_toml, "poetry.lock"),
        (lock_without_packages, "name"),
        (lock_with_conflict, "poetry.lock"),
        (lock_of_the_future, "3.0"),
        (pyproject_that_is_no_toml, "pyproject.toml"),
        (pyproject_without_poetry_s_sense, "project.name"),
        (no_pyproject, "pyproject.toml"),
        (poetry_toml_that_is_no_toml, "poetry.toml"),
    ],
)
def test_files_that_cannot_be_used(
    lab: Lab, standard: Project, spoil: Callable[[Project], None], named: str
) -> None:
    spoil(standard)

    assert named in refused_at_once(lab, standard).stderr


def a_huge_number(project: Project) -> None:
    project.edit("poetry.lock", "[metadata]", f"[metadata]\nx = {'9' * 5000}")


def a_nested_marker(project: Project) -> None:
    marker = "(os_name == 'nt' or (os_name == 'posix' and " * 200 + "os_name == 'x'" + "))" * 200
    project.edit("poetry.lock", 'groups = ["dev"]', f'groups = ["dev"]\nmarkers = "{marker}"')


def settings(**virtualenvs: object) -> Callable[[Project], None]:
    def write(project: Project) -> None:
        text = tomlkit.dumps({"virtualenvs": virtualenvs})
        (project.folder / "poetry.toml").write_text(text, "utf-8")

    return write


def settings_of_the_wrong_type(project: Project) -> None:
    (project.folder / "poetry.toml").write_text('virtualenvs = "x"\n', "utf-8")


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (a_huge_number, "poetry.lock"),
        (a_nested_marker, "invalid marker"),
        (settings(path="{virtualenvs.path}"), "refers to itself"),
        (settings(path=["x"]), "virtualenvs.path"),
        (settings(path="~nobody-here/x"), "nobody-here"),
        (settings(**{"in-project": "x"}), "virtualenvs.in-project"),
        (settings(prompt=5), "virtualenvs.prompt"),
        (settings_of_the_wrong_type, "virtualenvs: expected a table"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_odd_input_is_an_error_of_its_file(
    lab: Lab, standard: Project, spoil: Callable[[Project], None], named: str
) -> None:
    """Never a bug of ours."""
    spoil(standard)

    result = refused_at_once(lab, standard)
    assert named in result.stderr
    assert "hint:" in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("http://", "http://[::1/", "url: the host cannot be told"),
        ("http://", "http://user:sesame/seed@", "url: the host cannot be told"),
        ("http://", "http://user:sesame seed@", "url: the host cannot be told"),
        (">=3.", "three, >=3.", "requires-python"),
    ],
)
def test_odd_words_in_pyproject(
    lab: Lab, standard: Project, old: str, new: str, named: str
) -> None:
    standard.edit("pyproject.toml", old, new)
    document = tomllib.loads(standard.pyproject.read_text("utf-8"))
    [known] = re.findall(r'content-hash = "(\w+)"', standard.lock.read_text("utf-8"))
    standard.edit("poetry.lock", known, content_hash(document))

    result = refused_at_once(lab, standard)
    assert named in result.stderr
    assert "sesame" not in result.stderr


def test_folders_that_cannot_be_looked_into(lab: Lab, standard: Project) -> None:
    result = lab.refuse(standard, POETRY_CONFIG_DIR=f"/{'x' * 300}")
    assert "xxx" in result.stderr


@pytest.mark.parametrize("option", ["--venv", "--python"])
def test_poetry_cannot_be_told_where_or_with_what_to_make_an_environment(
    lab: Lab, standard: Project, option: str
) -> None:
    value = {"--venv": "elsewhere", "--python": "3"}[option]
    variables = {"POETRY_VIRTUALENVS_OPTIONS_ALWAYS_COPY": "true"}
    assert (
        f"{option} cannot be heeded"
        in refused_at_once(lab, standard, option, value, **variables).stderr
    )


def test_a_uv_that_is_none(lab: Lab, standard: Project) -> None:
    result = refused_at_once(lab, standard, HYBRID_INSTALL_UV="/bin/true")
    assert "HYBRID_INSTALL_UV" in result.stderr


def test_a_warning_of_options_that_are_ignored(lab: Lab, standard: Project) -> None:
    """In Poetry's words."""
    options = ("--only", "dev", "--with", "docs")
    result = lab.hybrid_install("plan", *options, cwd=standard.folder)
    assert result.exit_code == 0
    assert "options are ignored when used along with the `--only` option" in result.stderr
    assert "foxtrot-docs" not in result.stdout


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--with", "nonsense"), "nonsense"),
        (("--without", "nonsense"), "nonsense"),
        (("--only", "nonsense"), "nonsense"),
        (("--extras", "nonsense"), "nonsense"),
        (("--extras", "more", "--all-extras"), "--all-extras"),
        (("--only", "docs", "--no-root", "--only-root"), "--only-root"),
        (("--only-root", "--with", "docs"), "--only-root"),
        (("--sync", "--only-root"), "--only-root"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_options_that_cannot_be_meant(
    lab: Lab, standard: Project, options: tuple[str, ...], named: str
) -> None:
    assert named in refused_at_once(lab, standard, *options).stderr


def test_an_unknown_option_is_a_usage_error(lab: Lab, standard: Project) -> None:
    result = lab.hybrid_install("--nonsense", cwd=standard.folder)

    assert result.exit_code == 2
    assert "--nonsense" in result.stderr
    assert not standard.venv.exists()


def needs_another_python(project: Project, locksmith: Locksmith) -> None:
    """The lock is fresh, but no interpreter of this machine may be used."""
    project.edit("pyproject.toml", project.spec.requires_python, ">=3.99")
    locksmith.declare_fresh(project)


def test_no_interpreter_that_the_project_allows(lab: Lab, standard: Project) -> None:
    needs_another_python(standard, lab.locksmith)

    assert ">=3.99" in refused_at_once(lab, standard).stderr


def test_an_environment_whose_python_the_project_does_not_allow(
    lab: Lab, standard: Project
) -> None:
    needs_another_python(standard, lab.locksmith)
    make_with_venv(standard.venv, lab.sandbox, "--without-pip")
    before = contents(standard.venv)

    result = lab.refuse(standard)
    assert "is not allowed by the project (>=3.99)" in result.stderr
    assert contents(standard.venv) == before


def test_a_tool_that_is_named_but_missing(lab: Lab, standard: Project) -> None:
    """Without uv nothing begins. Poetry is missed as early."""
    without_uv = refused_at_once(lab, standard, HYBRID_INSTALL_UV="/nonexistent/uv")
    assert "/nonexistent/uv" in without_uv.stderr
    assert "hint:" in without_uv.stderr

    without_poetry = refused_at_once(lab, standard, HYBRID_INSTALL_POETRY="/nonexistent/poetry")
    assert "/nonexistent/poetry" in without_poetry.stderr
    assert "hint:" in without_poetry.stderr

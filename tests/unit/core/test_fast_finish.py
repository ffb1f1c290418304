from __future__ import annotations

import tomllib

import pytest

from hybrid_install.core.fast_finish import fetched_to_build, obstacles
from hybrid_install.core.project import Project

BACKEND = 'build-backend = "poetry.core.masonry.api"'


def found(text: str, *, no_plugins: bool = False, as_wheel: bool = False) -> list[str]:
    document = tomllib.loads(f'project = {{ name = "acme" }}\n{text}')
    project = Project.from_dict(document)
    return list(obstacles(document, project, "2.3.1", no_plugins=no_plugins, as_wheel=as_wheel))


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"[build-system]\n{BACKEND}",
        f'[build-system]\nrequires = ["Poetry_Core>=2.0,<3"]\n{BACKEND}',
        f'[build-system]\nrequires = ["poetry-core>=2.3.0a1", "cython"]\n{BACKEND}',
        '[build-system]\nrequires = ["poetry-core"]',
        "[tool.poetry.build]\ngenerate-setup-file = false",
        "[tool.poetry-dynamic-versioning]\nenable = false",
        "[tool.poetry_bumpversion]\nreplacements = []",
        "[tool.poetry.plugins.entry]\na = 'b'",
        "[tool.poetry-auto-export]\noutput = 'a'",
    ],
)
def test_what_poetry_core_binds(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('tool.poetry.build = "make.py"', "a build script"),
        ('[tool.poetry.build]\nscript = "make.py"', "a build script"),
        ('[tool.poetry.requires-plugins]\nB_b = "*"\na = "*"', "plugins of Poetry: a, b-b"),
        ("[tool.poetry-dynamic-versioning]\nenable = true", "[tool.poetry-dynamic-versioning]"),
        ("[tool.poetry-dynamic-versioning]", "[tool.poetry-dynamic-versioning]"),
        ('[tool.poetry-version-plugin]\nsource = "init"', "[tool.poetry-version-plugin]"),
        ('[build-system]\nbuild-backend = "hatchling.build"', "its build backend is hatchling"),
        (f'[build-system]\nbackend-path = ["."]\n{BACKEND}', "its build backend is poetry.core"),
        ('[build-system]\nrequires = ["poetry-core<2"]', "requires poetry-core<2, and poetry-core"),
        ('[build-system]\nrequires = ["poetry-core @ file:///a.whl"]', "requires poetry-core@"),
        ('[build-system]\nrequires = ["poetry core"]', "requirements cannot be read"),
        (f'[build-system]\nrequires = ["poetry-core>={"9" * 5000}"]', "cannot be read"),
    ],
)
def test_what_only_poetry_binds(text: str, words: str) -> None:
    (obstacle,) = found(text)
    assert words in obstacle.replace(" @ ", "@")


def test_plugins_that_poetry_is_told_not_to_use() -> None:
    text = '[tool.poetry.requires-plugins]\na = "*"\n[tool.poetry-dynamic-versioning]'
    assert found(text, no_plugins=True) == []


def test_a_build_with_more_than_poetry_core() -> None:
    text = f'[build-system]\nrequires = ["poetry-core", "cython"]\n{BACKEND}'
    assert found(text) == []
    assert found(text, as_wheel=True) == ["its build requires cython"]


@pytest.mark.parametrize(
    ("requires", "as_wheel", "fetched"),
    [
        (["poetry-core>=2"], True, False),
        (["Poetry_Core (>=2,<3)"], True, False),
        (["poetry-core", "setuptools"], True, True),
        (["poetry-core", "setuptools"], False, False),
        (["hatchling"], True, True),
        ([], True, False),
    ],
)
def test_what_is_fetched_to_build(requires: list[str], as_wheel: bool, fetched: bool) -> None:
    system = {"requires": requires, "build-backend": "x"}
    found = fetched_to_build({"build-system": system}, as_wheel=as_wheel)
    assert found == (tuple(requires) if fetched else ())


def test_nothing_is_fetched_without_a_backend_and_for_a_script_always() -> None:
    script = {"tool": {"poetry": {"build": "build.py"}}}
    assert fetched_to_build({"build-system": {"requires": ["x"]}}, as_wheel=True) == ()
    assert fetched_to_build(script, as_wheel=False) == ("poetry-core",)

"""Poetry's settings that bear on which file is installed, and how it is built or fetched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from support.cli import CommandLines
from support.compare import Snapshot, versions
from support.index import Account, Source
from support.keyrings import keyring
from support.lab import Lab, assert_nothing_is_installed
from support.poetry_release import since
from support.projects import Project
from support.venvs import launch
from support.wheels import Release, Sdist, Wheel

FEEDS = ("pylock", "requirements")


def installers(seen: Snapshot) -> dict[str, str | None]:
    """Who installed what, but for the project itself and pip."""
    return {
        name: each.installer
        for name, each in seen.distributions.items()
        if name not in {"acme-app", "pip"}
    }


def install_with_each_feed(lab: Lab, project: Project) -> Snapshot:
    """The same as by Poetry, all of it by uv."""
    for feed in FEEDS:
        shutil.rmtree(project.venv, ignore_errors=True)
        lab.install(project, "--strict", "--feed", feed)
        seen = lab.assert_as_poetry_makes_it(project)
        assert set(installers(seen).values()) == {"uv"}
    return seen


@pytest.fixture
def both_kinds(lab: Lab) -> Project:
    """Two packages that each have a wheel and an sdist."""
    archives = [
        archive
        for name in ("alpha", "bravo")
        for archive in (
            Wheel(Release(name, flavour="wheel")),
            Sdist(Release(name, flavour="sdist")),
        )
    ]
    names = ("alpha", "bravo")
    return lab.project(lab.spec(*names, sources=(lab.source(*archives),), imports=names))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"POETRY_INSTALLER_NO_BINARY": "alpha"}, ("sdist", "wheel")),
        ({"POETRY_INSTALLER_NO_BINARY": ":all:"}, ("sdist", "sdist")),
        pytest.param(
            {"POETRY_INSTALLER_NO_BINARY": ":all:", "POETRY_INSTALLER_ONLY_BINARY": "bravo"},
            ("sdist", "wheel"),
            marks=since(2, 2, "one policy may name an exception of the other"),
        ),
        ({"POETRY_INSTALLER_ONLY_BINARY": ":all:"}, ("wheel", "wheel")),
    ],
)
def test_wheel_or_sdist(
    lab: Lab, both_kinds: Project, settings: Mapping[str, str], expected: tuple[str, str]
) -> None:
    lab.environ.update(settings)
    lab.install(both_kinds, "--strict")
    said = launch(both_kinds.venv, "acme-app", lab.sandbox).stdout
    assert said == f"alpha 1.0 {expected[0]}\nbravo 1.0 {expected[1]}\n"
    twin = lab.oracle.install(both_kinds, environ=lab.environ, before=lambda _: None)
    assert versions(both_kinds.venv).keys() == twin.versions.keys()
    lab.assert_poetry_finds_nothing_to_do(both_kinds)


def test_nothing_that_the_policy_allows(lab: Lab) -> None:
    """Poetry's words, since it has to say them."""
    source = lab.source(Sdist(Release("alpha")), Wheel(Release("bravo")))
    project = lab.project(lab.spec("alpha", "bravo", sources=(source,)))
    lab.environ["POETRY_INSTALLER_ONLY_BINARY"] = "alpha"
    refused = lab.refuse(project, "-v")
    assert "alpha 1.0 is Poetry's: no file that the lock names fits" in refused.stderr
    assert "Unable to find installation candidates for alpha" in refused.stderr


TOOLS = [Wheel(Release("buildtool", version)) for version in ("1.5", "2.5")]


@pytest.fixture
def built(lab: Lab) -> Project:
    """Packages that are built with a tool of which there are two versions."""
    sdists = [Sdist(Release(name), ("buildtool",)) for name in ("alpha", "bravo", "charlie")]
    names = ("alpha", "bravo", "charlie")
    spec = lab.spec(*names, sources=(lab.source(*TOOLS, *sdists),), imports=names)
    return lab.project(spec)


def told(project: Project) -> dict[str, object]:
    """What each build was told, and which tool it used."""
    return {
        path.parent.name: json.loads(path.read_text("utf-8"))
        for path in sorted(project.venv.glob("lib/python3*/site-packages/*/built_with.txt"))
    }


def test_builds_find_their_requirements_where_poetry_does(lab: Lab, built: Project) -> None:
    install_with_each_feed(lab, built)
    assert told(built) == {name: {"buildtool": "2.5"} for name in ("alpha", "bravo", "charlie")}


@since(2, 2, "build constraints")
def test_build_constraints_bear_on_one_package_alone(lab: Lab, built: Project) -> None:
    """uv's bear on a whole call, and its cache does not know them."""
    lab.install(built)
    marker = "python_version < '3'"
    text = built.pyproject.read_text("utf-8")
    built.pyproject.write_text(
        f'{text}\n[tool.poetry.build-constraints]\nalpha = {{ buildtool = "^1" }}\n'
        f'bravo = {{ buildtool = {{ version = "<1", markers = "{marker}" }} }}\n',
        "utf-8",
    )
    install_with_each_feed(lab, built)
    assert told(built) == {
        "alpha": {"buildtool": "1.5"},
        "bravo": {"buildtool": "2.5"},
        "charlie": {"buildtool": "2.5"},
    }


@since(2, 2, "build constraints")
def test_odd_build_constraints_are_poetry_s(lab: Lab, built: Project) -> None:
    tool = lab.index.file_url(lab.source(TOOLS[0]), TOOLS[0])
    text = built.pyproject.read_text("utf-8")
    built.pyproject.write_text(
        f'{text}\n[tool.poetry.build-constraints]\nalpha = {{ buildtool = {{ url = "{tool}" }} }}\n',
        "utf-8",
    )
    result = lab.install(built, "-v")
    assert "alpha 1.0 is Poetry's: its build constraints are not plain versions" in result.stderr
    assert told(built)["alpha"] == {"buildtool": "1.5"}
    lab.assert_as_poetry_makes_it(built)


def test_build_config_settings_bear_on_one_package_alone(lab: Lab, built: Project) -> None:
    """A list stays a list, also one of a single string."""
    (built.folder / "poetry.toml").write_text(
        "[virtualenvs]\nin-project = true\n"
        "[installer.build-config-settings.alpha]\n"
        '"--global-option" = ["one"]\nflavour = "hot"\nmany = ["a", "b"]\n'
    )
    lab.environ["POETRY_INSTALLER_BUILD_CONFIG_SETTINGS_BRAVO"] = '{"quote": "a \\" b"}'
    install_with_each_feed(lab, built)
    assert told(built) == {
        "alpha": {
            "--global-option": ["one"],
            "flavour": "hot",
            "many": ["a", "b"],
            "buildtool": "2.5",
        },
        "bravo": {"quote": 'a " b', "buildtool": "2.5"},
        "charlie": {"buildtool": "2.5"},
    }


def test_build_config_settings_for_names_that_are_spelled_otherwise(lab: Lab) -> None:
    """Poetry looks up the normalized name: in its files nothing else counts."""
    names = ("Dotted.Name", "under_score", "UPPER")
    source = lab.source(*TOOLS, *(Sdist(Release(name), ("buildtool",)) for name in names))
    project = lab.project(lab.spec(*names, sources=(source,)))
    (project.folder / "poetry.toml").write_text(
        "[virtualenvs]\nin-project = true\n[installer.build-config-settings]\n"
        '"Dotted.Name" = { spelled = "as on the index" }\n'
        'under_score = { spelled = "as on the index" }\n'
        'UPPER = { spelled = "as on the index" }\nupper = { spelled = "normally" }\n'
    )
    lab.environ["POETRY_INSTALLER_BUILD_CONFIG_SETTINGS_DOTTED_NAME"] = '{"spelled": "here"}'
    lab.install(project, "--strict")
    lab.assert_as_poetry_makes_it(project)
    assert told(project) == {
        "dotted_name": {"buildtool": "2.5", "spelled": "here"},
        "under_score": {"buildtool": "2.5"},
        "upper": {"buildtool": "2.5", "spelled": "normally"},
    }


def test_a_single_page_of_links(lab: Lab) -> None:
    source = lab.source(Wheel(Release("alpha")), Sdist(Release("bravo")))
    spec = lab.spec("alpha", "bravo", sources=(source,), imports=("alpha", "bravo"))
    project = lab.project(replace(spec, sources={source.name: lab.index.page_url(source)}))
    install_with_each_feed(lab, project)


ACCOUNT = Account("clerk", "only-the-keyring-knows")


@pytest.mark.parametrize("way", ["password", "credential"])
def test_a_password_that_only_the_keyring_knows(lab: Lab, way: str) -> None:
    source = lab.source(Wheel(Release("alpha")), account=ACCOUNT)
    url = lab.index.url(source)
    if way == "password":
        lab.environ[f"POETRY_HTTP_BASIC_{source.name.upper()}_USERNAME"] = ACCOUNT.username
        service = f"poetry-repository-{source.name} {ACCOUNT.username}"
        keyring(lab, {service: ACCOUNT.password})
    else:
        keyring(lab, {url: (ACCOUNT.username, ACCOUNT.password)})
    project = lab.project(lab.spec("alpha", sources=(source,)))
    mark = f"keyring-{way}-{project.fingerprint}"
    with CommandLines.watched(mark) as watching:
        result = lab.install(project, "--strict", "-vvv", TEST_MARK=mark)
    lab.assert_as_poetry_makes_it(project)
    assert not [line for line in watching.seen if ACCOUNT.password in line]
    assert ACCOUNT.password not in result.output


def test_no_keyring_where_it_is_switched_off(lab: Lab) -> None:
    source = lab.source(Wheel(Release("alpha")), account=ACCOUNT)
    keyring(lab, {lab.index.url(source): (ACCOUNT.username, ACCOUNT.password)})
    project = lab.project(lab.spec("alpha", sources=(source,)))
    lab.environ["POETRY_KEYRING_ENABLED"] = "false"
    lab.refuse(project)
    assert_nothing_is_installed(project)


def test_a_mirror_of_the_default_index(lab: Lab, shop: Source) -> None:
    """poetry-plugin-pypi-mirror: the lock names no source."""
    pytest.importorskip("poetry_plugin_pypi_mirror", reason="the plugin is not installed here")
    lab.environ["POETRY_PYPI_MIRROR_URL"] = lab.index.url(shop)
    spec = lab.spec("alpha", sources=(), imports=("alpha",))
    project = lab.project(spec)
    assert "[package.source]" not in project.lock.read_text("utf-8")
    install_with_each_feed(lab, project)


def test_workers(lab: Lab, standard: Project, tmp_path: Path) -> None:
    """`installer.max-workers` reaches uv, which installs the same."""
    lab.environ["POETRY_INSTALLER_MAX_WORKERS"] = "1"
    wrapper, seen = tmp_path / "uv", tmp_path / "seen"
    from uv import find_uv_bin

    wrapper.write_text(
        f'#!/bin/sh\necho "$UV_CONCURRENT_DOWNLOADS" >> {seen}\nexec {find_uv_bin()} "$@"\n'
    )
    wrapper.chmod(0o755)
    lab.install(standard, HYBRID_INSTALL_UV=str(wrapper))
    assert "1" in seen.read_text().split()

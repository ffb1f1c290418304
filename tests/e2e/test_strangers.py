"""Configuration that is not the project's lock has no say in what is installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.index import Source
from support.lab import Lab
from support.projects import Project, Spec, write_files
from support.venvs import launch, make_with_venv
from support.wheels import Release, Wheel

pytestmark = pytest.mark.extended

FEEDS = ("pylock", "requirements")


@pytest.fixture
def hostile(lab: Lab) -> Source:
    """An index with everything that the project needs, newer and other."""
    return lab.source(
        *(
            Wheel(Release(name, version, flavour="hostile"))
            for name in ("alpha", "bravo", "charlie-tools", "golf", "echo-dev", "pip")
            for version in ("1.0", "1.2", "2.0", "5.0", "7.0", "99.0")
        )
    )


def uv_configuration(url: str) -> str:
    """What a uv.toml or a [tool.uv] table could say."""
    return (
        'index-strategy = "unsafe-best-match"\n'
        'override-dependencies = ["alpha==99.0"]\nconstraint-dependencies = ["bravo==99.0"]\n'
        "no-binary = true\nno-index = false\nrequired-version = '==0.0.1'\n"
        f'[[index]]\nname = "hostile"\nurl = "{url}"\ndefault = true\n'
        f'[[index]]\nname = "shop"\nurl = "{url}"\n'
        f'[pip]\nindex-url = "{url}"\nextra-index-url = ["{url}"]\nno-deps = false\n'
    )


def environment_variables(url: str, folder: Path) -> dict[str, str]:
    """What a shell's profile, a CI system or an image could say."""
    (folder / "99.txt").write_text("alpha==99.0\nbravo==99.0\n")
    decoy = str(folder / "decoy")
    return {
        "UV_INDEX": f"hostile={url}",
        "UV_DEFAULT_INDEX": url,
        "UV_INDEX_URL": url,
        "UV_EXTRA_INDEX_URL": url,
        "UV_FIND_LINKS": f"{url}/alpha/",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_CONSTRAINT": str(folder / "99.txt"),
        "UV_OVERRIDE": str(folder / "99.txt"),
        "UV_EXCLUDE_NEWER": "2001-01-01",
        "UV_NO_BINARY": "1",
        "UV_PRERELEASE": "disallow",
        "UV_RESOLUTION": "lowest",
        "UV_REQUIRE_HASHES": "1",
        "UV_NO_SOURCES": "1",
        "UV_NO_INSTALLER_METADATA": "1",
        "UV_NO_VERIFY_HASHES": "1",
        "UV_PYTHON": decoy,
        "UV_PROJECT_ENVIRONMENT": decoy,
        "UV_TARGET": decoy,
        "UV_CONFIG_FILE": str(folder / "uv.toml"),
        "UV_SYSTEM_PYTHON": "1",
        "UV_VENV_SEED": "1",
        "PIP_INDEX_URL": url,
        "PIP_EXTRA_INDEX_URL": url,
        "PIP_NO_BINARY": ":all:",
    }


def test_nobody_else_chooses_what_is_installed(
    lab: Lab, standard: Project, hostile: Source
) -> None:
    url = lab.index.url(hostile)
    write_files(
        lab.folder,
        {
            "uv.toml": uv_configuration(url),
            "sandbox/config/uv/uv.toml": uv_configuration(url),
            "acme-app/uv.toml": uv_configuration(url),
        },
    )
    variables = environment_variables(url, lab.folder)
    for feed in FEEDS:
        shutil.rmtree(standard.venv, ignore_errors=True)
        shutil.rmtree(lab.sandbox.folder("uv-cache"))
        with lab.index.watched() as requests:
            lab.install(standard, "--feed", feed, **variables)

        assert requests
        assert not [each for each in requests if each.path.startswith(f"/{hostile.name}/")]
        assert "hostile" not in launch(standard.venv, "acme-app", lab.sandbox).stdout
        assert not (lab.folder / "decoy").exists()
    (standard.folder / "uv.toml").unlink()
    lab.assert_as_poetry_makes_it(standard)


def test_a_table_of_uv_s_in_pyproject(lab: Lab, shop: Source, hostile: Source) -> None:
    """`[tool.uv]` is for those who work with uv; here Poetry's tables count."""
    url = lab.index.url(hostile)
    table = {
        "index": [{"name": "shop", "url": url, "default": True}],
        "sources": {"alpha": {"index": "shop"}},
        "override-dependencies": ["alpha==99.0"],
        "required-version": "==0.0.1",
    }
    project = lab.project(
        Spec({"shop": lab.index.url(shop)}, ("alpha",), imports=("alpha",), tables={"uv": table})
    )
    with lab.index.watched() as requests:
        lab.install(project)

    assert not [each for each in requests if each.path.startswith(f"/{hostile.name}/")]
    assert launch(project.venv, "acme-app", lab.sandbox).stdout == "alpha 1.0 plain\n"
    lab.assert_as_poetry_makes_it(project)


def test_another_environment_that_is_near(lab: Lab, standard: Project) -> None:
    """With --venv neither the active environment nor conda's nor the project's is touched."""
    others = {}
    for name in ("active", "conda", "acme-app/.venv"):
        path = make_with_venv(lab.folder / name, lab.sandbox, "--without-pip")
        others[path] = sorted(path.rglob("*"))
    active, conda, _ = others

    named = lab.folder / "named"
    lab.install(
        standard,
        "--venv",
        named,
        VIRTUAL_ENV=str(active),
        CONDA_PREFIX=str(conda),
        CONDA_DEFAULT_ENV="base",
    )

    lab.assert_as_poetry_makes_it(standard, venv=named)
    for path, files in others.items():
        assert sorted(path.rglob("*")) == files, f"{path} was changed"

"""Tier by tier, then the project: the environment is the one that `poetry install` makes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from support.compare import versions
from support.index import Source
from support.lab import Lab, contents
from support.projects import Project
from support.wheels import Release, Wheel, source_tree

TORCH = Wheel(Release("torch", "2.9", requires=("nvidia-cublas",)))


@pytest.fixture
def tiered(lab: Lab, shop: Source) -> Project:
    """Two heavy packages, one of them from an index of its own; `golf` is heavy by the project's word."""
    wheels = lab.source(TORCH, Wheel(Release("nvidia-cublas", "13.0")))
    return lab.project(
        lab.spec(
            "alpha[fast]",
            "torch",
            "nvidia-cublas",
            sources=(shop, wheels),
            pinned={name: {"source": wheels.name} for name in ("torch", "nvidia-cublas")},
            tables={"hybrid-install": {"heavy": ["golf"]}},
            imports=("alpha", "torch", "golf"),
        )
    )


HEAVY = {"torch", "nvidia-cublas", "golf", "pip"}
LIGHT = {"alpha", "bravo"}


@pytest.mark.parametrize("order", [("heavy", "light"), ("light", "heavy")])
def test_tier_by_tier_and_then_the_project(
    lab: Lab, tiered: Project, order: tuple[str, str]
) -> None:
    parts = {"heavy": HEAVY, "light": LIGHT | {"pip"}}
    first, second = order

    lab.install(tiered, "--tier", first, "--strict")
    assert versions(tiered.venv).keys() == parts[first]
    assert "all as poetry.lock says" in lab.install(tiered, "verify", "--tier", first).stdout
    assert "missing" in lab.refuse(tiered, "verify").stdout

    lab.install(tiered, "--tier", second, "--strict")
    assert versions(tiered.venv).keys() == HEAVY | LIGHT
    lab.assert_as_poetry_makes_it(tiered, "--no-root")
    assert "all as poetry.lock says" in lab.install(tiered, "verify", "--no-root").stdout

    lab.install(tiered, "--strict")
    lab.assert_as_poetry_makes_it(tiered)
    verified = lab.install(tiered, "verify", "--deep").stdout
    assert re.fullmatch(r"6 checked, all as poetry.lock says\n", verified)


def test_the_receipt_remembers_the_other_tier(lab: Lab, tiered: Project) -> None:
    """From which index each package came is known after the second run too."""
    lab.install(tiered, "--tier", "heavy")
    lab.install(tiered, "--tier", "light")
    receipt = json.loads((tiered.venv / "hybrid-install.json").read_text("utf-8"))
    indexes = {each["name"]: each["index"]["name"] for each in receipt["packages"]}
    shop, wheels = tiered.spec.sources
    assert indexes == {
        "alpha": shop,
        "bravo": shop,
        "golf": shop,
        "nvidia-cublas": wheels,
        "torch": wheels,
    }
    assert receipt["poetry"] is None


def test_a_tier_starts_no_poetry(lab: Lab, tiered: Project, tmp_path: Path) -> None:
    """Neither one that is there, nor one that uv provides."""
    poetry, seen = tmp_path / "poetry", tmp_path / "seen"
    poetry.write_text(f'#!/bin/sh\necho "$@" >> {seen}\necho "Poetry (version 2.5.1)"\n')
    poetry.chmod(0o755)
    for tier in ("heavy", "light"):
        lab.install(tiered, "--tier", tier, HYBRID_INSTALL_POETRY=str(poetry))
    assert "install" not in (seen.read_text() if seen.exists() else "")
    assert versions(tiered.venv).keys() == HEAVY | LIGHT


def test_tier_by_tier_from_a_folder(lab: Lab, tiered: Project) -> None:
    """Each tier is fetched by itself, and installed from what was fetched for it."""
    offline = ("--find-links", "wheelhouse", "--offline", "--strict")
    for tier, names in (("heavy", HEAVY - {"pip"}), ("light", LIGHT)):
        lab.install(tiered, "download", "-o", tier, "--tier", tier)
        fetched = {path.name.partition("-")[0] for path in (tiered.folder / tier).iterdir()}
        assert {name.replace("_", "-") for name in fetched} == names
    (tiered.folder / "heavy").rename(tiered.folder / "wheelhouse")

    refused = lab.refuse(tiered, "--tier", "light", *offline)
    assert "alpha 1.0: alpha-1.0-py3-none-any.whl" in refused.stderr
    assert "--tier=light`" in refused.stderr
    assert not tiered.venv.exists()

    with lab.index.watched() as requests:
        lab.install(tiered, "--tier", "heavy", *offline)
        assert versions(tiered.venv).keys() == HEAVY
        shutil.copytree(tiered.folder / "light", tiered.folder / "wheelhouse", dirs_exist_ok=True)
        lab.install(tiered, "--tier", "light", *offline)
        lab.install(tiered, *offline)
    assert requests == []
    lab.assert_as_poetry_makes_it(tiered)


def test_a_tier_only_adds(lab: Lab, tiered: Project) -> None:
    lab.install(tiered)
    before = contents(tiered.venv / "lib")
    for tier in ("heavy", "light"):
        lab.install(tiered, "--tier", tier, "--strict")
    assert contents(tiered.venv / "lib") == before
    lab.assert_as_poetry_makes_it(tiered)


@pytest.mark.parametrize("option", ["--sync", "--only-root"])
def test_what_a_tier_cannot_be_asked_for(lab: Lab, tiered: Project, option: str) -> None:
    refused = lab.refuse(tiered, "--tier", "heavy", option)
    assert f"`--tier` cannot be used with `{option}`" in refused.stderr
    assert not tiered.venv.exists()


def test_plan_and_export_of_a_tier(lab: Lab, tiered: Project) -> None:
    heavy = json.loads(lab.install(tiered, "plan", "--json", "--tier", "heavy").stdout)
    assert heavy["tier"] == "heavy"
    assert {each["name"] for each in heavy["operations"]} == HEAVY - {"pip"}
    light = lab.install(tiered, "export", "--tier", "light").stdout
    assert set(re.findall(r"^(\S+)===", light, re.MULTILINE)) == LIGHT
    whole = lab.install(tiered, "export", HYBRID_INSTALL_HEAVY="!*").stdout
    assert lab.install(tiered, "export", "--tier=light", HYBRID_INSTALL_HEAVY="!*").stdout == whole


def test_the_exported_heavy_tier_outlives_light_changes(lab: Lab, tiered: Project) -> None:
    """Real locks: the light pins move, the version too, and the heavy file stays to the byte."""

    def exported() -> str:
        return lab.install(tiered, "export", "--tier", "heavy").stdout

    before = exported()
    lock = tiered.lock.read_text("utf-8")
    tiered.lock.write_text(lock.replace('version = "1.2"', 'version = "1.3"'), "utf-8")
    tiered.edit("pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"  # higher')
    assert 'version = "1.3"' in tiered.lock.read_text("utf-8")
    assert exported() == before
    tiered.edit("poetry.lock", 'version = "13.0"', 'version = "13.1"')
    assert exported() != before


def test_no_tier_of_a_run_that_is_poetry_s(lab: Lab, tiered: Project) -> None:
    lab.environ["POETRY_VIRTUALENVS_OPTIONS_ALWAYS_COPY"] = "true"
    refused = lab.refuse(tiered, "--tier", "heavy")
    assert "no tier can be installed by itself: virtualenvs.options ask for" in refused.stderr
    assert not tiered.venv.exists()


@pytest.fixture
def with_deferred(lab: Lab, shop: Source) -> Project:
    """A light package that is Poetry's: the lock has no hashes for it."""
    wheels = lab.source(TORCH, Wheel(Release("nvidia-cublas", "13.0")))
    pinned = {name: {"source": wheels.name} for name in ("torch", "nvidia-cublas")}
    project = lab.project(
        lab.spec("bravo", *pinned, sources=(shop, wheels), pinned=pinned, imports=("bravo",))
    )
    lock = project.lock.read_text("utf-8")
    start = lock.index("files = [", lock.index('name = "bravo"'))
    end = lock.index("]", start) + 1
    project.lock.write_text(f"{lock[:start]}files = []{lock[end:]}", "utf-8")
    return project


def test_what_a_tier_leaves_to_poetry(lab: Lab, with_deferred: Project) -> None:
    """Poetry installs everything at once: it is asked only where the other tier is there."""
    refused = lab.refuse(with_deferred, "--tier", "light")
    assert "bravo 1.2 is Poetry's: the lock holds no hashes for it" in refused.stderr
    assert "install the other tier first" in refused.stderr
    assert not with_deferred.venv.exists()

    lab.install(with_deferred, "--tier", "heavy")
    lab.install(with_deferred, "--tier", "light")
    lab.assert_as_poetry_makes_it(with_deferred, "--no-root")
    lab.install(with_deferred)
    lab.assert_as_poetry_makes_it(with_deferred)


def test_directories_are_of_a_tier_too(lab: Lab, shop: Source) -> None:
    tree = {f"vendor/big/{path}": text for path, text in source_tree(Release("big")).items()}
    project = lab.project(
        lab.spec(
            "alpha",
            "big",
            sources=(shop,),
            pinned={"big": {"path": "vendor/big", "develop": True}},
            files=tree,
            tables={"hybrid-install": {"heavy": ["big"]}},
        )
    )
    lab.install(project, "--tier", "light")
    assert versions(project.venv).keys() == {"alpha", "bravo", "pip"}
    shutil.move(project.folder / "vendor", project.folder / "elsewhere")
    lab.install(project, "--tier", "light", "--strict")
    shutil.move(project.folder / "elsewhere", project.folder / "vendor")
    lab.install(project, "--tier", "heavy")
    lab.assert_as_poetry_makes_it(project, "--no-root")

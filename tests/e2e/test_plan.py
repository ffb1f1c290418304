"""`plan`, `--dry-run` and `export` tell; they change nothing and start neither tool."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tomllib
from typing import Any

import pytest
from support.cli import CommandLines
from support.lab import Lab, all_but_memory
from support.projects import Project
from support.sandbox import run
from support.venvs import install_wheels, make_with_virtualenv
from support.wheels import Release, Wheel

# Whoever starts one of these fails.
NO_TOOLS = {
    "HYBRID_INSTALL_UV": "/nonexistent/uv",
    "HYBRID_INSTALL_POETRY": "/nonexistent/poetry",
}


def asked_without_tools(lab: Lab, project: Project, *options: str) -> str:
    """What a command says on stdout; it asks no index, makes nothing and starts neither tool."""
    lab.hybrid_install.environ({})  # makes the sandbox's folders
    before = all_but_memory(lab)
    mark = f"{'-'.join(options)}-{project.fingerprint}"
    with lab.index.watched() as requests, CommandLines.watched(mark) as watching:
        result = lab.install(project, *options, **NO_TOOLS, TEST_MARK=mark)
    assert not requests
    assert all_but_memory(lab) == before
    assert watching.seen
    assert not [each for each in watching.seen if re.search(r"(^|/)(uv|poetry)\s", each)]
    return result.stdout


def json_plan(lab: Lab, project: Project, *options: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        asked_without_tools(lab, project, "plan", "--json", *options)
    )
    return document


def test_the_plan_for_programs(lab: Lab, standard: Project) -> None:
    make_with_virtualenv(standard.venv, lab.sandbox)
    present = [Wheel(Release("bravo", "1.2")), Wheel(Release("golf", "6.0"))]
    install_wheels(standard.venv, [*present, Wheel(Release("zulu"))], lab.sandbox)
    lock = tomllib.loads(standard.lock.read_text("utf-8"))
    source = f"shop ({standard.spec.sources['shop']})"

    plan = json_plan(lab, standard, "--sync", "--with", "docs")

    operations = [(each["name"], each["action"]) for each in plan["operations"]]
    assert operations == [
        ("alpha", "install"),
        ("bravo", "keep"),
        ("charlie-tools", "install"),
        ("echo-dev", "install"),
        ("foxtrot-docs", "install"),
        ("golf", "reinstall"),
        ("zulu", "remove"),
    ]
    assert {frozenset(each) for each in plan["operations"]} == {
        frozenset({"name", "version", "action", "source", "reason"})
    }
    assert {each["source"] for each in plan["operations"]} == {source, ""}
    reasons = {each["name"]: each["reason"] for each in plan["operations"]}
    assert "6.0" in reasons["golf"]
    assert reasons["zulu"]
    assert plan["project"] == "acme-app"
    assert plan["environment"]["path"] == str(standard.venv)
    assert re.fullmatch(r"3\.\d+\.\d+", plan["environment"]["python"])
    assert plan["lock"] == {
        "version": "2.1",
        "content_hash": lock["metadata"]["content-hash"],
        "fresh": True,
    }
    assert plan["groups"] == ["dev", "docs", "main"]
    assert plan["extras"] == []


def test_the_plan_for_people(lab: Lab, standard: Project) -> None:
    table = asked_without_tools(lab, standard, "plan")

    head, *rows = table.splitlines()
    assert head.split() == ["package", "version", "action", "source", "reason"]
    listed = [tuple(row.split()[:3]) for row in rows[:5]]
    assert listed == [
        ("alpha", "1.0", "install"),
        ("bravo", "1.2", "install"),
        ("charlie-tools", "2.0", "install"),
        ("echo-dev", "5.0", "install"),
        ("golf", "7.0", "install"),
    ]
    assert asked_without_tools(lab, standard, "--dry-run") == table
    assert not standard.venv.exists()


def test_the_plan_foretells_the_installation(lab: Lab, standard: Project) -> None:
    """What is planned is done, and afterwards there is nothing left to plan."""
    planned = json_plan(lab, standard)["operations"]
    result = lab.install(standard)

    installed = set(re.findall(r"^ \+ (\S+)==(\S+)$", result.stderr, re.MULTILINE))
    assert installed == {(each["name"], each["version"]) for each in planned}
    assert {each["action"] for each in json_plan(lab, standard)["operations"]} == {"keep"}


def test_export_is_the_same_to_the_byte(lab: Lab, standard: Project) -> None:
    """Wherever, whenever, whatever is installed; and it is what `-o` writes."""
    text = asked_without_tools(lab, standard, "export")
    lock = tomllib.loads(standard.lock.read_text("utf-8"))
    selected = {"alpha", "bravo", "charlie-tools", "echo-dev", "golf"}
    for package in lock["package"]:
        pin = f"{package['name']}==={package['version']} "
        assert (pin in text) == (package["name"] in selected)
        assert all((f["hash"] in text) == (package["name"] in selected) for f in package["files"])

    elsewhere = lab.folder / "elsewhere" / "copy"
    shutil.copytree(standard.folder, elsewhere)
    lab.install(standard)
    written = lab.folder / "requirements.txt"
    lab.install(standard, "export", "-o", written)
    lab.hybrid_install.succeeding("export", "-C", elsewhere, "-o", "copy.txt", cwd=lab.folder)
    assert written.read_text("utf-8") == text
    assert (lab.folder / "copy.txt").read_text("utf-8") == text
    assert str(standard.folder) not in text


def test_uv_understands_the_export(lab: Lab, standard: Project) -> None:
    """Installed by `uv pip install`, it makes the same environment but for the root."""
    lab.install(standard, "export", "-o", "map.txt")
    (standard.folder / "map.txt").rename(lab.folder / "map.txt")
    make_with_virtualenv(standard.venv, lab.sandbox)
    install_requirements(lab, standard, "map.txt")

    lab.assert_as_poetry_makes_it(standard, "--no-root")


def install_requirements(lab: Lab, project: Project, file: str) -> None:
    argv = [sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--require-hashes"]
    argv += ["--default-index", project.spec.sources["shop"], "--python", str(project.venv)]
    run([*argv, "-r", file], lab.sandbox.environ, lab.folder)


@pytest.mark.parametrize("command", ["plan", "export"])
def test_what_is_refused_is_refused_here_too(lab: Lab, standard: Project, command: str) -> None:
    standard.edit("pyproject.toml", '"charlie-tools"', '"charlie-tools>=1"')

    result = lab.refuse(standard, command)
    assert "poetry.lock" in result.stderr
    assert not result.stdout

"""The commands of a project, and their launchers, as Poetry makes them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from poetry.core.factory import Factory
from poetry.masonry.builders.editable import SCRIPT_TEMPLATE
from support.corpus import Pair, each_pair

from hybrid_install.core.scripts import file_scripts, launchers, problem_of_launcher

pytestmark = pytest.mark.conformance

BIN = "/venv/bin"


def poetrys(document: dict[str, Any]) -> dict[str, str]:
    """Console and gui scripts of the package that Poetry would bind."""
    project, own = document.get("project", {}), document.get("tool", {}).get("poetry", {})
    package = Factory.get_package("a", "1.0")
    Factory._configure_entry_points(package, project, own)
    entry_points = package.entry_points
    return {**entry_points.get("console-scripts", {}), **entry_points.get("gui-scripts", {})}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"project": {"scripts": {"a": "a:b"}}},
        {"project": {"scripts": {"a": "a:b"}}, "tool": {"poetry": {"scripts": {"c": "c:d"}}}},
        {"project": {"scripts": {}}, "tool": {"poetry": {"scripts": {"c": "c:d"}}}},
        {"project": {"gui-scripts": {"g": "a:b"}}, "tool": {"poetry": {"scripts": {"c": "c:d"}}}},
        {
            "tool": {
                "poetry": {
                    "scripts": {
                        "a": "a:b",
                        "b": {"reference": "a:b", "type": "console"},
                        "c": {"reference": "a.sh", "type": "file"},
                        "d": {"reference": "", "type": "console"},
                    }
                }
            }
        },
    ],
)
def test_scripts(document: dict[str, Any], tally: Counter[str]) -> None:
    assert launchers(document) == poetrys(document)
    tally.update({"scripts": 1, "scripts equal": 1})


@each_pair()
def test_scripts_of_real_projects(pair: Pair, tally: Counter[str]) -> None:
    assert launchers(pair.pyproject) == poetrys(pair.pyproject)
    tally.update({"scripts": 1, "scripts equal": 1})


def test_file_scripts() -> None:
    scripts = {"a": "a:b", "c": {"reference": "a.sh", "type": "file"}, "d": {"type": "file"}}
    assert file_scripts({"tool": {"poetry": {"scripts": scripts}}}) == {"c": "a.sh"}


def launcher(reference: str, python: str = f"{BIN}/python") -> str:
    """As `EditableBuilder._add_scripts` writes it."""
    module, callable_ = reference.partition("[")[0].strip().split(":")
    return SCRIPT_TEMPLATE.format(
        python=python,
        module=module,
        callable_holder=callable_.split(".", 1)[0],
        callable_=callable_,
    )


@pytest.mark.parametrize("reference", ["a:b", "a.b.c:d", "a:b.c", "a:b[extra]"])
def test_a_launcher_of_poetrys(reference: str) -> None:
    assert problem_of_launcher(launcher(reference), reference, [BIN]) == ""
    assert problem_of_launcher(launcher(reference), f"x{reference}", [BIN]) != ""
    other = launcher(reference, "/usr/bin/python3")
    assert problem_of_launcher(other, reference, [BIN]) == "is run by another Python"


def test_a_launcher_too_deep_for_a_first_line() -> None:
    text = f"#!/bin/sh\n'''exec' {BIN}/python \"$0\" \"$@\"\n' '''\nfrom a import b\nb()\n"
    assert problem_of_launcher(text, "a:b", [str(Path("/other")), BIN]) == ""


@pytest.mark.parametrize("text", ["", "\n", "binary \0"])
def test_what_is_no_launcher(text: str) -> None:
    assert problem_of_launcher(text, "a:b", [BIN]) == "is run by another Python"

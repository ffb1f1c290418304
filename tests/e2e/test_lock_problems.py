"""What is doubtful about a lock is said before anything is downloaded."""

from __future__ import annotations

import json

import pytest
from support.lab import Lab, assert_nothing_is_installed
from support.projects import Project


@pytest.fixture
def doubtful(standard: Project) -> Project:
    """The lock has what the extra asks for, but on Windows alone."""
    standard.edit(
        "poetry.lock",
        'markers = "extra == \\"more\\""',
        'markers = "extra == \\"more\\" and sys_platform == \\"win32\\""',
    )
    return standard


def test_the_plan_names_them(lab: Lab, doubtful: Project) -> None:
    document = json.loads(lab.install(doubtful, "plan", "--json", "-E", "more").stdout)
    (problem,) = document["problems"]
    assert (problem["kind"], problem["packages"]) == ("empty-extra", ["delta"])
    assert json.loads(lab.install(doubtful, "plan", "--json").stdout)["problems"] == []


def test_a_run_warns_and_goes_on(lab: Lab, doubtful: Project) -> None:
    result = lab.install(doubtful, "-E", "more")
    assert "warning: the extra more selects nothing for this target" in result.stderr


def test_a_strict_run_ends_before_anything_moves(lab: Lab, doubtful: Project) -> None:
    with lab.index.watched() as requests:
        result = lab.refuse(doubtful, "-E", "more", "--strict")
    assert "the extra more selects nothing for this target" in result.stderr
    assert not requests
    assert_nothing_is_installed(doubtful)

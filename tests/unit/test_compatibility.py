"""docs/compatibility.md: every reason has its row, and every row a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hybrid_install.core.deferral import Ambiguity, Deferral, Handover
from hybrid_install.core.supported import Supported
from hybrid_install.tools import poetry, uv

REPOSITORY = Path(__file__).resolve().parents[2]
TABLES = (REPOSITORY / "docs" / "compatibility.md").read_text("utf-8")
TESTS = sorted(set(re.findall(r"`((?:unit|conformance|e2e)/[^`]+)`", TABLES)))


def rows() -> list[str]:
    """The tables' lines without their heads."""
    return [line for line in TABLES.splitlines() if line.startswith("| ") and "---" not in line]


@pytest.mark.parametrize("reason", [*Deferral, *Handover], ids=lambda reason: reason.name)
def test_every_reason_has_one_row_with_a_test(reason: Deferral | Handover) -> None:
    (row,) = (row for row in rows() if row.startswith(f"| {reason.value} |"))
    assert re.search(r"`\w+/test_\w+\.py::test_\w+`", row)


def test_ambiguity_has_a_row() -> None:
    assert any(row.startswith(f"| {Ambiguity('…').value} |") for row in rows())


@pytest.mark.parametrize("test", TESTS)
def test_the_tests_exist(test: str) -> None:
    file, _, function = test.partition("::")
    path = REPOSITORY / "tests" / file
    assert path.is_file()
    assert not function or f"\ndef {function}(" in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("tool", "supported"), [("uv", uv.SUPPORTED), ("Poetry", poetry.SUPPORTED)]
)
def test_the_ranges_are_those_of_the_code(tool: str, supported: Supported) -> None:
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    assert any(row.startswith(f"| {tool}") and f"| {supported} |" in row for row in rows())
    assert f"{tool} {supported}" in readme
    pyproject = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    assert tool != "uv" or f'"uv{supported}"' in pyproject.replace(" (", "").replace(")", "")

"""The rows of `exports`: the command's options under their names."""

from __future__ import annotations

import pytest

from hybrid_install.core.emitters.format import Format
from hybrid_install.core.exports import ExportRow
from hybrid_install.core.selection import SelectionOptions
from hybrid_install.core.tiers import Tier
from hybrid_install.errors import InvalidDataError


def test_a_row_is_the_options() -> None:
    row = {
        "file": "a.json",
        "format": "json",
        "universal": True,
        "tier": "heavy",
        "with": ["dev"],
        "extras": ["x", "y"],
        "all-groups": False,
    }
    options = SelectionOptions(with_groups=("dev",), extras=("x", "y"))
    expected = ExportRow("a.json", Format.JSON, True, False, Tier.HEAVY, options)
    assert ExportRow.from_dict(row) == expected
    assert ExportRow.from_dict({"file": "r.txt"}) == ExportRow("r.txt")
    assert ExportRow.from_dict({"file": "d", "per-source": True}).per_source


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({}, "file: is missing"),
        ({"file": "a", "fromat": "json"}, 'fromat: is no key of an export: is "format" meant'),
        ({"file": "a", "zzz": 1}, "the keys: file, format"),
        ({"file": "a", "format": "yaml"}, "'yaml' is no format"),
        ({"file": "a", "tier": "big"}, "neither heavy nor light"),
        ({"file": "a", "universal": "yes"}, "universal: expected true or false"),
        ({"file": "a", "with": "dev"}, "with: expected an array"),
    ],
)
def test_anything_else_is_refused(row: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidDataError, match=problem):
        ExportRow.from_dict(row)

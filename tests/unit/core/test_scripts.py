"""Which commands of a project a version of Poetry binds."""

from __future__ import annotations

import pytest

from hybrid_install.core.scripts import binds_console_scripts_alone


@pytest.mark.parametrize(
    ("poetry", "alone"),
    [
        ("2.4.9", True),
        ("1.8.0", True),
        ("2.5.0", False),
        ("2.10", False),
        (None, False),
        ("of unknown version", False),
        ("9" * 5000, False),
        (f"2.4.{'9' * 5000}", True),
    ],
)
def test_whether_it_binds_console_scripts_alone(poetry: str | None, *, alone: bool) -> None:
    """A receipt holds whatever is written in it."""
    assert binds_console_scripts_alone(poetry) is alone

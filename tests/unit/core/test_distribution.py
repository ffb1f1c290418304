"""What changed between two looks at an environment."""

from __future__ import annotations

import pytest
from support.fakes import distribution

from hybrid_install.core.distribution import Distribution, by_name, changed

A = distribution("a", stamp=("uv", 1))


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ([], [], ()),
        ([A], [A], ()),
        ([], [A], ("a",)),
        ([A], [], ("a",)),
        ([A], [distribution("a", "2.0", stamp=("uv", 1))], ("a",)),
        ([A], [distribution("a", stamp=("uv", 2))], ("a",)),
        ([A], [distribution("a", stamp=("poetry", 1))], ("a",)),
        ([A], [distribution("c"), distribution("b")], ("a", "b", "c")),
        ([A], [A, distribution("a", "0.9")], ("a",)),
        ([A, distribution("b")], [distribution("b"), A], ()),
    ],
)
def test_what_was_added_removed_or_installed_again(
    before: list[Distribution], after: list[Distribution], names: tuple[str, ...]
) -> None:
    assert changed(before, after) == names


def test_the_first_of_a_name_is_the_one_that_is_imported() -> None:
    found = by_name([distribution("a", "1.0"), distribution("b"), distribution("a", "2.0")])
    assert {name: each.version for name, each in found.items()} == {"a": "1.0", "b": "1.0"}

"""`markers.holds`, leaf by leaf, answers as Poetry's simplified marker does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from poetry.core.version.markers import parse_marker
from support import corpus, marker_strategies
from support.environments import Markers, everywhere
from support.poetry_in_process import fresh_marker, is_readable_marker

from hybrid_install.core import markers
from hybrid_install.errors import InvalidDataError

pytestmark = pytest.mark.conformance

ENVIRONMENTS = everywhere()
PARSED_PER_EXAMPLE = settings(suppress_health_check=[HealthCheck.too_slow])


@corpus.each_pair()
def test_every_marker_of_a_lock(pair: corpus.Pair, tally: Counter[str]) -> None:
    """Those of the packages and, in older locks too, those of the dependencies."""
    cases = [
        (text, environment, extras)
        for text in sorted(_markers_in(pair.lock.get("package", [])))
        for extras in _extras_of_interest(text)
        for environment in ENVIRONMENTS
    ]
    different = [case for case in cases if markers.holds(*case) != _of_lock(*case)]
    equal = len(cases) - len(different)
    tally.update({"locked markers": len(cases), "locked markers equal": equal})
    assert not different


@settings(PARSED_PER_EXAMPLE, max_examples=600)
@given(marker_strategies.markers(marker_strategies.leaves()), marker_strategies.EXTRAS)
def test_sensible_markers(tally: Counter[str], text: str, extras: frozenset[str]) -> None:
    for environment in ENVIRONMENTS:
        expected = _poetry(text, environment, extras)
        assert _ours(text, environment, extras) == expected, environment
    tally.update(["generated markers", "generated markers equal"])


@settings(PARSED_PER_EXAMPLE, max_examples=1500)
@given(
    marker_strategies.odd_leaves(),
    marker_strategies.EXTRAS,
    st.sampled_from(ENVIRONMENTS),
)
def test_odd_comparisons(
    tally: Counter[str], text: str, extras: frozenset[str], environment: Markers
) -> None:
    """Any operator, value, order and spacing: what Poetry cannot read is an error that says so."""
    assert _ours(text, environment, extras) == _poetry(text, environment, extras)
    tally.update(["odd comparisons", "odd comparisons equal"])


@settings(PARSED_PER_EXAMPLE, max_examples=300)
@given(marker_strategies.markers(marker_strategies.odd_leaves()))
def test_one_unreadable_comparison_makes_the_marker_unreadable(text: str) -> None:
    """Wherever it stands: also where the rest already decides."""
    with_extras: frozenset[str] = frozenset()
    if not is_readable_marker(text):
        assert _ours(text, ENVIRONMENTS[0], with_extras) is None


@pytest.mark.parametrize("text", ["", "*", "<empty>"])
def test_markers_without_a_comparison(text: str) -> None:
    expected = parse_marker(text).validate({})
    assert markers.holds(text, ENVIRONMENTS[0], frozenset()) is expected


@pytest.mark.parametrize(
    "text",
    [
        " ",
        "()",
        "python_version",
        "python_version >=",
        "'3.8' <= python_version",
        "python_version >= 3.8",
        'python_version === "3.11"',
        'platform_release == ""',
        'python_version >= "3.8" and',
        '(python_version >= "3.8"',
        'python_version >= "3.8")',
        'python_version >= "3.8" python_version < "4"',
        'os_name == "a" == "b"',
        'extra > "a"',
        '"gpu" in extras',
        'python_version >= "3.8" # comment',
    ],
)
def test_what_neither_can_read(text: str) -> None:
    assert _poetry(text, ENVIRONMENTS[0], frozenset()) is None
    with pytest.raises(InvalidDataError, match="invalid marker"):
        markers.holds(text, ENVIRONMENTS[0], frozenset())


def _ours(text: str, environment: Markers, extras: frozenset[str]) -> bool | None:
    """None for a marker that is refused; any other exception is the test's failure."""
    try:
        return markers.holds(text, environment, extras)
    except InvalidDataError:
        return None


def _poetry(text: str, environment: Markers, extras: frozenset[str]) -> bool | None:
    """None for a marker that Poetry cannot read, or cannot compare: `extra in "a b"` asserts."""
    try:
        return fresh_marker(text).validate({**environment, "extra": set(extras)})
    except Exception:  # noqa: BLE001  # the parser it vendors has errors of its own
        return None


def _of_lock(text: str, environment: Markers, extras: frozenset[str]) -> bool:
    return _parsed(text).validate({**environment, "extra": set(extras)})


# The markers of real locks take poetry-core up to a second each.
_parsed = cache(parse_marker)


def _extras_of_interest(text: str) -> list[frozenset[str]]:
    """None, each and all of the extras that `text` names."""
    named = sorted(set(re.findall(r"""extra [!=]= ["']([^"']+)["']""", text)))
    return [frozenset(), *(frozenset([name]) for name in named), frozenset(named)]


def _markers_in(value: Any) -> Iterator[str]:
    """Every marker below `value`: `markers`, by group or not, and the `marker` of lock 1.0."""
    if isinstance(value, list):
        for item in value:
            yield from _markers_in(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in {"marker", "markers"}:
                yield from [inner] if isinstance(inner, str) else inner.values()
            else:
                yield from _markers_in(inner)

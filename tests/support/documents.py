"""Documents as a TOML parser may hand them over: near to a good one, or anything at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from hypothesis import strategies as st

_LEAVES = st.one_of(
    st.text(max_size=5),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.sampled_from([date(2026, 1, 1), time(12), datetime(2026, 1, 1, tzinfo=UTC)]),
)


def any_document(good: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """`good` with some of its values exchanged, its entries left out, or others added."""
    keys = st.one_of(st.sampled_from(sorted(_keys_of(good))), st.text(max_size=3))
    anything = st.recursive(
        _LEAVES,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)
        ),
        max_leaves=8,
    )
    return st.one_of(
        _variation(good, anything).filter(lambda value: isinstance(value, dict)),
        st.dictionaries(keys, anything, max_size=5),
    )


def _keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(key for inner in value.values() for key in _keys_of(inner))}
    if isinstance(value, list):
        return {key for inner in value for key in _keys_of(inner)}
    return set()


@st.composite
def _variation(draw: st.DrawFn, good: Any, anything: st.SearchStrategy[Any]) -> Any:
    fate = draw(st.integers(0, 9))
    if fate == 0:
        return draw(anything)
    if isinstance(good, dict):
        kept = [key for key in good if draw(st.integers(0, 9)) > 0]
        return {key: draw(_variation(good[key], anything)) for key in kept}
    if isinstance(good, list):
        return [draw(_variation(item, anything)) for item in good]
    return good

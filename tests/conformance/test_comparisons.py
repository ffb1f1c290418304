"""What is compared without a parser is compared as Poetry does."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from poetry.core.constraints.version import Version, parse_constraint
from support import corpus

from hybrid_install.core.comparisons import allows_plainly

pytestmark = pytest.mark.conformance

NUMBERS = st.sampled_from(("0", "1", "2", "3", "7", "8", "9", "10", "11", "12", "010"))
VERSIONS = st.lists(NUMBERS, min_size=1, max_size=5).map(".".join)
ODD = st.sampled_from(("3.11.0rc1", "3.11.*", "", "3.", "v3", "3.11+local", "3.11.post1", "1!3.11"))
OPERATORS = st.sampled_from((">=", "<=", "<", ">", "^", "~", "==", "!=", "~=", "", "===", "> "))
BLANKS = st.sampled_from(("", " ", "  "))
PARTS = st.tuples(BLANKS, OPERATORS, BLANKS, st.one_of(VERSIONS, VERSIONS, ODD), BLANKS).map(
    "".join
)
CONSTRAINTS = st.lists(PARTS, min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from((",", ",", " ", "||")).map(lambda sign: sign.join(parts))
)
PYTHONS = ("3.8.20", "3.9.0", "3.10.1", "3.11.7", "3.12.13", "3.13.0", "3.14.0rc1", "4.0.0")


@settings(max_examples=3000)
@given(CONSTRAINTS, st.one_of(VERSIONS, st.sampled_from(PYTHONS)))
def test_any_constraint(tally: Counter[str], constraint: str, version: str) -> None:
    """An answer is Poetry's; where Poetry cannot read a constraint there is none."""
    if (answer := allows_plainly(constraint, version)) is not None:
        assert parse_constraint(constraint).allows(Version.parse(version)) is answer
        tally.update(["plain constraints", "plain constraints equal"])


@corpus.each_pair()
def test_the_pythons_of_a_lock(pair: corpus.Pair, tally: Counter[str]) -> None:
    """Of each package that a lock holds."""
    constraints = {each.get("python-versions", "*") for each in pair.lock.get("package", [])}
    cases = [(constraint, python) for constraint in constraints for python in PYTHONS]
    answers = {case: allows_plainly(*case) for case in cases}
    answered = {case: answer for case, answer in answers.items() if answer is not None}
    for (constraint, python), answer in answered.items():
        assert parse_constraint(constraint).allows(Version.parse(python)) is answer
    tally.update({"pythons of locks": len(answered), "pythons of locks equal": len(answered)})

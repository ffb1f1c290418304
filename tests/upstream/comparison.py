"""Answers of ours beside Poetry's: each comparison is remembered, and a difference fails its test."""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from hybrid_install.errors import HybridInstallError


class Verdict(Enum):
    """How a comparison ended."""

    AGREED = "agreed"
    DISAGREED = "disagreed"
    INCOMPARABLE = "not comparable"


class IncomparableError(Exception):
    """Poetry was asked something that is not ours to answer; the message says why."""


@dataclass(frozen=True)
class Comparison:
    """One question of a test to Poetry, and how our answer compares."""

    kind: str
    verdict: str
    test: str
    why: str = ""


@dataclass(frozen=True)
class Answer:
    """What a method of Poetry's returned or raised."""

    value: Any = None
    error: Exception | None = None

    def expect_value(self) -> Any:
        """The returned value; a failure is the business of Poetry's own tests."""
        if self.error is not None:
            raise IncomparableError(f"Poetry raises {type(self.error).__name__}")
        return self.value


Question = Callable[..., tuple[Any, Any]]
"""Takes Poetry's answer and the call's arguments; gives our answer and Poetry's in our words."""

COMPARISONS: list[Comparison] = []
OUTCOMES: Counter[str] = Counter()
FAILED: list[str] = []


def observe(owner: type[Any], name: str, kind: str, question: Question) -> None:
    """Compare whenever the method `name` of `owner`, or the property, has given its answer."""
    original = owner.__dict__[name]
    if isinstance(original, property):
        assert original.fget
        setattr(owner, name, property(_observed(original.fget, kind, question)))
    else:
        setattr(owner, name, _observed(getattr(owner, name), kind, question))


def _observed(method: Callable[..., Any], kind: str, question: Question) -> Callable[..., Any]:
    @functools.wraps(method)
    def observed(*arguments: Any, **options: Any) -> Any:
        try:
            answer = Answer(method(*arguments, **options))
        except Exception as error:  # noqa: BLE001
            answer = Answer(error=error)
        _compare(kind, functools.partial(question, answer, *arguments, **options))
        if answer.error is not None:
            raise answer.error
        return answer.value

    return observed


def _compare(kind: str, question: Callable[[], tuple[Any, Any]]) -> None:
    try:
        ours, theirs = question()
    except IncomparableError as reason:
        _remember(kind, Verdict.INCOMPARABLE, str(reason))
        return
    except HybridInstallError as refusal:
        ours, theirs = f"refused: {refusal.message}", "accepted"
    _remember(kind, Verdict.AGREED if ours == theirs else Verdict.DISAGREED, _shown(ours, theirs))
    assert ours == theirs, f"{kind}: {_shown(ours, theirs)}"


def _shown(ours: object, theirs: object) -> str:
    return "" if ours == theirs else f"ours {ours!r}, Poetry's {theirs!r}"


def _remember(kind: str, verdict: Verdict, why: str) -> None:
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    COMPARISONS.append(Comparison(kind, verdict.value, test, why))


def as_document() -> dict[str, Any]:
    """All that was remembered, for `summary.py`."""
    return {
        "outcomes": dict(OUTCOMES),
        "failed": FAILED,
        "comparisons": [asdict(each) for each in COMPARISONS],
    }

"""What is called provided, and what is said where it is not as locked."""

from __future__ import annotations

import pytest
from support.fakes import distribution, installed, locked

from hybrid_install.core.model import normalize_name
from hybrid_install.core.patterns import Patterns
from hybrid_install.core.provided import Discrepancy, Provision, discrepancies

NVIDIA = "2.6.0a0+ecf3bae40a.nv25.1"
KNOWN = [normalize_name(name) for name in ("torch", "torch-audio", "triton", "numpy")]


def provision(*patterns: str, from_environment: bool = False) -> Provision:
    return Provision(Patterns.given(patterns), from_environment)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (provision(), set()),
        (provision("torch"), {"torch"}),
        (provision("Torch*,TRITON"), {"torch", "torch-audio", "triton"}),
        (provision("torch_audio", "numpy"), {"torch-audio", "numpy"}),
        (provision(from_environment=True), {"numpy", "triton"}),
        (provision("torch", "!triton", from_environment=True), {"torch", "numpy"}),
    ],
)
def test_names(given: Provision, names: set[str]) -> None:
    brought = [normalize_name(name) for name in ("numpy", "triton", "pip")]
    assert given.names(KNOWN, brought) == names
    assert given.is_given is bool(names)


def test_a_pattern_that_names_nothing_is_idle() -> None:
    given = provision("torch*", "tritno", "!numpy", "!scipy")
    assert given.idle(KNOWN) == ("tritno", "!scipy")


@pytest.mark.parametrize("version", ["2.6.0", "2.6"])
def test_the_locked_version(version: str) -> None:
    present = installed(distribution("torch", version))
    assert discrepancies([locked("torch", "2.6.0")], frozenset({KNOWN[0]}), present) == ()


def test_any_of_several_locked_versions() -> None:
    selected = [locked("torch", "2.6.0+cpu"), locked("torch", "2.6.0+cu126")]
    provided = frozenset({KNOWN[0]})
    there = installed(distribution("torch", "2.6.0+cu126"))
    assert discrepancies(selected, provided, there) == ()
    [found] = discrepancies(selected, provided, {})
    assert found == Discrepancy(KNOWN[0], "2.6.0+cpu or 2.6.0+cu126", None)


def test_what_is_not_provided_is_not_looked_at() -> None:
    assert discrepancies([locked("torch")], frozenset(), {}) == ()


@pytest.mark.parametrize(
    ("present", "words"),
    [
        (NVIDIA, ": an image's own build (ecf3bae40a.nv25.1) on the way to 2.6.0"),
        ("2.6.0+cu126", ": the same release, in another build"),
        ("2.6.0rc1", ": a pre-release of it"),
        ("2.5.1", ""),
        ("2.5.1+cpu", ""),
        ("nonsense", ""),
    ],
)
def test_the_words_name_both_versions(present: str, words: str) -> None:
    found = Discrepancy(KNOWN[0], "2.6.0", present)
    assert found.message == f"torch {present} is provided, 2.6.0 is locked{words}"
    assert "--provided-mismatch warn" in found.hint


def test_what_is_not_there_has_another_hint() -> None:
    found = Discrepancy(KNOWN[0], "2.6.0", None)
    assert "has none" in found.message
    assert "--provided-mismatch" not in found.hint

"""Patterns of names: order is nothing, a full name beats a pattern, `!` takes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_install.core.model import normalize_name
from hybrid_install.core.patterns import Patterns
from hybrid_install.errors import InvalidDataError


@pytest.mark.parametrize(
    ("entries", "name", "answer"),
    [
        ([], "torch", None),
        (["torch"], "torch", True),
        (["torch"], "torchvision", None),
        (["Torch"], "torch", True),
        (["nvidia_*"], "nvidia-cudnn-cu12", True),
        (["NVIDIA.Cublas"], "nvidia-cublas", True),
        (["t?rch"], "torch", True),
        (["[st]orch"], "torch", True),
        (["[!s]orch"], "torch", True),
        (["[!t]orch"], "torch", None),
        (["!torch"], "torch", False),
        (["!nvidia-*", "nvidia-cudnn-cu12"], "nvidia-cudnn-cu12", True),
        (["!nvidia-*", "nvidia-cudnn-cu12"], "nvidia-cublas-cu12", False),
        (["nvidia-*", "!nvidia-cudnn-cu12"], "nvidia-cudnn-cu12", False),
        (["nvidia-*", "!*-cu12"], "nvidia-cudnn-cu12", False),
        (["!*", "torch"], "torch", True),
        (["!*", "torch"], "jax", False),
    ],
)
def test_what_entries_say_of_a_name(entries: list[str], name: str, answer: bool | None) -> None:
    said = Patterns.parse(entries)
    assert said.decides(normalize_name(name)) is answer
    assert said.cover(normalize_name(name)) is (answer is True)


ENTRIES = ["torch", "t*", "!to*", "!jax", "j?x", "nvidia-*", "!nvidia-cudnn", "[a-n]*"]


@given(st.permutations(ENTRIES), st.text("abjnortx", min_size=1, max_size=5))
def test_order_is_nothing(entries: list[str], text: str) -> None:
    name = normalize_name(text)
    assert Patterns.parse(entries).decides(name) is Patterns.parse(ENTRIES).decides(name)


@pytest.mark.parametrize(
    "entry", ["", "!", "!!torch", "torch>=2", "torch ", "a b", "[", "[]", "a,b", "torch[cpu", "é"]
)
def test_what_is_no_pattern(entry: str) -> None:
    with pytest.raises(InvalidDataError, match="is no pattern of package names") as error:
        Patterns.parse(["numpy", entry])
    assert error.value.context == "[1]"


def test_a_contradiction() -> None:
    with pytest.raises(InvalidDataError, match='both "flash-attn" and "!flash-attn" are there'):
        Patterns.parse(["Flash_Attn", "!flash-attn"])


def test_given_on_the_command_line() -> None:
    assert Patterns.given(["torch,nvidia-*", " jax  !triton"]).entries == (
        "torch", "nvidia-*", "jax", "!triton",
    )  # fmt: skip

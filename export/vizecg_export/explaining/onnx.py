"""Tensors of an ONNX artefact beside those of the float ONNX model, matched by name."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from vizecg.models import ImageOnly
from vizecg.spec import BundleError
from vizecg.spec.manifest import MODEL_INPUT
from vizecg.spec.onnx_session import onnx_session
from vizecg_export.explaining.compare import GapMeter, TensorGap
from vizecg_export.recipes.onnx import export_float
from vizecg_export.recipes.tensorrt.recipe import WRONG_FOR_HALF

_SHAPING = frozenset({"Reshape", "Transpose", "Cast", "QuantizeLinear", "DequantizeLinear", "Identity", "Unsqueeze"})
"""Operations that move numbers and compute none."""


def onnx_gaps(model: Path, network: ImageOnly, images: np.ndarray) -> list[TensorGap]:
    """Compare every tensor that both graphs compute.

    Args:
        model: the artefact.
        network: the float network it was made from.
        images: float32 (n, 1, H, W).

    Raises:
        BundleError: the graphs have no tensor in common.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "float.onnx"
        export_float(network, path, input_shape=(1, *images.shape[1:]))
        floating = onnx.load(str(path))
    artefact = onnx.load(str(model))
    seen = _as_seen(artefact)
    order = [
        (name, node.op_type)
        for node in floating.graph.node
        if node.op_type not in _SHAPING
        for name in node.output
        if name in seen
    ]
    if not order:
        raise BundleError(f"{model.name} has no tensor of the float network's names")
    names = [name for name, _ in order]
    meters = [GapMeter(name=name, operation=operation) for name, operation in order]
    wanted = [seen[name] for name in names]
    of_float, of_artefact = _session(floating, names), _session(artefact, wanted)
    for image in images:
        feed = {MODEL_INPUT: image[None]}
        for meter, a, b in zip(meters, of_float.run(names, feed), of_artefact.run(wanted, feed), strict=True):
            meter.add(a, b)
    return [meter.gap() for meter in meters]


def _as_seen(model: onnx.ModelProto) -> dict[str, str]:
    """Tensor -> the tensor that the operations behind it get: itself, or what its rounding to int8 leaves."""
    seen = {name: name for node in model.graph.node for name in node.output}
    dequantised = {node.input[0]: node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear" and node.output[0] in dequantised:
            seen[node.input[0]] = dequantised[node.output[0]]
    return seen


def _session(model: onnx.ModelProto, outputs: Iterable[str]) -> onnxruntime.InferenceSession:
    """Every wanted tensor is an output: what the optimiser merges would not be there to look at."""
    known = {value.name for value in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs if name not in known)
    return onnx_session(model.SerializeToString(), without=[WRONG_FOR_HALF])

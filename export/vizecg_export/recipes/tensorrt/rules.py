"""What TensorRT wants of Q/DQ, checked without it; and the counts of what is quantised."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from vizecg.spec import ParityError
from vizecg_export.recipes.tensorrt.places import WEIGHTED


def check_rules(model: onnx.ModelProto) -> None:
    """Raise ParityError, with the first node at fault, unless TensorRT takes the graph's Q/DQ as they are meant.

    Zero points are int8 zeros, scales positive and finite, weights int8 with a scale for each channel; a bias is
    never quantised.
    """
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    producers = {output: node for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            _check_pair(node, constants)
        if node.op_type in WEIGHTED:
            made_by = [producers.get(name) for name in node.input]
            if len(made_by) > 2 and made_by[2] is not None and made_by[2].op_type == "DequantizeLinear":
                raise ParityError(f"{node.name}: TensorRT takes no quantised bias ({node.input[2]})")
            weight = made_by[1]
            if weight is not None and weight.op_type == "DequantizeLinear" and weight.input[0] in constants:
                _check_weight(node, weight, constants)


def _check_pair(node: onnx.NodeProto, constants: dict[str, np.ndarray]) -> None:
    scale = constants.get(node.input[1])
    zero = constants.get(node.input[2]) if len(node.input) > 2 else None
    if scale is None or zero is None:
        raise ParityError(f"{node.name}: TensorRT needs a constant scale and zero point")
    if zero.dtype != np.int8 or np.any(zero):
        raise ParityError(f"{node.name}: the zero point is {zero.dtype} {zero.flat[0]}, TensorRT takes int8 zeros only")
    if scale.dtype not in (np.float32, np.float16) or not np.all(np.isfinite(scale)) or np.any(scale <= 0):
        raise ParityError(f"{node.name}: scales must be positive float32 or float16 numbers")
    data = constants.get(node.input[0])
    if node.op_type == "DequantizeLinear" and data is not None and data.dtype != np.int8:
        raise ParityError(f"{node.name}: dequantises {data.dtype}, TensorRT takes int8")


def _check_weight(node: onnx.NodeProto, dequantise: onnx.NodeProto, constants: dict[str, np.ndarray]) -> None:
    axis = next((attribute.i for attribute in dequantise.attribute if attribute.name == "axis"), 1)
    channels, scale = constants[dequantise.input[0]].shape[axis], constants[dequantise.input[1]]
    if scale.shape != (channels,):
        raise ParityError(f"{node.name}: weights of {channels} channels have scales of shape {scale.shape}")


def placement(model: onnx.ModelProto) -> dict[str, Any]:
    """What is quantised and what stays float: counts for the manifest."""
    dequantised = {output for node in model.graph.node if node.op_type == "DequantizeLinear" for output in node.output}
    quantised: Counter[str] = Counter()
    floating: Counter[str] = Counter()
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            continue
        # A residual addition is quantised on one branch; whatever has weights on both its inputs.
        wanted = 2 if node.op_type in WEIGHTED else 1
        reads = sum(name in dequantised for name in node.input)
        (quantised if reads >= wanted else floating)[node.op_type] += 1
    kinds = Counter(node.op_type for node in model.graph.node)
    return {
        "int8": dict(sorted(quantised.items())),
        "float": dict(sorted(floating.items())),
        "quantize_linear": kinds["QuantizeLinear"],
        "dequantize_linear": kinds["DequantizeLinear"],
        "weights_int8": sum(tensor.data_type == TensorProto.INT8 and bool(tensor.dims) and not tensor.name.endswith(
            "_zero_point") for tensor in model.graph.initializer),
    }  # fmt: skip

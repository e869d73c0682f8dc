"""Q/DQ nodes for TensorRT, with scales of the graph's own type."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from vizecg_export.recipes.half import add_constant, drop_unused
from vizecg_export.recipes.tensorrt.places import Kind, Place

INT8_MAX = 127
SMALLEST_SCALE = 2.0**-14
"""The smallest normal float16: below it a scale loses its digits."""


def insert_qdq(
    model: onnx.ModelProto, places: list[Place], ranges: dict[str, float], weights: dict[str, np.ndarray]
) -> onnx.ModelProto:
    """A copy with Q/DQ at ``places``: int8, symmetric, zero point 0; weights stored as int8, one scale a channel.

    Args:
        model: a float32 or float16 graph, with types of all its tensors inferred.
        places: as chosen in the float32 graph, whose names of nodes the model shares.
        ranges: tensor of a place -> largest magnitude to represent.
        weights: tensor of a place -> float32 weights.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    nodes = {node.name: node for node in graph.node}
    types = {info.name: info.type.tensor_type.elem_type for info in (*graph.value_info, *graph.input, *graph.output)}
    types.update({tensor.name: tensor.data_type for tensor in graph.initializer})
    made: dict[str, str] = {}
    for place in places:
        node = nodes[place.node]
        source = node.input[place.index]
        if source not in made:
            if place.kind is Kind.WEIGHT:
                made[source] = _weight(graph, source, weights[place.tensor], place.axis, types[source])
            else:
                made[source] = _activation(graph, source, ranges[place.tensor], types[source])
        node.input[place.index] = made[source]
    drop_unused(graph)
    _sort(graph)
    onnx.checker.check_model(result)
    return result


def _scale(magnitude: np.ndarray, elem_type: int) -> np.ndarray:
    """Scales as the graph will hold them; the integers are then found with these very numbers."""
    dtype = helper.tensor_dtype_to_np_dtype(elem_type)
    return np.asarray(np.maximum(magnitude / INT8_MAX, SMALLEST_SCALE), dtype=dtype)


def _weight(graph: onnx.GraphProto, name: str, values: np.ndarray, axis: int, elem_type: int) -> str:
    others = tuple(i for i in range(values.ndim) if i != axis)
    scale = _scale(np.abs(values).max(axis=others), elem_type)
    spread = np.expand_dims(scale.astype(np.float32), others)
    integers = np.clip(np.rint(values / spread), -INT8_MAX, INT8_MAX).astype(np.int8)
    zeros = np.zeros(scale.shape, dtype=np.int8)
    parts = (("int8", integers), ("scale", scale), ("zero_point", zeros))
    inputs = [add_constant(graph, f"{name}_{part}", array) for part, array in parts]
    output = f"{name}_dequantised"
    graph.node.append(helper.make_node("DequantizeLinear", inputs, [output], name=f"{name}_dq", axis=axis))
    return output


def _activation(graph: onnx.GraphProto, name: str, magnitude: float, elem_type: int) -> str:
    scale = add_constant(graph, f"{name}_scale", _scale(np.asarray(magnitude), elem_type))
    zero = add_constant(graph, f"{name}_zero_point", np.zeros((), dtype=np.int8))
    integers, output = f"{name}_int8", f"{name}_dequantised"
    graph.node.append(helper.make_node("QuantizeLinear", [name, scale, zero], [integers], name=f"{name}_q"))
    graph.node.append(helper.make_node("DequantizeLinear", [integers, scale, zero], [output], name=f"{name}_dq"))
    return output


def _sort(graph: onnx.GraphProto) -> None:
    """Put the nodes in an order in which each reads only what is there."""
    ready = {tensor.name for tensor in (*graph.input, *graph.initializer)} | {""}
    waiting, ordered = list(graph.node), []
    while waiting:
        runnable = [node for node in waiting if ready.issuperset(node.input)]
        if not runnable:
            raise RuntimeError(f"nodes without a source: {[node.name for node in waiting][:3]}")
        ordered += runnable
        ready.update(output for node in runnable for output in node.output)
        waiting = [node for node in waiting if not ready.issuperset(node.output)]
    del graph.node[:]
    graph.node.extend(ordered)

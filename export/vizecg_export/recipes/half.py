"""float32 graph -> typed float16 graph."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT32_OPS = ("LayerNormalization", "Softmax", "ReduceMean")
"""Sums over many values: these stay float32 in a float16 graph."""


def to_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """A float16 copy whose input and output, and the operators of FLOAT32_OPS, stay float32.

    Nodes keep their names. onnxruntime's converter will not do: of a tensor that two float32 operators read it makes
    two casts of one name, and ONNX Runtime refuses the graph.
    """
    result = onnx.shape_inference.infer_shapes(model)
    graph = result.graph
    floats = {info.name for info in (*graph.input, *graph.output, *graph.value_info) if _is_float(info)}
    constants = {tensor.name: tensor for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT}
    types = {info.name: TensorProto.FLOAT for info in graph.input if info.name in floats}
    outputs = {info.name for info in graph.output}
    ordered: list[onnx.NodeProto] = []
    copies: dict[tuple[str, int], str] = {}

    def typed(name: str, wanted: int) -> str:
        """The name of a tensor of that type with the values of ``name``."""
        have = TensorProto.FLOAT if name in constants else types.get(name, wanted)
        if have == wanted:
            return name
        key = (name, wanted)
        if key not in copies:
            copies[key] = f"{name}_{'half' if wanted == TensorProto.FLOAT16 else 'single'}"
            if name in constants:
                add_constant(graph, copies[key], numpy_helper.to_array(constants[name]).astype(np.float16))
            else:
                ordered.append(helper.make_node("Cast", [name], [copies[key]], name=f"{copies[key]}_cast", to=wanted))
        return copies[key]

    for node in graph.node:
        wanted = TensorProto.FLOAT if node.op_type in FLOAT32_OPS else TensorProto.FLOAT16
        for place, name in enumerate(node.input):
            if name in floats or name in constants:
                node.input[place] = typed(name, wanted)
        ordered.append(node)
        for place, name in enumerate(node.output):
            if name in floats:
                types[name] = wanted
            if name in outputs and types.get(name) == TensorProto.FLOAT16:
                node.output[place] = f"{name}_half"
                back = helper.make_node("Cast", [node.output[place]], [name], name=f"{name}_cast", to=TensorProto.FLOAT)
                ordered.append(back)
    ordered = [_copy(node) for node in ordered]
    del graph.node[:]
    graph.node.extend(ordered)
    drop_unused(graph)
    # The types written down before the conversion are not all right after it.
    del graph.value_info[:]
    return onnx.shape_inference.infer_shapes(result, check_type=True, strict_mode=True)


def _is_float(info: onnx.ValueInfoProto) -> bool:
    return bool(info.type.tensor_type.elem_type == TensorProto.FLOAT)


def _copy(node: onnx.NodeProto) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    return copy


def drop_unused(graph: onnx.GraphProto) -> None:
    """Drop the initializers that nothing reads any more."""
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def add_constant(graph: onnx.GraphProto, name: str, array: np.ndarray) -> str:
    """Add an initializer; returns its name."""
    graph.initializer.append(numpy_helper.from_array(array, name))
    return name

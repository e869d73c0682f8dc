"""Where Q/DQ go in a graph for TensorRT, and the ranges of the tensors there.

The places follow NVIDIA's advice for explicit quantisation: the inputs of what computes in int8, not its outputs, so
that a convolution fuses with the ReLU behind it; and of a residual addition the skip branch alone, so that the
addition fuses into the convolution of the main branch. A max pool needs nothing: TensorRT moves the Q behind it
through it. onnxruntime's own quantiser puts Q/DQ behind convolutions and on both branches, and no option of it
tells the branches apart; its histograms and thresholds are used here all the same.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization.calibrate import HistogramCollector

from vizecg.spec.manifest import MODEL_INPUT
from vizecg.spec.onnx_session import onnx_session
from vizecg_export.targets import OFFERS, Scope, Target

CALIBRATORS = OFFERS[Target.TENSORRT].calibrators
PERCENTILE = 99.999
BINS = {"percentile": 2048, "entropy": 128}
QUANTISED_BINS = 128
"""These three are onnxruntime's own choices."""
WEIGHTED = ("Conv", "MatMul", "Gemm")


class Kind(Enum):
    """What flows through a quantised input."""

    ACTIVATION = "activation"
    WEIGHT = "weight"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Input ``index`` of node ``node`` reads ``tensor`` through Q/DQ; weights have their channels on ``axis``."""

    node: str
    index: int
    tensor: str
    kind: Kind
    axis: int = 0


def choose_places(model: onnx.ModelProto, scope: Scope) -> list[Place]:
    """The places of Q/DQ in a float graph.

    Attention's two products of activations stay float whatever the scope: TensorRT fuses them with the softmax
    between them, and int8 there cost the shipped network another 0.4 dB.
    """
    nodes = list(model.graph.node)
    constants = {tensor.name for tensor in model.graph.initializer}
    last = max(place for place, node in enumerate(nodes) if node.op_type == "Conv")
    reached = nodes if scope is Scope.FULL else nodes[: last + 1]
    producers = {output: node for node in nodes for output in node.output}
    depth = _depths(nodes)
    places = []
    for node in reached:
        if node.op_type in WEIGHTED and node.input[0] not in constants and node.input[1] in constants:
            places.append(Place(node=node.name, index=0, tensor=node.input[0], kind=Kind.ACTIVATION))
            axis = _channel_axis(node)
            places.append(Place(node=node.name, index=1, tensor=node.input[1], kind=Kind.WEIGHT, axis=axis))
        if node.op_type == "Add" and not constants & set(node.input):
            made_by = [producers[name].op_type if name in producers else "" for name in node.input]
            if "Conv" in made_by:
                skip = _skip_branch(node, made_by, depth)
                places.append(Place(node=node.name, index=skip, tensor=node.input[skip], kind=Kind.ACTIVATION))
    return places


def _channel_axis(node: onnx.NodeProto) -> int:
    """Axis of the output channels in the weights of ``node``."""
    if node.op_type == "Conv":
        return 0
    transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
    return 0 if transposed else 1


def _depths(nodes: list[onnx.NodeProto]) -> dict[str, int]:
    """tensor -> how many nodes the longest way to it passes; ``nodes`` are in order."""
    depth: dict[str, int] = {}
    for node in nodes:
        deepest = 1 + max((depth.get(name, 0) for name in node.input), default=0)
        depth.update(dict.fromkeys(node.output, deepest))
    return depth


def _skip_branch(node: onnx.NodeProto, made_by: list[str], depth: dict[str, int]) -> int:
    """Which input of a residual addition is not the main branch: no convolution's, or the shallower of two."""
    if made_by.count("Conv") == 1:
        return 1 - made_by.index("Conv")
    return min((0, 1), key=lambda index: depth[node.input[index]])


def calibrate(model: onnx.ModelProto, tensors: list[str], images: np.ndarray, method: str) -> dict[str, float]:
    """tensor -> largest magnitude to represent.

    Args:
        model: the float graph.
        tensors: activations to watch.
        images: preprocessed sheets float32 (n, 1, H, W).
        method: one of CALIBRATORS.
    """
    watched = sorted(set(tensors) - {MODEL_INPUT})
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    del probe.graph.output[:]
    probe.graph.output.extend(onnx.ValueInfoProto(name=name) for name in watched)
    session = onnx_session(probe.SerializeToString())
    largest = dict.fromkeys(tensors, 0.0)
    # The collector prints its progress.
    with contextlib.redirect_stdout(io.StringIO()):
        collector = HistogramCollector(
            method=method,
            symmetric=True,
            num_bins=BINS.get(method, 1),
            num_quantized_bins=QUANTISED_BINS,
            percentile=PERCENTILE,
            scenario="same",
        )
        for image in images:
            values = dict(zip(watched, session.run(watched, {MODEL_INPUT: image[None]}), strict=True))
            if MODEL_INPUT in largest:
                values[MODEL_INPUT] = image[None]
            for name, value in values.items():
                largest[name] = max(largest[name], float(np.abs(value).max()))
            if method != "minmax":
                collector.collect(values)
        if method == "minmax":
            return largest
        ranges = collector.compute_collection_result()
    return {name: max(abs(float(bound)) for bound in ranges[name][:2]) for name in largest}


def load_float(path: Path) -> onnx.ModelProto:
    """The float graph without traces of the program that made it."""
    model = onnx.load(str(path))
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    return model

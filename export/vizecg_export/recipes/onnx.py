"""ONNX Runtime: float export, fp16, and int8 Q/DQ by onnxruntime's own quantiser."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from vizecg.models import ImageOnly
from vizecg.spec.manifest import MODEL_INPUT, MODEL_OUTPUT
from vizecg.spec.onnx_session import onnx_logits, onnx_session
from vizecg.spec.processor import read_processor
from vizecg_export.job import Job, Made, Run
from vizecg_export.quiet import quiet
from vizecg_export.recipes.half import to_half
from vizecg_export.targets import OFFERS, Machine, Precision, Scope, Target

OPSET = 20
METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
TRUNK_OPS = ("Conv", "Relu", "MaxPool", "Add")
PRODUCTS = ("MatMul", "Gemm")


class OnnxRecipe:
    """Files for ONNX Runtime; input ``image`` (n, 1, H, W) with a free n.

    int8 for any machine has weights of 7 bits: on x86 without VNNI, ONNX Runtime's 8-bit kernels add pairs of products
    in 16 bits and saturate with weights of 8. ARM has no such kernels: its file has 8-bit weights, and symmetric
    activations, which its dot products take without a correction.
    """

    target = Target.ONNX
    precisions = OFFERS[target].precisions
    calibrators = OFFERS[target].calibrators
    machines = OFFERS[target].machines

    def make(self, job: Job) -> Made:
        flavour = "" if job.machine is Machine.ANY else "_arm"
        target = job.folder / f"model_{job.precision.value}{flavour}.onnx"
        details: dict[str, object] = {"opset": OPSET}
        with tempfile.TemporaryDirectory() as folder:
            floating = Path(folder) / "float.onnx"
            export_float(job.network, floating, input_shape=job.input_shape)
            if job.precision is Precision.FP32:
                target.write_bytes(floating.read_bytes())
            elif job.precision is Precision.FP16:
                write_clean(to_half(onnx.load(str(floating))), target)
            else:
                assert job.images is not None
                details["weight_bits"] = 8 if job.machine is Machine.ARM else 7
                details["quantised"] = quantise(
                    floating,
                    target,
                    images=job.images,
                    scope=job.scope,
                    machine=job.machine,
                    calibrator=job.calibrator or self.calibrators[0],
                )
        run, runtime = open_model(target, int8=job.precision is Precision.INT8, machine=job.machine)
        return Made(file=target.name, run=run, runtime=runtime, details=details)


def open_model(file: Path, *, int8: bool, machine: Machine) -> tuple[Run, str]:
    """How to run a model file here, and what it then runs in.

    The int8 file for ARM has weights of 8 bits. Where this processor's kernels would saturate with them, the graph is
    computed as it is written, which gives what ARM's kernels give.
    """
    as_written = int8 and machine is Machine.ARM and not read_processor().adds_int8_right
    how = " (node by node: this processor saturates with weights of 8 bits)" if as_written else ""
    session = onnx_session(file, as_written=as_written)
    return partial(onnx_logits, session), f"onnxruntime {onnxruntime.__version__}{how}"


_EXPORTED: WeakKeyDictionary[ImageOnly, bytes] = WeakKeyDictionary()
"""Every way to calibrate starts from the same float model, which takes seconds to export."""


def export_float(network: ImageOnly, target: Path, *, input_shape: tuple[int, int, int, int]) -> None:
    """Write the float32 ONNX model: input ``image`` (n, 1, H, W) with a free n, output ``logits`` (n, labels)."""
    if network not in _EXPORTED:
        _export(network, target, input_shape=input_shape)
        _EXPORTED[network] = target.read_bytes()
    target.write_bytes(_EXPORTED[network])


def _export(network: ImageOnly, target: Path, *, input_shape: tuple[int, int, int, int]) -> None:
    # The exporter specialises a batch of one, so the example holds two.
    example = torch.zeros(2, *input_shape[1:])
    with quiet():
        program = torch.onnx.export(
            network,
            (example,),
            input_names=[MODEL_INPUT],
            output_names=[MODEL_OUTPUT],
            dynamic_shapes={"image": {0: torch.export.Dim("batch", min=1, max=1024)}},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    program.save(str(target))
    write_clean(onnx.load(str(target)), target)


def write_clean(model: onnx.ModelProto, target: Path) -> None:
    """Check a model and write it without what only its making needed.

    Stack traces of the exporting machine would otherwise travel in the file, and shapes that every runtime infers
    by itself are a part of its size that counts in int8.
    """
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del model.graph.value_info[:]
    del model.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(target))


class _Batches(CalibrationDataReader):
    """One sheet at a time, in any range: ranges of activations are merged sheet by sheet and never pile up."""

    def __init__(self, images: np.ndarray) -> None:
        self._images = images
        self.set_range(0, len(images))

    def __len__(self) -> int:
        return len(self._images)

    def set_range(self, start_index: int, end_index: int) -> None:
        self._left = iter(range(start_index, end_index))

    def get_next(self) -> dict[str, np.ndarray] | None:
        index = next(self._left, None)
        return None if index is None else {MODEL_INPUT: self._images[index][None]}


def quantise(
    source: Path, target: Path, *, images: np.ndarray, scope: Scope, machine: Machine, calibrator: str
) -> dict[str, list[int]]:
    """Post-training static quantisation to int8 Q/DQ, weights per channel.

    Additions behind the trunk (of positions, attention and head) and attention's products of activations stay float in
    either scope: they have rare large values, for which one scale of 8 bits is too coarse, and nothing that counts
    would get faster. ``Relu`` is named so that a convolution's result is rounded behind it and not before, where half
    of the range would be of numbers that it cuts off. The stem is left float where that is faster (``stem``).

    Args:
        source: the float model.
        target: where the quantised model goes.
        images: float32 (n, 1, H, W), preprocessed calibration sheets.
        scope: all convolutions and products, or the trunk alone.
        machine: the processors it is for; see ``OnnxRecipe``.
        calibrator: one of ``METHODS``.

    Returns:
        As ``quantised_share``.
    """
    arm = machine is Machine.ARM
    with tempfile.TemporaryDirectory() as folder, quiet():
        prepared = Path(folder) / "prepared.onnx"
        quantised = Path(folder) / "quantised.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        floating = onnx.load(str(prepared))
        quantize_static(
            str(prepared),
            str(quantised),
            _Batches(images),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=[*TRUNK_OPS, *(PRODUCTS if scope is Scope.FULL else ())],
            nodes_to_exclude=[*left_float(floating), *([] if arm else stem(floating))],
            per_channel=True,
            reduce_range=not arm,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QInt8 if arm else QuantType.QUInt8,
            calibrate_method=METHODS[calibrator],
            extra_options={"CalibStridedMinMax": 1, "ActivationSymmetric": arm, "WeightSymmetric": True},
        )
        model = onnx.load(str(quantised))
        if not arm:
            hold_back(model, behind=stem(floating))
        write_clean(model, target)
    return quantised_share(model)


def left_float(model: onnx.ModelProto) -> list[str]:
    """Names of the additions behind the last convolution, and of products without weights."""
    nodes = list(model.graph.node)
    weights = {tensor.name for tensor in model.graph.initializer}
    last = max(place for place, node in enumerate(nodes) if node.op_type == "Conv")
    return [
        node.name
        for place, node in enumerate(nodes)
        if (node.op_type == "Add" and place > last) or (node.op_type == "MatMul" and node.input[1] not in weights)
    ]


def stem(model: onnx.ModelProto) -> list[str]:
    """Names of the first convolution and of the ``Relu`` and ``MaxPool`` behind it.

    With one channel, ONNX Runtime's int8 convolution gathers single bytes: on x86 the stem alone took 2.6 of 6.8 ms
    (one thread of an AMD EPYC with VNNI), and takes 0.7 in float32. How ARM's kernels do is not known: there it is
    int8.
    """
    nodes = list(model.graph.node)
    first_nodes = [next(node for node in nodes if node.op_type == "Conv")]
    for node in nodes:
        if node.op_type in ("Relu", "MaxPool") and first_nodes[-1].output[0] in node.input:
            first_nodes.append(node)
    return [node.name for node in first_nodes]


def hold_back(model: onnx.ModelProto, *, behind: list[str]) -> None:
    """Keep the rounding behind the stem where it is: change ``model`` so that ONNX Runtime does not move it.

    It computes the maximum of rounded numbers where it can, which gives the same; but its ``MaxPool`` of bytes between
    a float convolution and an int8 one takes 2.9 ms, that of floats 0.1. Twice the number, rounded in steps twice as
    large, is the same to the bit, and is not moved.
    """
    graph = model.graph
    output = next(node.output[0] for node in graph.node if node.name == behind[-1])
    scales = {tensor.name: tensor for tensor in graph.initializer}
    for place, node in enumerate(graph.node):
        if node.op_type == "QuantizeLinear" and node.input[0] == output:
            scale = numpy_helper.to_array(scales[node.input[1]])
            doubled, two = f"{output}_doubled", f"{output}_two"
            graph.initializer.append(numpy_helper.from_array(2 * scale, f"{doubled}_scale"))
            graph.initializer.append(numpy_helper.from_array(np.array(2, scale.dtype), two))
            node.input[0], node.input[1] = doubled, f"{doubled}_scale"
            graph.node.insert(place, helper.make_node("Mul", [output, two], [doubled], name=f"{output}_double"))
            return


def quantised_share(model: onnx.ModelProto) -> dict[str, list[int]]:
    """Kind of operation -> how many of them take int8 in all their operands, and how many there are."""
    dequantised = {node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    share: dict[str, list[int]] = {}
    for node in model.graph.node:
        if node.op_type in (*TRUNK_OPS, *PRODUCTS):
            counts = share.setdefault(node.op_type, [0, 0])
            counts[0] += dequantised.issuperset(node.input[:2])
            counts[1] += 1
    return share

"""TensorRT: one typed ONNX with explicit Q/DQ that TensorRT 10 and 11 both take, and how the device shall build it.

TensorRT 11 has neither flags for float16 and int8 nor a calibrator: all precision lies in the graph. Engines are not
portable, so none is made here: the device builds its own and proves it on the golden data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from vizecg.spec import UsageError
from vizecg.spec.install import pip_install
from vizecg.spec.onnx_session import onnx_logits, onnx_session
from vizecg.spec.processor import read_processor
from vizecg_export import rtx
from vizecg_export.job import Job, Made
from vizecg_export.recipes.half import FLOAT32_OPS, to_half
from vizecg_export.recipes.onnx import export_float
from vizecg_export.recipes.tensorrt.places import CALIBRATORS, Kind, calibrate, choose_places, load_float
from vizecg_export.recipes.tensorrt.qdq import insert_qdq
from vizecg_export.recipes.tensorrt.rules import check_rules, placement
from vizecg_export.targets import OFFERS, Precision, Target

WORKSPACE_MIB = 512
OPTIMIZATION_LEVEL = 3
TIMING_ITERATIONS = 4
"""Of one tactic, averaged: a Jetson's clocks move."""
WRONG_FOR_HALF = "WeightBiasQuantization"
"""ONNX Runtime 1.31's rewriting of biases, which takes 20 dB off a graph with float16 scales: off in the stand-in."""


class TensorRTRecipe:
    """Float network -> ``model_trt_<precision>.onnx`` and the settings of the device's build.

    Raises (``make``):
        UsageError: int8 without images, an unknown calibrator, or quantisation-aware training.
        ParityError: TensorRT-RTX, where it is installed, refuses the graph.
    """

    target = Target.TENSORRT
    precisions = OFFERS[target].precisions
    calibrators = OFFERS[target].calibrators
    machines = OFFERS[target].machines

    def make(self, job: Job) -> Made:
        """Write the file; check it by its rules and, where it is installed, by TensorRT-RTX."""
        if job.precision is Precision.INT8 and job.images is None:
            raise UsageError("int8 for TensorRT needs calibration sheets")
        if job.calibrator is not None and job.calibrator not in CALIBRATORS:
            raise UsageError(f"calibrator {job.calibrator!r} is none of {', '.join(CALIBRATORS)}")
        if job.qat_epochs:
            raise UsageError("quantisation-aware training is not offered for TensorRT")
        name = f"model_trt_{job.precision.value}.onnx"
        target = job.folder / name
        export_float(job.network, target, input_shape=job.input_shape)
        model = load_float(target)
        if job.precision is not Precision.FP32:
            floating, model = model, to_half(model)
            if job.precision is Precision.INT8:
                model = _quantise(floating, model, job)
        check_rules(model)
        onnx.save(model, str(target))
        stand_in = StandIn(model=target)
        details = {
            "typed": True,
            "float32_ops": list(FLOAT32_OPS) if job.precision is not Precision.FP32 else "all",
            "placement": placement(model),
            "build": build_settings(job.input_shape),
            "parser": _parser(target),
        }
        return Made(file=name, run=stand_in, runtime=stand_in.runtime, details=details)


def _quantise(floating: onnx.ModelProto, half: onnx.ModelProto, job: Job) -> onnx.ModelProto:
    assert job.images is not None
    places = choose_places(floating, job.scope)
    tensors = sorted({place.tensor for place in places if place.kind is Kind.ACTIVATION})
    ranges = calibrate(floating, tensors, job.images, job.calibrator or CALIBRATORS[0])
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in floating.graph.initializer}
    return insert_qdq(half, places, ranges, weights)


def build_settings(input_shape: tuple[int, int, int, int]) -> dict[str, Any]:
    """What the device's builder is told, the same for every TensorRT; ``input_shape`` is (1, 1, H, W)."""
    sheet = list(input_shape[1:])
    least, usual, most = rtx.BATCHES
    return {
        "profile": {"min": [least, *sheet], "opt": [usual, *sheet], "max": [most, *sheet]},
        "workspace_mib": WORKSPACE_MIB,
        "optimization_level": OPTIMIZATION_LEVEL,
        "timing_iterations": TIMING_ITERATIONS,
        "timing_cache": "kept beside the engines, one for each GPU and TensorRT",
        "strongly_typed": True,
        "precision_constraints": "none: the types of the graph",
        # TF32 would move float32 logits by thousandths, which is more than float32 parity allows.
        "tf32": False,
        "generations": "vizecg_edge.engine.generations",
    }


def _parser(model: Path) -> str:
    """What TensorRT-RTX says of the file, or how to have it asked."""
    if not rtx.available():
        return f"not checked: {pip_install(rtx.EXTRA)}"
    return rtx.check_graph(model).to_text()


class StandIn:
    """The file in ONNX Runtime on this CPU: what its Q/DQ and its weights do to the logits, without an engine.

    It computes float16 graphs with float16 weights and, for the most part, float32 sums.
    """

    def __init__(self, *, model: Path) -> None:
        # ONNX Runtime's 8-bit kernels saturate there with weights of 8 bits; its plain Q/DQ nodes do not.
        as_written = not read_processor().adds_int8_right
        self._session = onnx_session(model, as_written=as_written, without=[] if as_written else [WRONG_FOR_HALF])
        how = "unoptimised" if as_written else "optimised"
        version = onnxruntime.__version__
        self.runtime = f"onnxruntime {version} (CPU stand-in, {how}; the device checks its own engine)"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Preprocessed sheets float32 (n, 1, H, W) -> logits float32 (n, labels), one sheet at a time."""
        return onnx_logits(self._session, images)

"""ONNX Runtime: float export and int8 Q/DQ by onnxruntime's own quantiser."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from vizecg.models import ImageOnly
from vizecg.spec.manifest import MODEL_INPUT, MODEL_OUTPUT

OPSET = 20
CALIBRATION_METHOD = "minmax"


def export_float(network: ImageOnly, target: Path, *, input_shape: tuple[int, int, int, int]) -> None:
    """Write the float32 ONNX model: input ``image`` (n, 1, H, W) with a free n, output ``logits`` (n, 6)."""
    # The exporter specialises a batch of one, so the example holds two.
    example = torch.zeros(2, *input_shape[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
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
    model = onnx.load(str(target))
    # Stack traces of the exporting machine would otherwise travel in the file.
    for node in model.graph.node:
        del node.metadata_props[:]
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


class _Batches(CalibrationDataReader):
    def __init__(self, images: np.ndarray) -> None:
        self._images: Iterator[np.ndarray] = iter(images)

    def get_next(self) -> dict[str, np.ndarray] | None:
        image = next(self._images, None)
        return None if image is None else {MODEL_INPUT: image[None]}


def quantise(source: Path, target: Path, *, images: np.ndarray) -> None:
    """Post-training static quantisation of the trunk to int8 Q/DQ; attention and head stay float.

    Weights per channel with 7 bits (``reduce_range``): on x86 without VNNI, ONNX Runtime's 8-bit kernels add pairs
    of products in 16 bits and saturate with 8-bit weights.

    Args:
        source: the float model.
        target: where the quantised model goes.
        images: float32 (n, 1, H, W), preprocessed calibration sheets.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        level = logging.getLogger().level
        logging.getLogger().setLevel(logging.ERROR)
        try:
            quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
            quantize_static(
                str(prepared),
                str(target),
                _Batches(images),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=["Conv", "MaxPool", "Add"],
                nodes_to_exclude=_after_the_trunk(prepared),
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
                activation_type=QuantType.QUInt8,
                calibrate_method=CalibrationMethod.MinMax,
            )
        finally:
            logging.getLogger().setLevel(level)


def _after_the_trunk(model: Path) -> list[str]:
    """Additions behind the last convolution: of positions, attention and head.

    Their sums have rare large values, for which the one scale of a tensor of 8 bits is too coarse: quantising them
    too more than doubles the largest difference from the float network and makes nothing faster that counts.
    """
    nodes = list(onnx.load(str(model), load_external_data=False).graph.node)
    last = max(place for place, node in enumerate(nodes) if node.op_type == "Conv")
    return [node.name for node in nodes[last + 1 :] if node.op_type == "Add"]

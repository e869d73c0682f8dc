"""What the tests of the exporter share: small networks, requests, and recipes that are broken on purpose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch

from vizecg.data.signal import SignalSpec
from vizecg.models import VizECGNetConfig
from vizecg.spec.onnx_session import onnx_logits, onnx_session
from vizecg.spec.preprocess import PreprocessSpec
from vizecg.train.config import TrainConfig
from vizecg.train.module import TrainingModule
from vizecg_export.job import Job, Made
from vizecg_export.recipes.onnx import OnnxRecipe
from vizecg_export.request import ExportRequest
from vizecg_export.targets import Precision, Target

INPUT = PreprocessSpec(height=96, width=192)


def untrained_checkpoint(path: Path) -> Path:
    """What it answers is nonsense, but every copy must answer the same."""
    network = VizECGNetConfig(
        input_height=96, input_width=192, image_widths=(8, 8, 16, 16), signal_widths=(8, 8, 16, 16), width=16, heads=2
    )
    config = TrainConfig(model=network.to_dict(), preprocess=INPUT.to_dict(), signal=SignalSpec().to_dict())
    torch.manual_seed(1)
    module = TrainingModule(config=config.model_dump(mode="json"))
    torch.save({"hyper_parameters": dict(module.hparams), "state_dict": module.state_dict()}, path)
    return path


def request(checkpoint: Path, out: Path, **changes: object) -> ExportRequest:
    """fp32 for ONNX unless ``changes`` say otherwise, uncalibrated where nothing is there to fit it on; nothing is
    written but beside ``out``."""
    arguments: dict[str, object] = {
        "checkpoint": checkpoint, "targets": (Target.ONNX,), "precision": Precision.FP32, "out": out,
        "name": "t", "cache": out.parent / "cache", "workers": 1, "allow_few": True,
        "uncalibrated": "evaluation" not in changes,
    }  # fmt: skip
    return ExportRequest(**{**arguments, **changes})  # type: ignore[arg-type]


def quiet(text: str) -> None:
    """Progress is not shown in tests."""


class Broken(OnnxRecipe):
    """Makes the right file and then changes it, or is given wrong calibration sheets."""

    def __init__(
        self,
        *,
        change: Callable[[onnx.ModelProto], None] | None = None,
        images: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        self._change, self._images = change, images

    def make(self, job: Job) -> Made:
        if self._images is not None and job.images is not None:
            job = Job(**{**vars(job), "images": self._images(job.images)})
        made = super().make(job)
        if self._change is None:
            return made
        path = job.folder / made.file
        model = onnx.load(str(path))
        self._change(model)
        onnx.save(model, str(path))
        session = onnx_session(path)
        return Made(file=made.file, runtime=made.runtime, run=lambda images: onnx_logits(session, images))


def wrong_normalisation(model: onnx.ModelProto) -> None:
    """The graph normalises its input, which the caller has normalised already."""
    _insert_first(model, "Mul", 1 / 0.229)


def permuted_labels(model: onnx.ModelProto) -> None:
    """AF and ST change places, as in the files of CODE-15% and CODE-test."""
    order = onnx.numpy_helper.from_array(np.array([0, 1, 2, 3, 5, 4]), "order")
    model.graph.initializer.append(order)
    last = next(node for node in model.graph.node if "logits" in node.output)
    last.output[0] = "unpermuted"
    model.graph.node.append(onnx.helper.make_node("Gather", ["unpermuted", "order"], ["logits"], axis=1))


def bad_scale(model: onnx.ModelProto) -> None:
    """One layer's activations are dequantised by four times their scale."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    quantised = {node.output[0] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    activations = [
        node for node in model.graph.node if node.op_type == "DequantizeLinear" and node.input[0] in quantised
    ]
    node = activations[len(activations) // 2]
    scale = onnx.numpy_helper.to_array(constants[node.input[1]]) * np.float32(4)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(scale), "bad_scale"))
    node.input[1] = "bad_scale"


def noise(images: np.ndarray) -> np.ndarray:
    """Sheets without an ECG."""
    return np.random.default_rng(0).normal(size=images.shape).astype(np.float32) * np.float32(0.05)


def _insert_first(model: onnx.ModelProto, operation: str, value: float) -> None:
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(value, np.float32), "wrong"))
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name == "image":
                node.input[place] = "changed_image"
    model.graph.node.insert(0, onnx.helper.make_node(operation, ["image", "wrong"], ["changed_image"]))

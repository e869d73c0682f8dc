"""What the tests of the exporter share: small networks, requests, and recipes that are broken on purpose."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from types import NoneType

import numpy as np
import onnx
import pytest
import torch

from made_once import made_once
from vizecg.data.signal import SignalSpec
from vizecg.models import ImageOnly, VizECGNetConfig
from vizecg.spec.onnx_session import onnx_logits, onnx_session
from vizecg.spec.preprocess import PreprocessSpec
from vizecg.train.config import TrainConfig
from vizecg.train.module import TrainingModule
from vizecg_export import recipes
from vizecg_export.job import Job, Made
from vizecg_export.recipes.onnx import OnnxRecipe
from vizecg_export.request import ExportRequest
from vizecg_export.targets import Precision, Target

INPUT = PreprocessSpec(height=96, width=192)
SETTING = (bool, int, float, str, tuple, Enum, NoneType)


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


@contextmanager
def exported_once(factory: pytest.TempPathFactory) -> Iterator[None]:
    """Within the block, a float graph of the same network is exported to ONNX once in a run, for all workers.

    torch takes seconds for it, and most exports of the tests are of the same few networks. Commands in processes of
    their own export for themselves.
    """
    whole = recipes.onnx._export

    def export(network: ImageOnly, target: Path, *, input_shape: tuple[int, int, int, int]) -> None:
        def make(folder: Path) -> None:
            whole(network, folder / "float.onnx", input_shape=input_shape)

        made = made_once(factory, f"float-{_identity(network, input_shape)}", make)
        target.write_bytes((made / "float.onnx").read_bytes())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipes.onnx, "_export", export)
        yield


def _identity(network: torch.nn.Module, input_shape: tuple[int, ...]) -> str:
    """Of modules, their settings, weights and buffers."""
    digest = hashlib.sha256(repr((network, input_shape)).encode())
    for name, module in network.named_modules():
        settings = {key: value for key, value in vars(module).items() if isinstance(value, SETTING)}
        digest.update(repr((name, type(module), sorted(settings.items()))).encode())
    for name, tensor in (*network.named_parameters(), *network.named_buffers()):
        digest.update(repr((name, tensor.dtype, tensor.shape)).encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]

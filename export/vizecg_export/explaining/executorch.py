"""Tensors of the graph that an ExecuTorch program was lowered from; inside the delegate there are none to see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.fx import GraphModule, Interpreter, Node

from vizecg.models import ImageOnly
from vizecg.spec import BundleError
from vizecg.spec.manifest import Artefact, Bundle
from vizecg.spec.preprocess import normalise
from vizecg_export.calibration import stored_inks
from vizecg_export.explaining.compare import GapMeter, TensorGap
from vizecg_export.job import Job
from vizecg_export.quant.graphs import quantised_graph
from vizecg_export.quant.pt2e import float_graph
from vizecg_export.running import open_artefact
from vizecg_export.targets import Precision, Scope

_SHAPING = ("quantize", "dequantize", "permute", "transpose", "view", "reshape", "flatten", "unsqueeze", "t.default")


def executorch_gaps(
    bundle: Bundle, artefact: Artefact, network: ImageOnly, images: np.ndarray, *, cache: Path
) -> list[TensorGap]:
    """Compare every tensor of the quantised graph, and at the end the program's own answers.

    Args:
        bundle, artefact: what to explain.
        network: the float network it was made from.
        images: float32 (n, 1, H, W).
        cache: of the exporter, for the calibration sheets.

    Raises:
        BundleError: the calibration sheets are not in the cache.
    """
    floating = float_graph(network, bundle.manifest.preprocess.input_shape)
    meters: dict[str, GapMeter] = {}
    if artefact.precision == Precision.INT8.value:
        quantised = _again(bundle, artefact, network, cache)
        for image in images:
            left, right = _tensors(floating, image), _tensors(quantised, image)
            for name, (operation, tensor) in left.items():
                if name in right and right[name][1].shape == tensor.shape:
                    meter = meters.setdefault(name, GapMeter(name=name, operation=operation))
                    meter.add(tensor.numpy(), right[name][1].numpy())
    program = GapMeter(name=artefact.file, operation="the program itself")
    run = open_artefact(bundle, artefact)
    with torch.no_grad():
        for image in images:
            program.add(floating(torch.from_numpy(image[None])).numpy(), run(image[None]))
    return [*(meter.gap() for meter in meters.values()), program.gap()]


def _again(bundle: Bundle, artefact: Artefact, network: ImageOnly, cache: Path) -> GraphModule:
    """The quantised graph, made again from the same calibration sheets."""
    inks = stored_inks(cache, bundle.manifest.calibration["key"])
    if inks is None:
        raise BundleError(
            f"{cache} no longer holds the calibration sheets of {bundle.path}: export it again, or name their --cache"
        )
    return quantised_graph(
        Job(
            network=network,
            input_shape=bundle.manifest.preprocess.input_shape,
            folder=cache,
            precision=Precision.INT8,
            images=normalise(inks, bundle.manifest.preprocess),
            scope=Scope(artefact.scope),
            calibrator=artefact.details.get("calibrator"),
            qat_epochs=artefact.details.get("quantiser", {}).get("qat_epochs", 0),
            seed=bundle.manifest.calibration["seed"],
        )
    )


def _tensors(graph: GraphModule, image: np.ndarray) -> dict[str, tuple[str, torch.Tensor]]:
    """Name of a computing node -> its operator and its value; rounded to int8 where that is what is used of it."""
    recorder = _Recorder(graph)
    with torch.no_grad():
        recorder.run(torch.from_numpy(image[None]))
    return recorder.found


class _Recorder(Interpreter):
    def __init__(self, graph: GraphModule) -> None:
        super().__init__(graph)
        self.found: dict[str, tuple[str, torch.Tensor]] = {}

    def run_node(self, n: Node) -> Any:
        value = super().run_node(n)
        if n.op == "call_function" and isinstance(value, torch.Tensor) and value.is_floating_point():
            operation = str(n.target).removeprefix("aten.")
            if not any(shaping in operation for shaping in _SHAPING):
                self.found[n.name] = (operation, value)
            elif "dequantize" in operation:
                source = _rounded(n)
                if source in self.found:
                    self.found[source] = (self.found[source][0], value)
        return value


def _rounded(node: Node) -> str:
    """The node whose value a pair of quantise and dequantise rounds."""
    quantise = node.args[0]
    assert isinstance(quantise, Node)
    source = quantise.args[0] if quantise.args else None
    return source.name if isinstance(source, Node) else ""

"""Post-training quantisation by PT2E, as XNNPACK computes it: int8 weights per channel, int8 activations.

Graphs are ``torch.fx.GraphModule`` of aten operators that take an image float32 (1, 1, H, W) and give logits (1, 6).
In all of them batch normalisation is folded into the convolutions and a node keeps its name from the float graph to
the quantised one, so that two graphs can be compared tensor by tensor.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from vizecg.models import ImageOnly
from vizecg.spec import UsageError
from vizecg_export.job import Job
from vizecg_export.quiet import quiet
from vizecg_export.targets import Scope

with quiet():
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
        XNNPACKQuantizer,
        get_symmetric_quantization_config,
    )
    from torchao.quantization.pt2e import (
        FakeQuantize,
        HistogramObserver,
        MinMaxObserver,
        MovingAverageMinMaxObserver,
        MovingAveragePerChannelMinMaxObserver,
    )
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    from torchao.quantization.pt2e.quantizer import QuantizationConfig, Quantizer

CALIBRATORS = {"histogram": HistogramObserver, "minmax": MinMaxObserver}
"""Name -> how the range of an activation is chosen: that of the least squared error, or all that was seen."""

TRUNK: tuple[str, ...] = ("network.image_encoder.trunk", "network.image_encoder.project")
STREAM = "network.image_stream"
"""Names of modules in ``ImageOnly``."""

_EPS = 2**-12
"""The least scale, XNNPACK's own: below it, its fixed-point multipliers lose their precision."""


class _Nothing(Quantizer):
    """Annotates nothing: what is left of PT2E is the folding of batch normalisation."""

    def annotate(self, model: GraphModule) -> GraphModule:
        return model

    def validate(self, model: GraphModule) -> None:
        pass


def float_graph(network: ImageOnly, input_shape: tuple[int, int, int, int]) -> GraphModule:
    """The float network as a graph, batch normalisation folded; ``network`` stays as it is."""
    with quiet(), torch.no_grad():
        # Of a copy: an exported module shares its parameters with its source, and training changes them.
        exported = torch.export.export(copy.deepcopy(network), (torch.zeros(input_shape),)).module()
        return convert_pt2e(prepare_pt2e(exported, _Nothing()))


def quantiser(scope: Scope, *, calibrator: str | None = None, training: bool = False) -> XNNPACKQuantizer:
    """What becomes int8.

    In the trunk and its projection, whatever XNNPACK takes, with fixed ranges of activations. Behind them, with
    ``full``, the linear layers: their weights are int8 and each token finds the range of its activations as it comes
    (fixed ranges cost 7 dB of SQNR there and save 0.6 % of the file); with ``trunk``, nothing.

    Args:
        scope: see above.
        calibrator: a key of ``CALIBRATORS``; None for the first.
        training: fake quantisation in place of observers.

    Raises:
        UsageError: an unknown calibrator.
    """
    calibrator = calibrator or next(iter(CALIBRATORS))
    if calibrator not in CALIBRATORS:
        raise UsageError(f"calibrator {calibrator!r} is not one of {', '.join(CALIBRATORS)}")
    fixed = get_symmetric_quantization_config(is_per_channel=True, is_qat=training)
    activation, weight = fixed.input_activation, fixed.weight
    if training:
        # Not the fused kernels of XNNPACK's own configuration: they choose scales 0.4 % larger than conversion does,
        # and weights would learn to round on another grid. A constant of 1: ranges follow the weights at once.
        follows = FakeQuantize.with_args(
            observer=MovingAveragePerChannelMinMaxObserver, averaging_constant=1.0, eps=_EPS
        )
        fake = FakeQuantize.with_args(observer=MovingAverageMinMaxObserver, eps=_EPS)
        weight = replace(weight, observer_or_fake_quant_ctr=follows)
        activation = replace(activation, observer_or_fake_quant_ctr=fake)
    else:
        observer = CALIBRATORS[calibrator].with_args(eps=_EPS)
        activation = replace(activation, observer_or_fake_quant_ctr=observer)
    made = XNNPACKQuantizer()
    made.set_global(QuantizationConfig(activation, activation, weight, fixed.bias, training))
    modules = TRUNK
    if scope is Scope.FULL:
        modules = (*TRUNK, STREAM)
        made.set_module_name(STREAM, get_symmetric_quantization_config(is_per_channel=True, is_dynamic=True))
    # The sums of positions lie between trunk and stream: rare large values, too coarse for one scale of 8 bits.
    made.set_filter_function(partial(_within, modules=frozenset(modules)))
    return made


def _within(node: Node, *, modules: frozenset[str]) -> bool:
    """Whether a node is a weight, which comes from no module, or an operator of one of the modules."""
    paths = {path for path, _ in node.meta.get("nn_module_stack", {}).values()}
    return node.op != "call_function" or not paths.isdisjoint(modules)


def calibration_images(job: Job) -> np.ndarray:
    """``job.images``.

    Raises:
        UsageError: there are none, or they do not fit the network.
    """
    if job.images is None or not len(job.images):
        raise UsageError("int8 needs calibration images: quantisation without calibration data is guesswork")
    if job.images.shape[1:] != job.input_shape[1:]:
        raise UsageError(f"calibration images of shape {job.images.shape[1:]}, expected {job.input_shape[1:]}")
    return job.images


def each(images: np.ndarray) -> list[Tensor]:
    """float32 (n, 1, H, W) -> n tensors (1, 1, H, W)."""
    return [torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32)).unsqueeze(0) for image in images]


def calibrated(job: Job) -> GraphModule:
    """The float graph with observers that have seen ``job.images``."""
    with quiet(), torch.no_grad():
        graph = float_graph(job.network, job.input_shape)
        graph = prepare_pt2e(graph, quantiser(job.scope, calibrator=job.calibrator))
        for image in each(calibration_images(job)):
            graph(image)
        return graph


def convert(graph: GraphModule) -> GraphModule:
    """Observers or fake quantisation -> quantise and dequantise nodes; weights become int8."""
    with quiet(), torch.no_grad():
        return convert_pt2e(graph)

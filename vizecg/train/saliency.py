"""Where a network looks, and where a cardiologist would: saliency of both streams, and the leads of each diagnosis.

Three methods for pictures. Grad-CAM (Selvaraju et al., ICCV 2017) weights each channel of a feature map by the spatial
mean of its gradient. That mean forgets where the gradient was, and a lead is known by its place alone, so HiResCAM
(Draelos and Carin, arXiv 2011.08891) is offered beside it: it multiplies gradient and feature place by place. Both keep
only what speaks for the class. The third goes down to single pixels: the absolute value of gradient times input, from
an empty sheet on, averaged along the straight path between both (integrated gradients, Sundararajan et al., ICML 2017).

Of signals only the third exists: with ``LeadMixing.JOINT`` no feature map has an axis of leads, and with ``SHARED`` the
mean over the leads comes after the last one. Its reference is the flat line, as the empty sheet is that of a picture.
To compare the streams with each other use it for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor
from torch.nn import functional as F

from vizecg.models import VizECGNet
from vizecg.models.resnet import RESNET18_WIDTHS
from vizecg.spec import CODE6

STAGES = len(RESNET18_WIDTHS)
PATH_STEPS = 8


class SaliencyMethod(str, Enum):
    """How a picture's map is made; see the module."""

    GRADCAM = "gradcam"
    HIRESCAM = "hirescam"
    GRADIENT = "gradient"


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """The leads in which a diagnosis is read, and whether a rhythm strip serves as well."""

    leads: tuple[str, ...]
    rhythm_strip: bool
    source: str

    @classmethod
    def of(cls, label: str, *, rhythm_strip: bool, source: str) -> Expectation:
        """The leads are those of the label set."""
        leads = CODE6.labels[CODE6.names.index(label)].leads
        return cls(leads=leads, rhythm_strip=rhythm_strip, source=source)


_BUNDLE_BRANCH = "AHA/ACCF/HRS recommendations III (Surawicz et al. 2009, Circulation 119:e235)"
_MONITORED = "; II and V1 are the leads watched for rhythm (Drew et al. 2004, Circulation 110:2721)"
EXPECTED: Mapping[str, Expectation] = {
    "1dAVb": Expectation.of(
        "1dAVb",
        rhythm_strip=True,
        source="PR over 200 ms: ACC/AHA/HRS guideline (Kusumoto et al. 2019, Circulation 140:e382)" + _MONITORED,
    ),
    "RBBB": Expectation.of(
        "RBBB",
        rhythm_strip=False,
        source=f"rsR' in V1 or V2, wide S in I and V6: {_BUNDLE_BRANCH}",
    ),
    "LBBB": Expectation.of(
        "LBBB",
        rhythm_strip=False,
        source=f"broad notched R in I, aVL, V5 and V6, rS or QS in V1 and V2: {_BUNDLE_BRANCH}",
    ),
    "SB": Expectation.of(
        "SB",
        rhythm_strip=True,
        source="rate and sinus P waves: ACC/AHA/HRS guideline (Kusumoto et al. 2019, Circulation 140:e382)"
        + _MONITORED,
    ),
    "AF": Expectation.of(
        "AF",
        rhythm_strip=True,
        source="irregular RR without P waves: ESC guideline (Hindricks et al. 2021, Eur Heart J 42:373)" + _MONITORED,
    ),
    "ST": Expectation.of(
        "ST",
        rhythm_strip=True,
        source="rate over 100 and sinus P waves: ACC/AHA/HRS guideline (Page et al. 2016, Circulation 133:e506)"
        + _MONITORED,
    ),
}
"""Label -> where a cardiologist reads it. A choice: other leads show the same rates and much of the same QRS."""


def image_saliency(
    network: VizECGNet,
    image: Tensor,
    column: int,
    *,
    method: SaliencyMethod | str = SaliencyMethod.GRADCAM,
    stage: int = STAGES,
    steps: int = PATH_STEPS,
) -> Tensor:
    """Where the image stream, alone as it is deployed, looks for one class.

    Args:
        network: in evaluation mode, with an image stream.
        image: (B, 1, H, W), preprocessed.
        column: of the class in label order.
        method: see the module.
        stage: 1 to 4, whose feature map ``gradcam`` and ``hirescam`` take: 4 is the last, before the projection, and
            an earlier one is finer and knows less.
        steps: of the path of ``gradient``; 1 is plain gradient times input.

    Returns:
        (B, H, W), not negative, each map of sum 1; a map that is zero everywhere stays zero.

    Raises:
        ValueError: no image stream, not in evaluation mode, or a number out of range.
    """
    method = SaliencyMethod(method)
    _check(network, column=column, steps=steps, has_stream=network.modality.has_image)
    if method is SaliencyMethod.GRADIENT:
        # A sheet has paper somewhere, and nothing is brighter than paper.
        paper = image.amin(dim=(1, 2, 3), keepdim=True).expand_as(image)
        along = _along_path(lambda x: network.forward_image(x)[:, column], image, paper, steps=steps)
        return _of_sum_one(along[:, 0])
    if not 1 <= stage <= STAGES:
        raise ValueError(f"stage {stage} is not one of 1 to {STAGES}")
    features, gradient = _features_and_gradient(network, image, column, stage=stage)
    if method is SaliencyMethod.GRADCAM:
        gradient = gradient.mean(dim=(2, 3), keepdim=True)
    coarse = (gradient * features).sum(dim=1).relu()
    down, across = network.image_encoder.trunk.strides(stage)
    return _of_sum_one(_placed(coarse, strides=(down, across), size=(image.shape[2], image.shape[3])))


def signal_saliency(network: VizECGNet, signal: Tensor, column: int, *, steps: int = PATH_STEPS) -> Tensor:
    """Where the signal stream alone looks for one class, by absolute integrated gradients from the flat line on.

    Args:
        network: in evaluation mode, with a signal stream.
        signal: (B, 12, T) millivolts.
        column: of the class in label order.
        steps: of the path; 1 is plain gradient times input.

    Returns:
        (B, 12, T), not negative, each of sum 1; one that is zero everywhere stays zero.

    Raises:
        ValueError: no signal stream, not in evaluation mode, or a number out of range.
    """
    _check(network, column=column, steps=steps, has_stream=network.modality.has_signal)
    flat = torch.zeros_like(signal)
    return _of_sum_one(_along_path(lambda x: network.forward_signal(x)[:, column], signal, flat, steps=steps))


def _check(network: VizECGNet, *, column: int, steps: int, has_stream: bool) -> None:
    if not has_stream:
        raise ValueError(f"a network of {network.modality.value} has no such stream")
    if network.training:
        # Batch statistics would make every map depend on its neighbours in the batch.
        raise ValueError("the network must be in evaluation mode")
    if not 0 <= column < network.labels or steps < 1:
        raise ValueError(
            f"expected a column of 0 to {network.labels - 1} and a positive number of steps, got {column}, {steps}"
        )


def _features_and_gradient(network: VizECGNet, image: Tensor, column: int, *, stage: int) -> tuple[Tensor, Tensor]:
    """A stage's feature map (B, C, h, w), and the gradient of the class's logit by it."""
    kept: list[Tensor] = []
    trunk = network.image_encoder.trunk
    block = trunk.stages[trunk.last_block(stage)]
    hook = block.register_forward_hook(lambda module, inputs, output: kept.append(output))
    try:
        with torch.enable_grad():
            # The picture asks for a gradient so that a network of frozen weights has one as well.
            logits = network.forward_image(image.detach().requires_grad_())
            (gradient,) = torch.autograd.grad(logits[:, column].sum(), kept[0])
    finally:
        hook.remove()
    return kept[0].detach(), gradient


def _placed(coarse: Tensor, *, strides: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """(B, h, w) -> (B, H, W), bilinear, each cell where its receptive field has its middle.

    That of cell (j, i) is the pixel (j, i) times the strides, as every layer pads evenly. Stretching the map over the
    picture, as is usual, would move all of it by half a cell to the right and down: a quarter of a lead's row.
    """
    rows, columns = coarse.shape[1:]
    whole = ((rows - 1) * strides[0] + 1, (columns - 1) * strides[1] + 1)
    fine = F.interpolate(coarse[:, None], size=whole, mode="bilinear", align_corners=True)
    below, right = max(0, size[0] - whole[0]), max(0, size[1] - whole[1])
    return F.pad(fine, (0, right, 0, below), mode="replicate")[:, 0, : size[0], : size[1]]


def _along_path(score: Callable[[Tensor], Tensor], inputs: Tensor, reference: Tensor, *, steps: int) -> Tensor:
    """Absolute integrated gradients, of the shape of ``inputs``; the sum runs over the right ends of the steps."""
    span = (inputs - reference).detach()
    total = torch.zeros_like(span)
    for step in range(1, steps + 1):
        point = (reference + span * (step / steps)).detach().requires_grad_()
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(score(point).sum(), point)
        total += gradient
    return (span * total / steps).abs()


def _of_sum_one(maps: Tensor) -> Tensor:
    sums = maps.sum(dim=(1, 2), keepdim=True)
    return torch.where(sums > 0, maps / sums.clamp_min(torch.finfo(maps.dtype).tiny), torch.zeros_like(maps))

"""The three-term loss of VizECGNet (equations 6 and 7 of arXiv 2408.02888), and its options."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from vizecg.models import Logits
from vizecg.models.trace_fold import UNIT_MM, TraceFold


class DistillationDirection(str, Enum):
    """Who teaches whom; the paper says from the signal stream into the image stream."""

    SIGNAL_TO_IMAGE = "signal_to_image"
    IMAGE_TO_SIGNAL = "image_to_signal"
    SYMMETRIC = "symmetric"


class LossTerms(NamedTuple):
    """Each a scalar, 0 where the network has no such term; ``total`` is their weighted sum."""

    total: Tensor
    signal: Tensor
    image: Tensor
    distillation: Tensor
    memory: Tensor
    trace: Tensor


def bernoulli_kl(teacher: Tensor, student: Tensor, *, temperature: float = 1.0) -> Tensor:
    """KL(teacher || student) between per-class Bernoulli distributions, mean over the batch: (labels,).

    Args:
        teacher: logits (B, labels); no gradient flows into them.
        student: logits (B, labels).
        temperature: divides both; the result is scaled by its square, so that gradients keep their size.
    """
    teacher, student = teacher.detach() / temperature, student / temperature
    p = teacher.sigmoid()
    kl = p * (F.logsigmoid(teacher) - F.logsigmoid(student))
    kl = kl + (1 - p) * (F.logsigmoid(-teacher) - F.logsigmoid(-student))
    return kl.mean(dim=0) * temperature**2


def distillation_loss(signal: Tensor, image: Tensor, *, direction: DistillationDirection, temperature: float) -> Tensor:
    """Mean over classes of the KL that ``direction`` asks for; a scalar. ``symmetric`` is the mean of both ways."""
    ways = {
        DistillationDirection.SIGNAL_TO_IMAGE: ((signal, image),),
        DistillationDirection.IMAGE_TO_SIGNAL: ((image, signal),),
        DistillationDirection.SYMMETRIC: ((signal, image), (image, signal)),
    }[direction]
    return torch.stack([bernoulli_kl(*way, temperature=temperature).mean() for way in ways]).mean()


def trace_loss(heights: Tensor, truth: Tensor) -> Tensor:
    """Smooth L1 of heights (B, rows, W) in mm where ``truth`` (B, 2, rows, W) of ``vizecg.data.trace_truth`` sees
    traces, their mean; 0 where it sees none."""
    there = truth[:, 1]
    missed = F.smooth_l1_loss(heights, truth[:, 0], reduction="none") * there
    return missed.sum() / there.sum().clamp(min=1)


def reading_loss(fold: TraceFold, features: Tensor, truth: Tensor) -> Tensor:
    """``trace_loss`` of the traces that are read off the map (B, C, h, w) before a fold, and the cross-entropy of where
    they are seen."""
    heights, seen = (fold.placed(part, truth.shape[3]).float() for part in fold.reading(features))
    return trace_loss(heights * UNIT_MM, truth) + F.binary_cross_entropy_with_logits(seen, truth[:, 1])


def training_loss(
    logits: Logits,
    labels: Tensor,
    *,
    distillation_weight: float = 1.0,
    temperature: float = 1.0,
    direction: DistillationDirection = DistillationDirection.SIGNAL_TO_IMAGE,
    memory_weight: float = 1.0,
    positive_weight: Tensor | None = None,
    focal_gamma: float = 0.0,
    offset: Tensor | None = None,
    sample_weight: Tensor | None = None,
    trace: Tensor | None = None,
    trace_weight: float = 0.0,
) -> LossTerms:
    """BCE(signal) + BCE(image) + KL(signal -> image), of the streams that there are. The paper fixes all weights at 1.

    Args:
        logits: of the streams, (B, labels) each.
        labels: float (B, labels) of 0 and 1.
        distillation_weight: 0 switches distillation off.
        temperature: of the distillation.
        direction: of the distillation.
        memory_weight: of the gap between CMAM's memory and what it stands in for.
        positive_weight: (labels,), how much more a positive counts than a negative, per class.
        focal_gamma: answers count by (1 - probability of the truth) to this power; 0 counts all alike.
        offset: (labels,), added to the logits where they meet the labels, see ``vizecg.train.prior``.
        trace: of ``trace_loss``.
        trace_weight: of it.
        sample_weight: (B,), how much each sample counts where its logits meet its labels.
    """

    def classification(stream: Tensor | None) -> Tensor:
        if stream is None:
            return labels.new_zeros(())
        if offset is not None:
            stream = stream + offset
        if not focal_gamma and sample_weight is None:
            return F.binary_cross_entropy_with_logits(stream, labels, pos_weight=positive_weight)
        each = F.binary_cross_entropy_with_logits(stream, labels, pos_weight=positive_weight, reduction="none")
        if focal_gamma:
            missed = torch.where(labels > 0.5, -stream, stream).sigmoid()
            each = each * missed**focal_gamma
        if sample_weight is not None:
            each = each * sample_weight[:, None]
        return each.mean()

    signal, image = classification(logits.signal), classification(logits.image)
    distillation = memory = labels.new_zeros(())
    if distillation_weight and logits.signal is not None and logits.image is not None:
        distillation = distillation_loss(logits.signal, logits.image, direction=direction, temperature=temperature)
    if logits.memory_gap is not None:
        memory = logits.memory_gap
    total = signal + image + distillation_weight * distillation + memory_weight * memory
    return LossTerms(
        total=total if trace is None else total + trace_weight * trace,
        signal=signal,
        image=image,
        distillation=distillation,
        memory=memory,
        trace=labels.new_zeros(()) if trace is None else trace,
    )

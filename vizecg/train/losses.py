"""The three-term loss of VizECGNet (equations 6 and 7 of arXiv 2408.02888)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from vizecg.models import Logits


class LossTerms(NamedTuple):
    """Each a scalar; ``total`` is their weighted sum."""

    total: Tensor
    signal: Tensor
    image: Tensor
    distillation: Tensor


def bernoulli_kl(teacher: Tensor, student: Tensor, *, temperature: float = 1.0) -> Tensor:
    """KL(teacher || student) between per-class Bernoulli distributions, mean over batch and classes.

    Args:
        teacher: logits (B, 6); no gradient flows into them.
        student: logits (B, 6).
        temperature: divides both; the result is scaled by its square, so that gradients keep their size.
    """
    teacher, student = teacher.detach() / temperature, student / temperature
    p = teacher.sigmoid()
    kl = p * (F.logsigmoid(teacher) - F.logsigmoid(student))
    kl = kl + (1 - p) * (F.logsigmoid(-teacher) - F.logsigmoid(-student))
    return kl.mean() * temperature**2


def vizecgnet_loss(
    logits: Logits, labels: Tensor, *, distillation_weight: float = 1.0, temperature: float = 1.0
) -> LossTerms:
    """BCE(signal) + BCE(image) + KL(signal -> image). The paper fixes all weights at 1.

    Args:
        logits: of both streams, (B, 6) each.
        labels: float (B, 6) of 0 and 1.
        distillation_weight: 0 switches distillation off.
        temperature: of the distillation.
    """
    signal = F.binary_cross_entropy_with_logits(logits.signal, labels)
    image = F.binary_cross_entropy_with_logits(logits.image, labels)
    if distillation_weight:
        distillation = bernoulli_kl(logits.signal, logits.image, temperature=temperature)
    else:
        distillation = torch.zeros_like(image)
    return LossTerms(
        total=signal + image + distillation_weight * distillation,
        signal=signal,
        image=image,
        distillation=distillation,
    )

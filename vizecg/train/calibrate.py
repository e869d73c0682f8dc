"""Calibration and thresholds of one artefact, from its own logits on validation records."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from vizecg.spec import LABELS, DecisionRule, UsageError
from vizecg.spec.decide import sigmoid

_L2 = 1e-3  # keeps a class that separates perfectly from running to infinite slope


def fit_platt(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Platt's scale and bias of one class by regularised maximum likelihood.

    Args:
        logits: (n,).
        labels: (n,) of 0 and 1, both present.
    """
    x = torch.as_tensor(logits, dtype=torch.float64)
    y = torch.as_tensor(labels, dtype=torch.float64)
    parameters = torch.zeros(2, dtype=torch.float64, requires_grad=True)  # log scale, bias
    optimiser = torch.optim.LBFGS([parameters], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = F.binary_cross_entropy_with_logits(x * parameters[0].exp() + parameters[1], y)
        loss = loss + _L2 * parameters[0] ** 2
        loss.backward()
        return loss

    optimiser.step(closure)
    log_scale, bias = (float(value) for value in parameters.detach())
    return float(np.exp(log_scale)), bias


def best_f1_threshold(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The threshold of highest F1, half-way between the two scores it separates."""
    order = np.argsort(-probabilities, kind="stable")
    scores, hits = probabilities[order], np.cumsum(labels[order])
    f1 = 2 * hits / (np.arange(1, len(scores) + 1) + labels.sum())
    # A threshold cannot separate equal scores.
    f1[:-1][scores[:-1] == scores[1:]] = -1
    best = int(np.argmax(f1))
    below = scores[best + 1] if best + 1 < len(scores) else 0.0
    return float(np.clip((scores[best] + below) / 2, 1e-4, 1 - 1e-4))


def fit_decision_rule(logits: np.ndarray, labels: np.ndarray, *, margin: float = 0.0) -> DecisionRule:
    """Platt calibration and best-F1 thresholds per class.

    Args:
        logits: (n, 6) of the artefact itself.
        labels: (n, 6) of 0 and 1.
        margin: the artefact's numerical error in logits; answers nearer to the threshold are left undecided.

    Raises:
        UsageError: a class has no positive or no negative record.
    """
    scales, biases, thresholds = [], [], []
    for column, name in enumerate(LABELS):
        y = labels[:, column]
        if not 0 < y.sum() < len(y):
            raise UsageError(f"calibration needs records with and without {name}: {int(y.sum())} of {len(y)} have it")
        scale, bias = fit_platt(logits[:, column], y)
        probabilities = sigmoid(logits[:, column] * scale + bias)
        scales.append(scale)
        biases.append(bias)
        thresholds.append(best_f1_threshold(probabilities, y))
    return DecisionRule(scale=tuple(scales), bias=tuple(biases), threshold=tuple(thresholds), margin=margin)

"""Calibration and thresholds from logits: of one artefact on validation records, or cross-fitted on any records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from vizecg.scoring.folds import grouped_folds
from vizecg.spec import LABELS, DecisionRule, UsageError
from vizecg.spec.decide import sigmoid

_L2 = 1e-3  # keeps a class that separates perfectly from running to infinite slope

PerFold = tuple[tuple[float, ...], ...]
"""Per class in label order, one number per fold of that class."""


@dataclass(frozen=True, kw_only=True)
class CrossFit:
    """Calibrated answers, each by fits from other records.

    Attributes:
        probabilities: float64 (n, 6) by Platt's scale and bias.
        tempered: float64 (n, 6) by temperature alone.
        decisions: int64 (n, 6) of 0 and 1: ``probabilities`` against the thresholds of best F1.
        temperatures, thresholds: the fits; a class with few positives has fewer folds.
        folds: int64 (n, 6), which fit of the class answered.
    """

    probabilities: np.ndarray
    tempered: np.ndarray
    decisions: np.ndarray
    temperatures: PerFold
    thresholds: PerFold
    folds: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ClassFit:
    """One class: Platt's scale and bias, the threshold on what they give, and, apart from them, the temperature."""

    scale: float
    bias: float
    threshold: float
    temperature: float


def fit_platt(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Platt's scale and bias of one class by regularised maximum likelihood.

    Args:
        logits: (n,).
        labels: (n,) of 0 and 1, both present.
    """
    return _fit_curve(logits, labels, with_bias=True)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature of one class, ``p = sigmoid(logit / temperature)``: Platt's without bias. Arguments as there."""
    scale, _ = _fit_curve(logits, labels, with_bias=False)
    return 1.0 / scale


def _fit_curve(logits: np.ndarray, labels: np.ndarray, *, with_bias: bool) -> tuple[float, float]:
    x = torch.as_tensor(logits, dtype=torch.float64)
    y = torch.as_tensor(labels, dtype=torch.float64)
    parameters = torch.zeros(2, dtype=torch.float64, requires_grad=True)  # log scale, bias
    free = torch.tensor([1.0, float(with_bias)], dtype=torch.float64)
    optimiser = torch.optim.LBFGS([parameters], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        log_scale, bias = parameters * free
        loss = F.binary_cross_entropy_with_logits(x * log_scale.exp() + bias, y)
        loss = loss + _L2 * log_scale**2
        loss.backward()
        return loss

    optimiser.step(closure)
    log_scale, bias = (float(value) for value in (parameters * free).detach())
    return float(np.exp(log_scale)), bias


def best_f1_threshold(
    probabilities: np.ndarray,
    labels: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    least_hits: Mapping[Any, float] | None = None,
) -> float:
    """The threshold of highest F1, half-way between the two scores it separates.

    Args:
        probabilities: (n,).
        labels: (n,) of 0 and 1.
        groups: (n,), with ``least_hits``: of each group, at least so many of the positives must be found.
    """
    order = np.argsort(-probabilities, kind="stable")
    scores, hits = probabilities[order], np.cumsum(labels[order])
    f1 = 2 * hits / (np.arange(1, len(scores) + 1) + labels.sum())
    # A threshold cannot separate equal scores.
    f1[:-1][scores[:-1] == scores[1:]] = -1
    if groups is not None and least_hits is not None:
        for group, least in least_hits.items():
            # Sums of rounded numbers: a count that should be met exactly is.
            f1[np.cumsum(labels[order] * (groups[order] == group)) < least - 1e-6] = -1
    best = int(np.argmax(f1))
    below = scores[best + 1] if best + 1 < len(scores) else 0.0
    return float(np.clip((scores[best] + below) / 2, 1e-4, 1 - 1e-4))


def fit_class(logits: np.ndarray, labels: np.ndarray, *, name: str) -> ClassFit:
    """Fit one class.

    Args:
        logits, labels: (n,).
        name: of the class, for messages.

    Raises:
        UsageError: no positive or no negative record.
    """
    if not 0 < labels.sum() < len(labels):
        raise UsageError(
            f"calibration needs records with and without {name}: {int(labels.sum())} of {len(labels)} have it"
        )
    scale, bias = fit_platt(logits, labels)
    return ClassFit(
        scale=scale,
        bias=bias,
        threshold=best_f1_threshold(sigmoid(logits * scale + bias), labels),
        temperature=fit_temperature(logits, labels),
    )


def fit_decision_rule(logits: np.ndarray, labels: np.ndarray, *, margin: float = 0.0) -> DecisionRule:
    """Platt calibration and best-F1 thresholds per class.

    Args:
        logits: (n, 6) of the artefact itself.
        labels: (n, 6) of 0 and 1.
        margin: the artefact's numerical error in logits; answers nearer to the threshold are left undecided.

    Raises:
        UsageError: a class has no positive or no negative record.
    """
    fits = [fit_class(logits[:, column], labels[:, column], name=name) for column, name in enumerate(LABELS)]
    return DecisionRule(
        scale=tuple(fit.scale for fit in fits),
        bias=tuple(fit.bias for fit in fits),
        threshold=tuple(fit.threshold for fit in fits),
        margin=margin,
    )


def recall_keeping_rule(
    logits: np.ndarray,
    labels: np.ndarray,
    *,
    decisions: np.ndarray,
    groups: np.ndarray,
    max_drop: float,
    margin: float = 0.0,
) -> DecisionRule:
    """Platt calibration of an artefact, with the thresholds of best F1 among those that keep another's recall.

    The threshold of best F1 of a rare class jumps between equals when scores move a little, and may give up
    sensitivity for precision; what an artefact's users were promised is the network's it was made from.

    Args:
        logits, labels, margin: as ``fit_decision_rule``.
        decisions: (n, 6) of 0 and 1, that network's on the same records.
        groups: (n,), within each of which recall is kept.
        max_drop: of recall, in any class and group.

    Raises:
        UsageError: a class has no positive or no negative record.
    """
    rule = fit_decision_rule(logits, labels, margin=margin)
    scores = rule.probabilities(logits)
    thresholds = []
    for column in range(len(LABELS)):
        truth, found = labels[:, column], decisions[:, column]
        least = {group: ((found - max_drop) * truth)[groups == group].sum() for group in dict.fromkeys(groups.tolist())}
        thresholds.append(best_f1_threshold(scores[:, column], truth, groups=groups, least_hits=least))
    return replace(rule, threshold=tuple(thresholds))


def cross_fit(
    logits: np.ndarray, labels: np.ndarray, groups: Sequence[str] | np.ndarray, *, folds: int = 5, seed: int = 0
) -> CrossFit:
    """Answer every record by what was fitted on the records of other patients.

    Each class is folded by itself, so that its positives are spread evenly (``grouped_folds``).

    Args:
        logits: (n, 6).
        labels: (n, 6) of 0 and 1.
        groups: (n,) the patient of each record; a blank one is alone.
        folds: at most so many; fewer for a class with fewer patients who have it.
        seed: of the folds.

    Raises:
        UsageError: a class has positives of fewer than two patients, or no negatives.
    """
    numbers = np.stack(
        [
            grouped_folds(labels[:, column], groups, folds=folds, seed=seed, name=name)
            for column, name in enumerate(LABELS)
        ],
        axis=1,
    )
    fits = [
        [
            fit_class(logits[fold != number, column], labels[fold != number, column], name=name)
            for number in range(int(fold.max()) + 1)
        ]
        for column, (name, fold) in enumerate(zip(LABELS, numbers.T, strict=True))
    ]
    return _answer(logits, fits, numbers)


def transfer_fit(logits: np.ndarray, *, fitting_logits: np.ndarray, fitting_labels: np.ndarray) -> CrossFit:
    """Answer ``logits`` (n, 6) by what was fitted on other records (m, 6), of a validation split.

    Raises:
        UsageError: a class has no positive or no negative record there.
    """
    fits = [
        [fit_class(fitting_logits[:, column], fitting_labels[:, column], name=name)]
        for column, name in enumerate(LABELS)
    ]
    return _answer(logits, fits, np.zeros(logits.shape, dtype=np.int64))


def _answer(logits: np.ndarray, fits: list[list[ClassFit]], folds: np.ndarray) -> CrossFit:
    """Every record of every class by the fit of its fold."""

    def chosen(attribute: str) -> np.ndarray:
        values = [np.array([getattr(fit, attribute) for fit in of_class]) for of_class in fits]
        return np.stack([values[column][folds[:, column]] for column in range(len(LABELS))], axis=1)

    probabilities = sigmoid(logits * chosen("scale") + chosen("bias"))
    return CrossFit(
        probabilities=probabilities,
        tempered=sigmoid(logits / chosen("temperature")),
        decisions=(probabilities >= chosen("threshold")).astype(np.int64),
        temperatures=tuple(tuple(fit.temperature for fit in of_class) for of_class in fits),
        thresholds=tuple(tuple(fit.threshold for fit in of_class) for of_class in fits),
        folds=folds,
    )

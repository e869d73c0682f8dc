"""Calibration and thresholds of one artefact, fitted on logits of validation records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vizecg.scoring.platt import fit_platt, fit_temperature
from vizecg.spec import DecisionRule, UsageError
from vizecg.spec.decide import sigmoid


@dataclass(frozen=True, kw_only=True)
class ClassFit:
    """One class: Platt's scale and bias, the threshold on what they give, and, apart from them, the temperature."""

    scale: float
    bias: float
    threshold: float
    temperature: float


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


def fit_decision_rule(
    logits: np.ndarray, labels: np.ndarray, *, margin: float = 0.0, names: Sequence[str]
) -> DecisionRule:
    """Platt calibration and best-F1 thresholds per class.

    Args:
        logits: (n, classes) of the artefact itself.
        labels: (n, classes) of 0 and 1.
        margin: the artefact's numerical error in logits; answers nearer to the threshold are left undecided.
        names: of the classes.

    Raises:
        UsageError: a class has no positive or no negative record.
    """
    fits = [fit_class(logits[:, column], labels[:, column], name=name) for column, name in enumerate(names)]
    return DecisionRule(
        scale=tuple(fit.scale for fit in fits),
        bias=tuple(fit.bias for fit in fits),
        threshold=tuple(fit.threshold for fit in fits),
        margin=margin,
        undecided_margin=(0.0,) * len(fits),
    )


def recall_keeping_rule(
    logits: np.ndarray,
    labels: np.ndarray,
    *,
    decisions: np.ndarray,
    groups: np.ndarray,
    max_drop: float,
    margin: float = 0.0,
    names: Sequence[str],
) -> DecisionRule:
    """Platt calibration of an artefact, with the thresholds of best F1 among those that keep another's recall.

    The threshold of best F1 of a rare class jumps between equals when scores move a little, and may give up
    sensitivity for precision; what an artefact's users were promised is the network's it was made from.

    Args:
        logits, labels, margin, names: as ``fit_decision_rule``.
        decisions: (n, classes) of 0 and 1, that network's on the same records.
        groups: (n,), within each of which recall is kept.
        max_drop: of recall, in any class and group.

    Raises:
        UsageError: a class has no positive or no negative record.
    """
    rule = fit_decision_rule(logits, labels, margin=margin, names=names)
    scores = rule.probabilities(logits)
    thresholds = []
    for column in range(len(names)):
        truth, decided = labels[:, column], decisions[:, column]
        kept = (decided - max_drop) * truth
        least = {group: kept[groups == group].sum() for group in dict.fromkeys(groups.tolist())}
        thresholds.append(best_f1_threshold(scores[:, column], truth, groups=groups, least_hits=least))
    return replace(rule, threshold=tuple(thresholds))

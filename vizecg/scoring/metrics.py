"""Accuracy figures with bootstrap intervals. The metrics themselves are torchmetrics'."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics.functional.classification import (
    binary_calibration_error,
    multilabel_auroc,
    multilabel_average_precision,
    multilabel_precision,
    multilabel_recall,
)

from vizecg.spec import LABELS

PER_CLASS = ("precision", "recall", "f1", "auroc", "auprc", "ece")
MACRO = ("precision", "recall", "f1", "f1_of_macro", "auroc", "auprc", "ece")
ECE_BINS = 15

Interval = dict[str, "float | None"]
"""``value``, and ``low`` and ``high`` of its 95 % interval; null where it is not defined."""


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """Every figure (``macro/f1``, ``RBBB/auroc`` ...) of all records, and of each resample; NaN where not defined.

    ``samples`` are float64 (bootstraps,). Two of the same records and seed are paired: resample i of both holds the
    same records.
    """

    point: dict[str, float]
    samples: dict[str, np.ndarray]

    def intervals(self) -> dict[str, Interval]:
        return {key: interval(value, self.samples[key]) for key, value in self.point.items()}

    def minus(self, other: Bootstrap) -> dict[str, Interval]:
        """Differences with paired intervals; the other's records must be the same, in the same order."""
        return {
            key: interval(value - other.point[key], self.samples[key] - other.samples[key])
            for key, value in self.point.items()
        }


def bootstrap_figures(
    probabilities: np.ndarray, labels: np.ndarray, *, decisions: np.ndarray, bootstraps: int = 500, seed: int = 0
) -> Bootstrap:
    """All figures of the records and of resamples of them.

    Args:
        probabilities: (n, 6).
        labels, decisions: (n, 6) of 0 and 1.
        bootstraps: resamples of the records.
        seed: of the resampling.

    Raises:
        ValueError: the shapes differ, or a decision is neither 0 nor 1.
    """
    scores = torch.as_tensor(probabilities, dtype=torch.float32)
    truth = torch.as_tensor(labels, dtype=torch.long)
    decided = torch.as_tensor(decisions, dtype=torch.long)
    if not scores.shape == truth.shape == decided.shape or scores.shape[1:] != (len(LABELS),):
        raise ValueError(f"expected three (n, {len(LABELS)}), got {scores.shape}, {truth.shape} and {decided.shape}")
    if not np.isin(decisions, (0, 1)).all():
        raise ValueError("decisions must be 0 or 1")
    generator = torch.Generator().manual_seed(seed)
    n = len(truth)
    samples = []
    with warnings.catch_warnings():
        # Resamples may lack a rare class: its figures are then NaN here, whatever torchmetrics puts in their place.
        warnings.filterwarnings("ignore", message="No (positive|negative) samples")
        point = _figures(scores, decided, truth)
        for _ in range(bootstraps):
            index = torch.randint(n, (n,), generator=generator)
            samples.append(_figures(scores[index], decided[index], truth[index]))
    return Bootstrap(point=point, samples={key: np.array([sample[key] for sample in samples]) for key in point})


def evaluate_scores(
    probabilities: np.ndarray,
    labels: np.ndarray,
    *,
    thresholds: tuple[float, ...] | None = None,
    decisions: np.ndarray | None = None,
    bootstraps: int = 500,
    seed: int = 0,
) -> dict[str, Any]:
    """Macro and per-class figures, each with a 95 % bootstrap interval over records, and ECE per class.

    Args:
        probabilities: (n, 6).
        labels: (n, 6) of 0 and 1.
        thresholds: per class, for precision, recall and F1.
        decisions: (n, 6) of 0 and 1, in place of thresholds.
        bootstraps: resamples of the records.
        seed: of the resampling.

    Returns:
        As ``summarise``.

    Raises:
        ValueError: not one of ``thresholds`` and ``decisions``; or as ``bootstrap_figures``.
    """
    if (thresholds is None) == (decisions is None):
        raise ValueError("name one of thresholds and decisions")
    if decisions is None:
        decisions = decide(probabilities, thresholds)
    figures = bootstrap_figures(probabilities, labels, decisions=decisions, bootstraps=bootstraps, seed=seed)
    return summarise(figures, labels, thresholds=thresholds)


def decide(probabilities: np.ndarray, thresholds: tuple[float, ...] | None) -> np.ndarray:
    """(n, 6) of 0 and 1: the probability reaches the threshold of its class, both in float32."""
    return np.asarray(np.asarray(probabilities, np.float32) >= np.asarray(thresholds, np.float32), dtype=np.int64)


def summarise(figures: Bootstrap, labels: np.ndarray, *, thresholds: tuple[float, ...] | None) -> dict[str, Any]:
    """Figures as they are written to files.

    Returns:
        ``{"n", "positives", "thresholds", "macro": {metric: {"value", "low", "high"}}, "classes": {label: {...}},
        "ece": {label: value}, "bootstraps"}``. ``f1`` is the mean of the classes' F1, ``f1_of_macro`` the harmonic
        mean of macro precision and macro recall, as the paper reports. A figure of a class without positives is null,
        but for its calibration error. ``thresholds`` are null where decisions were given.
    """
    return {
        "n": len(labels),
        "positives": {label: int(labels[:, i].sum()) for i, label in enumerate(LABELS)},
        "thresholds": None if thresholds is None else dict(zip(LABELS, thresholds, strict=True)),
        **nested(figures.intervals()),
        "ece": {label: round(figures.point[f"{label}/ece"], 5) for label in LABELS},
        "bootstraps": len(figures.samples["macro/f1"]),
    }


def nested(intervals: dict[str, Interval]) -> dict[str, Any]:
    """``macro/f1``, ``RBBB/f1`` ... -> ``{"macro": {"f1"}, "classes": {"RBBB": {"f1"}}}``."""
    return {
        "macro": {metric: intervals[f"macro/{metric}"] for metric in MACRO},
        "classes": {label: {m: intervals[f"{label}/{m}"] for m in PER_CLASS} for label in LABELS},
    }


def _figures(scores: Tensor, decided: Tensor, truth: Tensor) -> dict[str, float]:
    k = len(LABELS)
    per_class = {
        "precision": multilabel_precision(decided, truth, k, average=None),
        "recall": multilabel_recall(decided, truth, k, average=None),
        "auroc": multilabel_auroc(scores, truth, k, average=None, thresholds=None),
        "auprc": multilabel_average_precision(scores, truth, k, average=None, thresholds=None),
    }
    present, absent = truth.sum(dim=0) > 0, truth.sum(dim=0) < len(truth)
    nan = torch.tensor(float("nan"))
    values = {name: torch.where(present, value, nan) for name, value in per_class.items()}
    values["auroc"] = torch.where(absent, values["auroc"], nan)
    precision, recall = values["precision"], values["recall"]
    total = precision + recall
    values["f1"] = torch.where(total > 0, 2 * precision * recall / total, total)
    values["ece"] = torch.stack([_ece(scores[:, i], truth[:, i]) for i in range(k)])
    figures = {f"{label}/{name}": float(value[i]) for name, value in values.items() for i, label in enumerate(LABELS)}
    for name, value in values.items():
        figures[f"macro/{name}"] = float(value.nanmean())
    p, r = figures["macro/precision"], figures["macro/recall"]
    figures["macro/f1_of_macro"] = 2 * p * r / (p + r) if p + r > 0 else 0.0
    return figures


def _ece(scores: Tensor, truth: Tensor) -> Tensor:
    return binary_calibration_error(scores.contiguous(), truth.contiguous(), n_bins=ECE_BINS)


def interval(value: float, samples: np.ndarray) -> Interval:
    """A figure and the middle 95 % of its resamples (bootstraps,), of which those that are not finite do not count."""
    finite = samples[np.isfinite(samples)]
    if not np.isfinite(value) or not len(finite):
        return {"value": None, "low": None, "high": None}
    low, high = np.percentile(finite, [2.5, 97.5])
    return {"value": round(value, 5), "low": round(float(low), 5), "high": round(float(high), 5)}

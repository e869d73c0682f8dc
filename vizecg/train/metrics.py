"""Accuracy figures with bootstrap intervals. The metrics themselves are torchmetrics'."""

from __future__ import annotations

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

PER_CLASS = ("precision", "recall", "f1", "auroc", "auprc")
MACRO = ("precision", "recall", "f1", "f1_of_macro", "auroc", "auprc")


def evaluate_scores(
    probabilities: np.ndarray,
    labels: np.ndarray,
    *,
    thresholds: tuple[float, ...],
    bootstraps: int = 500,
    seed: int = 0,
) -> dict[str, Any]:
    """Macro and per-class figures, each with a 95 % bootstrap interval over records, and ECE per class.

    Args:
        probabilities: (n, 6).
        labels: (n, 6) of 0 and 1.
        thresholds: per class, for precision, recall and F1.
        bootstraps: resamples of the records.
        seed: of the resampling.

    Returns:
        ``{"n", "positives", "macro": {metric: {"value", "low", "high"}}, "classes": {label: {...}}, "ece": {...}}``.
        ``f1`` is the mean of the classes' F1, ``f1_of_macro`` the harmonic mean of macro precision and macro recall,
        as the paper reports. A figure of a class without positives is null.
    """
    scores = torch.as_tensor(probabilities, dtype=torch.float32)
    truth = torch.as_tensor(labels, dtype=torch.long)
    decided = (scores >= torch.tensor(thresholds, dtype=torch.float32)).long()
    point = _figures(scores, decided, truth)
    generator = torch.Generator().manual_seed(seed)
    n = len(truth)
    samples = []
    for _ in range(bootstraps):
        index = torch.randint(n, (n,), generator=generator)
        samples.append(_figures(scores[index], decided[index], truth[index]))
    intervals = {key: _interval(point[key], [sample[key] for sample in samples]) for key in point}
    return {
        "n": n,
        "positives": {label: int(truth[:, i].sum()) for i, label in enumerate(LABELS)},
        "thresholds": dict(zip(LABELS, thresholds, strict=True)),
        "macro": {metric: intervals[f"macro/{metric}"] for metric in MACRO},
        "classes": {label: {m: intervals[f"{label}/{m}"] for m in PER_CLASS} for label in LABELS},
        "ece": {label: _ece(scores[:, i], truth[:, i]) for i, label in enumerate(LABELS)},
        "bootstraps": bootstraps,
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
    figures = {f"{label}/{name}": float(value[i]) for name, value in values.items() for i, label in enumerate(LABELS)}
    for name, value in values.items():
        figures[f"macro/{name}"] = float(value.nanmean())
    p, r = figures["macro/precision"], figures["macro/recall"]
    figures["macro/f1_of_macro"] = 2 * p * r / (p + r) if p + r > 0 else 0.0
    return figures


def _interval(value: float, samples: list[float]) -> dict[str, float | None]:
    finite = [sample for sample in samples if np.isfinite(sample)]
    if not np.isfinite(value) or not finite:
        return {"value": None, "low": None, "high": None}
    low, high = np.percentile(finite, [2.5, 97.5])
    return {"value": round(value, 5), "low": round(float(low), 5), "high": round(float(high), 5)}


def _ece(scores: Tensor, truth: Tensor) -> float:
    return round(float(binary_calibration_error(scores.contiguous(), truth.contiguous(), n_bins=15)), 5)

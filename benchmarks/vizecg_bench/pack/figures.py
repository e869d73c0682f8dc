"""Figures of a contender on a section, with bootstrap intervals, as ``vizecg.scoring.metrics`` defines them.

Resamples are weights of the records: every class is sorted once for all of them.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from vizecg.spec import LABELS, DecisionRule
from vizecg_bench.run.schema import Flips, Interval, Section

METRICS = ("auroc", "auprc", "f1", "precision", "recall", "ece")
RETAINED = ("f1", "auroc")
ECE_BINS = 15
BOOTSTRAPS = 300


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """``values``: ``macro/f1``, ``RBBB/auroc`` ... -> float64 (1 + bootstraps,), first of all records, then of each
    resample; NaN where not defined. ``probabilities`` float64 and ``decisions`` bool, (n, 6)."""

    values: dict[str, np.ndarray]
    probabilities: np.ndarray
    decisions: np.ndarray

    def interval(self, key: str) -> Interval:
        return interval(self.values[key])


def weights_of(n: int, *, bootstraps: int = BOOTSTRAPS, seed: int = 0) -> np.ndarray:
    """float64 (1 + bootstraps, n): how often each record is in it; all of them once in the first. Two of the same
    arguments are the same, so that contenders are paired."""
    rng = np.random.default_rng(seed)
    drawn = [np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(bootstraps)]
    return np.stack([np.ones(n, np.int64), *drawn]).astype(np.float64)


def sample(logits: np.ndarray, labels: np.ndarray, rule: DecisionRule, weights: np.ndarray) -> Sampled:
    """All figures of all resamples.

    Args:
        logits: (n, 6).
        labels: (n, 6) of 0 and 1.
        rule: calibration and thresholds.
        weights: (1 + bootstraps, n), of ``weights_of``.

    Raises:
        ValueError: the shapes differ.
    """
    if not logits.shape == labels.shape == (weights.shape[1], len(LABELS)):
        raise ValueError(f"expected (n, {len(LABELS)}) twice, got {logits.shape}, {labels.shape}, {weights.shape}")
    probabilities = rule.probabilities(logits)
    scores = probabilities.astype(np.float32)
    decisions = scores >= np.asarray(rule.threshold, np.float32)
    truth = np.asarray(labels) > 0
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Mean of empty slice")
        per_class = [_class(scores[:, i], truth[:, i], decisions[:, i], weights) for i in range(len(LABELS))]
        values = {f"{label}/{name}": one[name] for label, one in zip(LABELS, per_class, strict=True) for name in one}
        for name in METRICS:
            values[f"macro/{name}"] = np.nanmean(np.stack([one[name] for one in per_class]), axis=0)
    return Sampled(values=values, probabilities=probabilities, decisions=decisions)


def _class(score: np.ndarray, truth: np.ndarray, decided: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)  # equal scores cannot be told apart
    ordered = weights[:, order]
    hits = np.cumsum(ordered * truth[order], axis=1)[:, ends]
    alarms = np.cumsum(ordered, axis=1)[:, ends] - hits
    positive, negative = hits[:, -1], alarms[:, -1]
    more_hits, more_alarms = (np.diff(counts, axis=1, prepend=0) for counts in (hits, alarms))
    auroc = (more_alarms * (hits - more_hits / 2)).sum(axis=1) / (positive * negative)
    auprc = np.where(more_hits > 0, more_hits * (hits / (hits + alarms)), 0).sum(axis=1) / positive
    found, named = weights @ (truth & decided), weights @ decided.astype(np.float64)
    recall = found / positive
    precision = np.where(positive > 0, np.where(named > 0, found / named, 0), np.nan)
    total = precision + recall
    return {
        "auroc": auroc,
        "auprc": auprc,
        "f1": np.where(total > 0, 2 * precision * recall / total, total),
        "precision": precision,
        "recall": recall,
        "ece": _ece(score, truth, weights),
    }


def _ece(score: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean distance of the share of positives from the mean probability, over equal bins, weighted by records."""
    edges = np.linspace(0, 1, ECE_BINS + 1).astype(np.float32)
    bins = np.searchsorted(edges, score, side="right") - 1
    apart = np.zeros((len(score), ECE_BINS + 1))
    apart[np.arange(len(score)), bins] = score.astype(np.float64) - truth
    return np.abs(weights @ apart).sum(axis=1) / weights.sum(axis=1)


def interval(values: np.ndarray) -> Interval:
    """The first of (1 + bootstraps,), and the middle 95 % of the others, of which those not finite do not count."""
    value, samples = float(values[0]), values[1:][np.isfinite(values[1:])]
    if not np.isfinite(value) or not len(samples):
        return Interval(value=None)
    low, high = np.percentile(samples, [2.5, 97.5])
    return Interval(value=round(value, 5), low=round(float(low), 5), high=round(float(high), 5))


def section_of(own: Sampled, floating: Sampled, labels: np.ndarray) -> Section:
    """What a result holds of a contender beside the float network; both of the same records and weights."""
    return Section(
        n=len(labels),
        positives={label: int(labels[:, i].sum()) for i, label in enumerate(LABELS)},
        macro={name: own.interval(f"macro/{name}") for name in METRICS},
        classes={label: {name: own.interval(f"{label}/{name}") for name in METRICS} for label in LABELS},
        retention={name: _ratio(own, floating, f"macro/{name}") for name in RETAINED},
        recall_change={label: difference(own, floating, f"{label}/recall") for label in LABELS},
        flips=flips_of(own.decisions, floating.decisions, labels),
        largest_difference=round(float(np.abs(own.probabilities - floating.probabilities).max()), 6),
    )


def difference(own: Sampled, floating: Sampled, key: str) -> Interval:
    """Of a figure: this contender's minus the float network's, paired."""
    return interval(own.values[key] - floating.values[key])


def _ratio(own: Sampled, floating: Sampled, key: str) -> Interval:
    with np.errstate(divide="ignore", invalid="ignore"):
        return interval(own.values[key] / floating.values[key])


def flips_of(own: np.ndarray, floating: np.ndarray, labels: np.ndarray) -> dict[str, Flips]:
    """Per class, of decisions and labels (n, 6): what only the float network or only this one has right."""
    before, after = floating == (labels > 0), own == (labels > 0)
    told = {}
    for column, label in enumerate(LABELS):
        lost = int((before[:, column] & ~after[:, column]).sum())
        won = int((~before[:, column] & after[:, column]).sum())
        p = float(binomtest(lost, lost + won).pvalue) if lost + won else 1.0
        told[label] = Flips(lost=lost, won=won, mcnemar_p=round(p, 5))
    return told

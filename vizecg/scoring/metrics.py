"""Accuracy figures of all records and of resamples of them. Every class is sorted once for all resamples."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vizecg.scoring.resamples import Interval, Resamples, interval

PER_CLASS = ("precision", "recall", "f1", "auroc", "auprc", "ece")
MACRO = ("precision", "recall", "f1", "f1_of_macro", "auroc", "auprc", "ece")
ECE_BINS = 15


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """Figures of the same records and resamples are paired.

    Attributes:
        values: ``macro/f1``, ``RBBB/auroc`` ... -> float64 (1 + bootstraps,), first of all records, then of each
            resample; NaN where not defined.
    """

    values: dict[str, np.ndarray]

    @property
    def point(self) -> dict[str, float]:
        """Of all records."""
        return {key: float(values[0]) for key, values in self.values.items()}

    def interval(self, key: str) -> Interval:
        return interval(self.values[key])

    def intervals(self) -> dict[str, Interval]:
        return {key: interval(values) for key, values in self.values.items()}

    def difference(self, other: Bootstrap, key: str) -> Interval:
        """Minus the other's, with a paired interval; its records must be the same, in the same order."""
        return interval(self.values[key] - other.values[key])

    def ratio(self, other: Bootstrap, key: str) -> Interval:
        """As ``difference``, over the other's."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return interval(self.values[key] / other.values[key])

    def minus(self, other: Bootstrap) -> dict[str, Interval]:
        """Every ``difference``."""
        return {key: self.difference(other, key) for key in self.values}


def bootstrap_figures(
    probabilities: np.ndarray,
    labels: np.ndarray,
    *,
    decisions: np.ndarray,
    bootstraps: int = 500,
    seed: int = 0,
    names: Sequence[str],
    counts: np.ndarray | None = None,
) -> Bootstrap:
    """All figures of the records and of resamples of them.

    A figure of a class without positives, and the AUROC of one without negatives, is not defined, but for its
    calibration error; macro figures are means of those that are.

    Args:
        probabilities: (n, classes), compared as float32.
        labels, decisions: (n, classes) of 0 and 1.
        bootstraps: resamples of the records.
        seed: of the resampling.
        names: of the classes.
        counts: (n,) how many records each one stands for; None counts every one once.

    Raises:
        ValueError: the shapes differ, there is no record, a decision is neither 0 nor 1, or a count is not positive.
    """
    shapes = {np.shape(given) for given in (probabilities, labels, decisions)}
    if shapes != {(len(labels), len(names))} or not len(labels):
        raise ValueError(f"expected three (n, {len(names)}) of n > 0, got {sorted(shapes)}")
    if not np.isin(decisions, (0, 1)).all():
        raise ValueError("decisions must be 0 or 1")
    stands_for = np.ones(len(labels)) if counts is None else np.asarray(counts, np.float64)
    if stands_for.shape != (len(labels),) or not (stands_for > 0).all():
        raise ValueError(f"expected {len(labels)} positive counts, got {counts}")
    scores, truth, decided = np.asarray(probabilities, np.float32), np.asarray(labels) > 0, np.asarray(decisions) > 0
    columns = [_Column.of(scores[:, i], truth[:, i], decided[:, i]) for i in range(len(names))]
    resamples = Resamples(n=len(truth), bootstraps=bootstraps, seed=seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        blocks = [[column.figures(weights * stands_for) for column in columns] for weights in resamples.weights()]
        values = {
            f"{name}/{key}": np.concatenate([block[i][key] for block in blocks])
            for key in PER_CLASS
            for i, name in enumerate(names)
        }
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Mean of empty slice")
            for key in PER_CLASS:
                values[f"macro/{key}"] = np.nanmean([values[f"{name}/{key}"] for name in names], axis=0)
        p, r = values["macro/precision"], values["macro/recall"]
        values["macro/f1_of_macro"] = np.where(p + r > 0, 2 * p * r / (p + r), 0.0)
    return Bootstrap(values=values)


def evaluate_scores(
    probabilities: np.ndarray,
    labels: np.ndarray,
    *,
    names: Sequence[str],
    thresholds: tuple[float, ...] | None = None,
    decisions: np.ndarray | None = None,
    bootstraps: int = 500,
    seed: int = 0,
) -> dict[str, Any]:
    """Macro and per-class figures, each with a 95 % bootstrap interval over records, and ECE per class.

    Args:
        probabilities: (n, classes).
        labels: (n, classes) of 0 and 1.
        names: of the classes.
        thresholds: per class, for precision, recall and F1.
        decisions: (n, classes) of 0 and 1, in place of thresholds.
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
    figures = bootstrap_figures(
        probabilities, labels, decisions=decisions, bootstraps=bootstraps, seed=seed, names=names
    )
    return summarise(figures, labels, thresholds=thresholds, names=names)


def decide(probabilities: np.ndarray, thresholds: tuple[float, ...] | None) -> np.ndarray:
    """(n, classes) of 0 and 1: the probability reaches the threshold of its class, both in float32."""
    return np.asarray(np.asarray(probabilities, np.float32) >= np.asarray(thresholds, np.float32), dtype=np.int64)


def summarise(
    figures: Bootstrap,
    labels: np.ndarray,
    *,
    thresholds: tuple[float, ...] | None,
    names: Sequence[str],
) -> dict[str, Any]:
    """Figures as they are written to files.

    Returns:
        ``{"n", "positives", "thresholds", "macro": {metric: {"value", "low", "high"}}, "classes": {label: {...}},
        "ece": {label: value}, "bootstraps"}``. ``f1`` is the mean of the classes' F1, ``f1_of_macro`` the harmonic
        mean of macro precision and macro recall, as the paper reports. A figure of a class without positives is null,
        but for its calibration error. ``thresholds`` are null where decisions were given.
    """
    return {
        "n": len(labels),
        "positives": positives(labels, names=names),
        "thresholds": None if thresholds is None else dict(zip(names, thresholds, strict=True)),
        **nested(figures.intervals(), names=names),
        "ece": {name: round(float(figures.values[f"{name}/ece"][0]), 5) for name in names},
        "bootstraps": len(figures.values["macro/f1"]) - 1,
    }


def positives(labels: np.ndarray, *, names: Sequence[str]) -> dict[str, int]:
    """Of labels (n, classes): name -> records that have it."""
    return {name: int(labels[:, column].sum()) for column, name in enumerate(names)}


def nested(intervals: dict[str, Interval], *, names: Sequence[str]) -> dict[str, Any]:
    """``macro/f1``, ``RBBB/f1`` ... -> ``{"macro": {"f1"}, "classes": {"RBBB": {"f1"}}}``."""
    return {
        "macro": {metric: intervals[f"macro/{metric}"] for metric in MACRO},
        "classes": {name: {m: intervals[f"{name}/{m}"] for m in PER_CLASS} for name in names},
    }


@dataclass(frozen=True, kw_only=True)
class _Column:
    """One class: scores float32, truth and decisions bool (n,), and what does not depend on the resample.

    ``order`` is by falling score; ``ends`` are its places where a threshold can lie: equal scores cannot be told apart.
    ``apart`` float64 (n, bins) holds score minus truth in the bin of the score.
    """

    truth: np.ndarray
    decided: np.ndarray
    order: np.ndarray
    ends: np.ndarray
    apart: np.ndarray

    @classmethod
    def of(cls, score: np.ndarray, truth: np.ndarray, decided: np.ndarray) -> _Column:
        order = np.argsort(-score, kind="stable")
        edges = np.linspace(0, 1, ECE_BINS + 1).astype(np.float32)
        apart = np.zeros((len(score), ECE_BINS + 1))
        apart[np.arange(len(score)), np.searchsorted(edges, score, side="right") - 1] = score.astype(np.float64) - truth
        return cls(
            truth=truth,
            decided=decided,
            order=order,
            ends=np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1),
            apart=apart,
        )

    def figures(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Of resamples (m, n): metric -> (m,)."""
        ordered = weights[:, self.order]
        hits = np.cumsum(ordered * self.truth[self.order], axis=1)[:, self.ends]
        alarms = np.cumsum(ordered, axis=1)[:, self.ends] - hits
        positive, negative = hits[:, -1], alarms[:, -1]
        more_hits, more_alarms = (np.diff(counts, axis=1, prepend=0) for counts in (hits, alarms))
        right, named = weights @ (self.truth & self.decided), weights @ self.decided.astype(np.float64)
        recall = right / positive
        precision = np.where(positive > 0, np.where(named > 0, right / named, 0), np.nan)
        total = precision + recall
        return {
            "precision": precision,
            "recall": recall,
            "f1": np.where(total > 0, 2 * precision * recall / total, total),
            "auroc": (more_alarms * (hits - more_hits / 2)).sum(axis=1) / (positive * negative),
            "auprc": np.where(more_hits > 0, more_hits * (hits / (hits + alarms)), 0).sum(axis=1) / positive,
            # Mean distance of the share of positives from the mean probability, over equal bins, weighted by records.
            "ece": np.abs(weights @ self.apart).sum(axis=1) / weights.sum(axis=1),
        }

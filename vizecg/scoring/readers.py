"""Readers who decide without probabilities, people or networks: against a gold standard, and against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from vizecg.scoring.flips import flips_by_class
from vizecg.scoring.metrics import Bootstrap, positives
from vizecg.scoring.resamples import Resamples, interval

READER_METRICS = ("precision", "recall", "specificity", "f1")
BOOTSTRAPS = 1000


def resample_weights(n: int, *, bootstraps: int = BOOTSTRAPS, seed: int = 0) -> np.ndarray:
    """float64 (1 + bootstraps, n): what is measured with the same weights is paired."""
    return np.concatenate(list(Resamples(n=n, bootstraps=bootstraps, seed=seed).weights()))


def reader_figures(decisions: np.ndarray, gold: np.ndarray, *, names: Sequence[str], weights: np.ndarray) -> Bootstrap:
    """``RBBB/f1``, ``macro/specificity`` ... of all records and of resamples of them.

    Precision is 0 where a class is never named; a class without positives has neither precision nor recall nor F1.
    Macro figures are means over the classes that have one.

    Args:
        decisions, gold: (n, classes) of 0 and 1.
        names: of the classes.
        weights: of ``resample_weights``.
    """
    said, truth = np.asarray(decisions) > 0, np.asarray(gold) > 0
    right, named, present = (weights @ part.astype(np.float64) for part in (said & truth, said, truth))
    absent = weights.sum(axis=1, keepdims=True) - present
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = right / present
        precision = np.where(present > 0, np.where(named > 0, right / named, 0.0), np.nan)
        specificity = 1 - (named - right) / absent
        f1 = np.where(present > 0, 2 * right / (present + named), np.nan)
    values: dict[str, np.ndarray] = {}
    for metric, of in zip(READER_METRICS, (precision, recall, specificity, f1), strict=True):
        values |= {f"{name}/{metric}": of[:, column] for column, name in enumerate(names)}
        known = np.isfinite(of)
        with np.errstate(invalid="ignore"):
            values[f"macro/{metric}"] = np.where(known, of, 0).sum(axis=1) / known.sum(axis=1)
    return Bootstrap(values=values)


def kappas(first: np.ndarray, second: np.ndarray, *, names: Sequence[str], weights: np.ndarray) -> dict[str, Any]:
    """Cohen's kappa of two readers' decisions (n, classes), by class, with its interval; null where both always say
    the same one thing."""
    one, two = np.asarray(first) > 0, np.asarray(second) > 0
    total = weights.sum(axis=1, keepdims=True)
    same, first_says, second_says = (weights @ part.astype(np.float64) / total for part in (one == two, one, two))
    by_chance = first_says * second_says + (1 - first_says) * (1 - second_says)
    with np.errstate(divide="ignore", invalid="ignore"):
        kappa = np.where(by_chance < 1, (same - by_chance) / (1 - by_chance), np.nan)
    return {name: interval(kappa[:, column]) for column, name in enumerate(names)}


def compare_readers(
    readers: Mapping[str, np.ndarray],
    gold: np.ndarray,
    *,
    names: Sequence[str],
    pairs: Sequence[tuple[str, str]] | None = None,
    bootstraps: int = BOOTSTRAPS,
    seed: int = 0,
) -> dict[str, Any]:
    """All readers against the gold standard, and pairs of them against each other, on the same resamples.

    Args:
        readers: name -> decisions (n, classes) of 0 and 1.
        gold: (n, classes) of 0 and 1.
        names: of the classes.
        pairs: who is set against whom; None takes everyone against everyone.
        bootstraps, seed: of the resampling.

    Returns:
        ``{"n", "positives", "bootstraps", "readers": {name: {"macro", "classes"}}, "pairs": [...]}``. A pair has
        ``first``, ``second``, and under ``macro`` and ``classes`` the differences first minus second; classes also
        ``kappa`` and ``mcnemar``: how many records only one of them decides right, and the exact two-sided p, which is
        not corrected for the number of comparisons.
    """
    weights = resample_weights(len(gold), bootstraps=bootstraps, seed=seed)
    measured = {
        name: reader_figures(decisions, gold, names=names, weights=weights) for name, decisions in readers.items()
    }
    chosen = list(combinations(readers, 2)) if pairs is None else pairs
    return {
        "n": len(gold),
        "positives": positives(np.asarray(gold), names=names),
        "bootstraps": bootstraps,
        "readers": {name: _nested(figures.intervals(), names) for name, figures in measured.items()},
        "pairs": [_pair(one, two, readers, measured, gold, names=names, weights=weights) for one, two in chosen],
    }


def _pair(
    one: str, two: str, readers: Mapping[str, np.ndarray], measured: Mapping[str, Bootstrap], gold: np.ndarray,
    *, names: Sequence[str], weights: np.ndarray,
) -> dict[str, Any]:  # fmt: skip
    told = _nested(measured[one].minus(measured[two]), names)
    agreement = kappas(readers[one], readers[two], names=names, weights=weights)
    for name, flips in flips_by_class(readers[one], readers[two], gold, names=names).items():
        told["classes"][name]["kappa"] = agreement[name]
        told["classes"][name]["mcnemar"] = {
            "only_first_right": flips.lost, "only_second_right": flips.won, "p": flips.mcnemar_p,
        }  # fmt: skip
    return {"first": one, "second": two, **told}


def _nested(intervals: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    def of(name: str) -> dict[str, Any]:
        return {metric: intervals[f"{name}/{metric}"] for metric in READER_METRICS}

    return {"macro": of("macro"), "classes": {name: of(name) for name in names}}

"""Points of the diagrams of one class: ROC, precision against recall, reliability of the probabilities."""

from __future__ import annotations

import numpy as np

from vizecg.scoring.metrics import ECE_BINS


def roc(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates (m,) as the threshold falls, from (0, 0) to (1, 1).

    Args:
        scores: (n,).
        labels: (n,) of 0 and 1, both present.
    """
    hits, alarms = _found(scores, labels)
    return np.append(0, alarms / alarms[-1]), np.append(0, hits / hits[-1])


def precision_recall(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall (m,) as the threshold rises, to precision 1 where nothing is named. Arguments as ``roc``."""
    hits, alarms = _found(scores, labels)
    return np.append((hits / (hits + alarms))[::-1], 1), np.append((hits / hits[-1])[::-1], 0)


def reliability(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean score, share of positives and number of records of each bin that is not empty; equal bins, as in ECE."""
    bins = np.clip((scores * ECE_BINS).astype(int), 0, ECE_BINS - 1)
    count = np.bincount(bins, minlength=ECE_BINS)
    used = count > 0
    said, present = (np.bincount(bins, weights=values, minlength=ECE_BINS)[used] for values in (scores, labels))
    return said / count[used], present / count[used], count[used]


def _found(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positives and negatives at or above each score that occurs, the highest first."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(labels[order] > 0)[ends]
    return hits, ends + 1 - hits

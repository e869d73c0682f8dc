"""Calibrated answers to records by what was fitted on others: folds of the same records, or a validation split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vizecg.scoring.calibrate import ClassFit, fit_class
from vizecg.scoring.folds import grouped_folds
from vizecg.spec.decide import sigmoid

PerFold = tuple[tuple[float, ...], ...]
"""Per class in label order, one number per fold of that class."""


@dataclass(frozen=True, kw_only=True)
class CrossFit:
    """Calibrated answers, each by fits from other records.

    Attributes:
        probabilities: float64 (n, classes) by Platt's scale and bias.
        tempered: float64 (n, classes) by temperature alone.
        decisions: int64 (n, classes) of 0 and 1: ``probabilities`` against the thresholds of best F1.
        temperatures, thresholds: the fits; a class with few positives has fewer folds.
        folds: int64 (n, classes), which fit of the class answered.
    """

    probabilities: np.ndarray
    tempered: np.ndarray
    decisions: np.ndarray
    temperatures: PerFold
    thresholds: PerFold
    folds: np.ndarray


def cross_fit(
    logits: np.ndarray,
    labels: np.ndarray,
    groups: Sequence[str] | np.ndarray,
    *,
    folds: int = 5,
    seed: int = 0,
    names: Sequence[str],
) -> CrossFit:
    """Answer every record by what was fitted on the records of other patients.

    Each class is folded by itself, so that its positives are spread evenly (``grouped_folds``).

    Args:
        logits: (n, classes).
        labels: (n, classes) of 0 and 1.
        groups: (n,) the patient of each record; a blank one is alone.
        folds: at most so many; fewer for a class with fewer patients who have it.
        seed: of the folds.
        names: of the classes.

    Raises:
        UsageError: a class has positives of fewer than two patients, or no negatives.
    """
    numbers = np.stack(
        [
            grouped_folds(labels[:, column], groups, folds=folds, seed=seed, name=name)
            for column, name in enumerate(names)
        ],
        axis=1,
    )
    fits = [
        [
            fit_class(logits[fold != number, column], labels[fold != number, column], name=name)
            for number in range(int(fold.max()) + 1)
        ]
        for column, (name, fold) in enumerate(zip(names, numbers.T, strict=True))
    ]
    return _answer(logits, fits, numbers)


def transfer_fit(
    logits: np.ndarray, *, fitting_logits: np.ndarray, fitting_labels: np.ndarray, names: Sequence[str]
) -> CrossFit:
    """Answer ``logits`` (n, classes) by what was fitted on other records (m, classes), of a validation split.

    Raises:
        UsageError: a class has no positive or no negative record there.
    """
    fits = [
        [fit_class(fitting_logits[:, column], fitting_labels[:, column], name=name)]
        for column, name in enumerate(names)
    ]
    return _answer(logits, fits, np.zeros(logits.shape, dtype=np.int64))


def _answer(logits: np.ndarray, fits: list[list[ClassFit]], folds: np.ndarray) -> CrossFit:
    """Every record of every class by the fit of its fold."""

    def chosen(attribute: str) -> np.ndarray:
        values = [np.array([getattr(fit, attribute) for fit in of_class]) for of_class in fits]
        return np.stack([values[column][folds[:, column]] for column in range(len(fits))], axis=1)

    probabilities = sigmoid(logits * chosen("scale") + chosen("bias"))
    return CrossFit(
        probabilities=probabilities,
        tempered=sigmoid(logits / chosen("temperature")),
        decisions=(probabilities >= chosen("threshold")).astype(np.int64),
        temperatures=tuple(tuple(fit.temperature for fit in of_class) for of_class in fits),
        thresholds=tuple(tuple(fit.threshold for fit in of_class) for of_class in fits),
        folds=folds,
    )

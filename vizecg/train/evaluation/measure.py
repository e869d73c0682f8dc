"""A classifier under several conditions: its figures as it is, and calibrated, and how conditions differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from vizecg.models import Modality
from vizecg.scoring.cross_fit import CrossFit, PerFold, cross_fit, transfer_fit
from vizecg.scoring.metrics import Bootstrap, bootstrap_figures, decide, nested, summarise
from vizecg.train.evaluation.predict import Classifier, Predictions


class Fit(str, Enum):
    """Where calibration and thresholds come from.

    ``none``: the model's own, 0.5 for a checkpoint. ``cross``: fitted on the other patients among the evaluated
    records. ``val``: fitted on the validation split.
    """

    NONE = "none"
    CROSS = "cross"
    VAL = "val"


SCHEMA = 2
FOLDS = 5
FLAT = ("condition", "refused_records", "n", "positives", "thresholds", "macro", "classes", "ece", "bootstraps")
"""What a file of one condition also holds at its top, as files of schema 1 did."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A classifier under one condition; ``names`` are those of the labels.

    ``probabilities`` and ``own`` are by the classifier's own calibration and thresholds. ``fit`` are the calibrated
    answers; ``platt`` their figures, at the fitted thresholds; ``tempered`` those of the temperatures, at 0.5. These
    three are None where nothing was fitted.
    """

    name: str
    names: tuple[str, ...]
    predictions: Predictions
    thresholds: tuple[float, ...]
    probabilities: np.ndarray
    own: Bootstrap
    fit: CrossFit | None = None
    platt: Bootstrap | None = None
    tempered: Bootstrap | None = None

    def to_dict(self) -> dict[str, Any]:
        """One entry of ``conditions``; ``calibrated`` is null where nothing was fitted."""
        labels = self.predictions.labels
        return {
            "condition": self.name,
            "refused_records": self.predictions.refused,
            **summarise(self.own, labels, thresholds=self.thresholds, names=self.names),
            "calibrated": self._calibrated(),
        }

    def _calibrated(self) -> dict[str, Any] | None:
        if self.fit is None or self.platt is None or self.tempered is None:
            return None
        figures = self.platt.intervals()
        ece = {"own": self.own.intervals(), "temperature": self.tempered.intervals(), "platt": figures}
        return {
            "folds": {label: len(fits) for label, fits in zip(self.names, self.fit.thresholds, strict=True)},
            "temperatures": _spread(self.fit.temperatures, self.names),
            "thresholds": _spread(self.fit.thresholds, self.names),
            "ece": {
                label: {kind: intervals[f"{label}/ece"] for kind, intervals in ece.items()}
                for label in (*self.names, "macro")
            },
            **nested(figures, names=self.names),
        }


def paired(predictions: list[Predictions]) -> list[Predictions]:
    """The same records of each: without those that another condition refused."""
    common = set.intersection(*(set(one.record_ids) for one in predictions))
    return [one.only(common) for one in predictions]


def measure(
    name: str,
    classifier: Classifier,
    predictions: Predictions,
    *,
    fit: Fit = Fit.NONE,
    validation: Predictions | None = None,
    bootstraps: int = 500,
    seed: int = 0,
) -> Measured:
    """The figures of one condition. Intervals are over the evaluated records; the fits are taken as they are.

    The fits of different folds put records on slightly different scales: AUROC and AUPRC of cross-fitted probabilities
    fall a little, and those of the model as it is are the ones to quote. Few records make a calibration error look
    large, resamples of them more so: its value lies near the low end of its interval.

    Args:
        name: of the condition.
        classifier: for its own calibration and thresholds.
        predictions: of the evaluated records.
        fit: where the calibrated answers come from; always from the logits, whatever the classifier's own.
        validation: under the same condition, for ``Fit.VAL``.
        bootstraps: resamples of the records.
        seed: of folds and resampling: the same for all conditions, so that they are paired.

    Raises:
        UsageError: a class has too few records with or without it.
    """
    labels, names = predictions.labels, classifier.labels.names

    def figures(probabilities: np.ndarray, decisions: np.ndarray) -> Bootstrap:
        return bootstrap_figures(
            probabilities, labels, decisions=decisions, bootstraps=bootstraps, seed=seed, names=names
        )

    # First, for it is quick and may find too few records of a class.
    answers = _fitted(fit, predictions, validation, seed=seed, names=names)
    own = classifier.rule.probabilities(predictions.logits)
    as_it_is = Measured(
        name=name,
        names=names,
        predictions=predictions,
        thresholds=classifier.rule.threshold,
        probabilities=own,
        own=figures(own, decide(own, classifier.rule.threshold)),
    )
    if answers is None:
        return as_it_is
    return replace(
        as_it_is,
        fit=answers,
        platt=figures(answers.probabilities, answers.decisions),
        tempered=figures(answers.tempered, decide(answers.tempered, (0.5,) * len(names))),
    )


def _fitted(
    fit: Fit, predictions: Predictions, validation: Predictions | None, *, seed: int, names: tuple[str, ...]
) -> CrossFit | None:
    logits = np.asarray(predictions.logits, dtype=np.float64)
    if fit is Fit.NONE:
        return None
    if fit is Fit.CROSS:
        return cross_fit(logits, predictions.labels, predictions.groups, folds=FOLDS, seed=seed, names=names)
    if validation is None:
        raise ValueError("a fit on validation records needs them")
    return transfer_fit(logits, fitting_logits=validation.logits, fitting_labels=validation.labels, names=names)


def result(classifier: Classifier, *, data: str, fit: Fit, measured: list[Measured]) -> dict[str, Any]:
    """What ``--json`` writes.

    Returns:
        ``{"schema_version": 2, "model", "fingerprint", "data", "labels", "stream", "fit", "conditions": {name: ...},
        "differences"}``, of a signal stream also its ``signal_view``. ``differences`` to the first condition are as
        ``macro`` and ``classes`` there, with paired intervals. For a single condition ``differences`` are
        null, and the figures of the model as it is stand at the top as well.
    """
    entries = {one.name: one.to_dict() for one in measured}
    flat = {key: next(iter(entries.values()))[key] for key in FLAT} if len(measured) == 1 else {}
    return {
        "schema_version": SCHEMA,
        "model": classifier.name,
        "fingerprint": classifier.fingerprint,
        "data": data,
        "labels": classifier.labels.to_dict(),
        "stream": classifier.looks_at.value,
        **({"signal_view": classifier.view.value} if classifier.looks_at is Modality.SIGNAL else {}),
        "fit": fit.value,
        **flat,
        "conditions": entries,
        "differences": differences(measured) if len(measured) > 1 else None,
    }


def differences(measured: list[Measured]) -> dict[str, Any]:
    """Every condition but the first minus the first: ``{"to": name, "own": {name: ...}, "calibrated": ...}``.

    All are of the same records (``paired``). ``calibrated`` is null where nothing was fitted.
    """
    first, others = measured[0], measured[1:]

    def against(chosen: Callable[[Measured], Bootstrap | None]) -> dict[str, Any] | None:
        base = chosen(first)
        if base is None:
            return None
        pairs = {one.name: chosen(one) for one in others}
        return {name: nested(pair.minus(base), names=first.names) for name, pair in pairs.items() if pair is not None}

    return {"to": first.name, "own": against(lambda one: one.own), "calibrated": against(lambda one: one.platt)}


def _spread(values: PerFold, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Mean, least and greatest over the folds of each class."""
    return {
        label: {
            "mean": round(float(np.mean(fits)), 5),
            "low": round(min(fits), 5),
            "high": round(max(fits), 5),
        }
        for label, fits in zip(names, values, strict=True)
    }

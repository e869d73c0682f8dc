"""Systems that answered the same photographs, and streams that saw the recordings behind them, in one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from vizecg.scoring.cross_fit import cross_fit
from vizecg.scoring.folds import patient_groups
from vizecg.scoring.metrics import Bootstrap, bootstrap_figures, nested, positives
from vizecg.spec.results import write_result
from vizecg.train.evaluation.predict import Predictions
from vizecg.train.evaluation.tables import cell
from vizecg.train.runs.tables import console
from vizecg_lab.photographed.answers import Answers, Truth

KIND = "photographed"
BOOTSTRAPS = 1000
LEAST_PROBABILITY = 1e-6
"""Answers are told to six places."""


@dataclass(frozen=True, kw_only=True)
class System:
    """Probabilities float64 (n, labels), and what is said to be there, int64 (n, labels), of the compared records."""

    name: str
    sees: str
    probabilities: np.ndarray
    present: np.ndarray


def compare(
    truth: Truth, answers: Sequence[Answers], signals: Sequence[tuple[str, str, Predictions]], *, out: Path | None
) -> dict[str, Any]:
    """Set systems beside each other on the photographs that all of them answered; print and save.

    AUROC, AUPRC and the calibration error are of those. Precision, recall and F1 of ``answers`` are of all photographs:
    what is refused or undecided is not said to be there, and so a positive among them is missed. ``cross_fit`` has F1
    on what all answered with calibration and thresholds fitted on other patients, the same way for every system.

    Args:
        truth: of the photographs.
        answers: of systems that saw them.
        signals: (name, what it sees, what it says) of streams that saw recordings.
        out: result file.
    """
    shared = np.all([one.answered for one in answers], axis=0)
    places = {record: at for at, record in enumerate(truth.photos)}
    for _, _, found in signals:
        seen = np.zeros(len(shared), bool)
        seen[[places[record] for record in found.record_ids if record in places]] = True
        shared &= seen
    rows = np.flatnonzero(shared)
    labels = truth.labels[rows]
    groups = patient_groups([truth.patients[row] for row in rows], [truth.photos[row] for row in rows])
    systems = [
        System(name=one.name, sees="photographs", probabilities=one.probabilities[shared], present=one.present[shared])
        for one in answers
    ]
    fit_of = partial(cross_fit, labels=labels, groups=groups, names=truth.names)
    fitted = {one.name: fit_of(_logits(one.probabilities)) for one in systems}
    for name, sees, found in signals:
        seen_at = {record: at for at, record in enumerate(found.record_ids)}
        fit = fit_of(found.logits[[seen_at[truth.photos[row]] for row in rows]])
        fitted[name] = fit
        systems.append(System(name=name, sees=sees, probabilities=fit.probabilities, present=fit.decisions))
    ranked = {one.name: _figures(one.probabilities, labels, one.present, truth.names) for one in systems}
    crossed = {
        one.name: _figures(fitted[one.name].probabilities, labels, fitted[one.name].decisions, truth.names)
        for one in systems
    }
    told = {
        one.name: _figures(np.nan_to_num(one.probabilities), truth.labels, one.present, truth.names) for one in answers
    }
    first = systems[0].name
    figures = {
        "photographs": len(truth.photos),
        "answered_by_all": int(shared.sum()),
        "positives": positives(truth.labels, names=truth.names),
        "positives_answered_by_all": positives(labels, names=truth.names),
        "bootstraps": BOOTSTRAPS,
        "systems": {
            one.name: {
                "sees": one.sees,
                "ranked": _told(ranked[one.name], ranked[first] if one.name != first else None, truth.names),
                "cross_fit": _told(crossed[one.name], crossed[first] if one.name != first else None, truth.names),
            }
            for one in systems
        },
        "answers": {
            one.name: {
                **_told(told[one.name], told[first] if one.name != first else None, truth.names),
                **_coverage(one, truth),
                "missed": _missed(one, truth),
            }
            for one in answers
        },
    }
    write_result(out, kind=KIND, figures=figures)
    print_table(figures)
    return figures


def _logits(probabilities: np.ndarray) -> np.ndarray:
    kept = np.clip(probabilities, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return np.asarray(np.log(kept / (1 - kept)))


def _figures(probabilities: np.ndarray, labels: np.ndarray, present: np.ndarray, names: tuple[str, ...]) -> Bootstrap:
    return bootstrap_figures(probabilities, labels, decisions=present, bootstraps=BOOTSTRAPS, names=names)


def _told(figures: Bootstrap, first: Bootstrap | None, names: tuple[str, ...]) -> dict[str, Any]:
    told = nested(figures.intervals(), names=names)
    return told if first is None else {**told, "minus_first": nested(figures.minus(first), names=names)}


def _coverage(answers: Answers, truth: Truth) -> dict[str, Any]:
    """How much is answered, and per label how much of its positives is decided."""
    decided = np.isfinite(answers.decisions)
    return {
        "answered": float(answers.answered.mean()),
        "decided": {name: float(decided[:, at].mean()) for at, name in enumerate(truth.names)},
        "positives_decided": {
            name: float(decided[truth.labels[:, at] == 1, at].mean()) for at, name in enumerate(truth.names)
        },
        "refused": dict(Counter(reason for reason in answers.reasons if reason).most_common()),
    }


def _missed(answers: Answers, truth: Truth) -> dict[str, list[list[Any]]]:
    """Per label, positives that are said to be absent, and their probability: the surest first."""
    found = {}
    for at, name in enumerate(truth.names):
        rows = np.flatnonzero((truth.labels[:, at] == 1) & (answers.decisions[:, at] == 0))
        rows = rows[np.argsort(answers.probabilities[rows, at])]
        found[name] = [[truth.photos[row], float(answers.probabilities[row, at])] for row in rows]
    return found


def print_table(figures: dict[str, Any]) -> None:
    """AUROC, AUPRC and F1 of every system, and AUPRC class by class."""
    table = Table(title=f"{figures['answered_by_all']} of {figures['photographs']} photographs, answered by all")
    for column in ("", "sees", "AUROC", "AUPRC", "F1, cross-fitted", "F1, as answered", *figures["positives"]):
        table.add_column(column)
    for name, one in figures["systems"].items():
        answered = figures["answers"].get(name)
        table.add_row(
            name,
            one["sees"],
            cell(one["ranked"]["macro"]["auroc"]),
            cell(one["ranked"]["macro"]["auprc"]),
            cell(one["cross_fit"]["macro"]["f1"]),
            "" if answered is None else cell(answered["macro"]["f1"]),
            *(f"{one['ranked']['classes'][label]['auprc']['value']:.3f}" for label in one["ranked"]["classes"]),
        )
    console().print(table)

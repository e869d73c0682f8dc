"""Does an artefact read ECGs as well as the float network? The gate, and what the manifest tells of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vizecg.scoring.calibrate import fit_decision_rule, recall_keeping_rule
from vizecg.scoring.flips import flips_by_class
from vizecg.scoring.metrics import Bootstrap, bootstrap_figures, decide, summarise
from vizecg.spec import AccuracyError, DecisionRule
from vizecg_export.request import GateLimits
from vizecg_export.targets import CONDITIONS

RETAINED = ("macro/f1", "macro/auroc")


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Records with labels, and what the float network makes of them.

    Attributes:
        data: name of the records.
        names: of the labels.
        labels: (n, labels) of 0 and 1.
        inks: one uint8 (n, height, width) per condition of ``CONDITIONS``.
        logits: one float (n, labels) per condition, of the float network.
        rule: fitted on those, all conditions together.
        figures: one per condition, of the float network under ``rule``.
    """

    data: str
    names: tuple[str, ...]
    labels: np.ndarray
    inks: tuple[np.ndarray, ...]
    logits: tuple[np.ndarray, ...]
    rule: DecisionRule
    figures: tuple[Bootstrap, ...]

    @classmethod
    def of_float(
        cls,
        *,
        data: str,
        names: tuple[str, ...],
        labels: np.ndarray,
        inks: tuple[np.ndarray, ...],
        logits: tuple[np.ndarray, ...],
    ) -> Evaluation:
        rule = fit_decision_rule(np.concatenate(logits), np.concatenate([labels] * len(logits)), names=names)
        figures = tuple(_figures(rule, answers, labels, names) for answers in logits)
        return cls(data=data, names=names, labels=labels, inks=inks, logits=logits, rule=rule, figures=figures)


def artefact_rule(evaluation: Evaluation, logits: tuple[np.ndarray, ...], *, limits: GateLimits) -> DecisionRule:
    """Calibration and thresholds refitted for an artefact; its undecided margin is its own 99th percentile of error."""
    own, floating = np.concatenate(logits), np.concatenate(evaluation.logits)
    return recall_keeping_rule(
        own,
        np.concatenate([evaluation.labels] * len(logits)),
        decisions=decide(evaluation.rule.probabilities(floating), evaluation.rule.threshold),
        groups=np.repeat(np.arange(len(logits)), len(evaluation.labels)),
        max_drop=limits.max_class_drop,
        margin=float(np.percentile(np.abs(own - floating), 99)),
        names=evaluation.names,
    )


def judge(evaluation: Evaluation, logits: tuple[np.ndarray, ...], rule: DecisionRule) -> dict[str, Any]:
    """Figures of an artefact beside the float network's, per condition: retention, recall lost, flips, calibration."""
    names = evaluation.names
    told: dict[str, Any] = {
        "data": evaluation.data,
        "kind": "validation: thresholds were fitted on it",
        "threshold_drift": _drift(evaluation.rule, rule, names),
    }
    columns = zip(CONDITIONS, logits, evaluation.logits, evaluation.figures, strict=True)
    for condition, own, floating, float_figures in columns:
        figures = _figures(rule, own, evaluation.labels, names)
        told[condition.value] = {
            "artefact": summarise(figures, evaluation.labels, thresholds=rule.threshold, names=names),
            "float": summarise(float_figures, evaluation.labels, thresholds=evaluation.rule.threshold, names=names),
            "retention": {key: figures.ratio(float_figures, key) for key in RETAINED},
            "recall_drop": {label: float_figures.difference(figures, f"{label}/recall") for label in names},
            "flips": _flips(evaluation, floating, own, rule),
        }
    return told


def check(told: dict[str, Any], *, limits: GateLimits, artefact: str) -> None:
    """Raise AccuracyError when an artefact is below the limits."""
    for condition in CONDITIONS:
        figures = told[condition.value]
        for key in RETAINED:
            value = figures["retention"][key]["value"]
            # A figure that is not defined cannot show that nothing was lost.
            if value is None or value < limits.min_retention:
                raise AccuracyError(
                    f"{artefact} keeps {_shown(value)} of the float network's {key} on {told['data']},"
                    f" {condition.value} (at least {limits.min_retention:g})"
                )
        for label, drop in figures["recall_drop"].items():
            value = drop["value"]
            if value is None or value > limits.max_class_drop:
                raise AccuracyError(
                    f"{artefact} loses {_shown(value)} of the recall of {label} on {told['data']}, {condition.value}"
                    f" (at most {limits.max_class_drop:g})"
                )


def _figures(rule: DecisionRule, logits: np.ndarray, labels: np.ndarray, names: tuple[str, ...]) -> Bootstrap:
    probabilities = rule.probabilities(logits)
    decisions = decide(probabilities, rule.threshold)
    return bootstrap_figures(probabilities, labels, decisions=decisions, bootstraps=300, names=names)


def _flips(evaluation: Evaluation, floating: np.ndarray, own: np.ndarray, rule: DecisionRule) -> dict[str, Any]:
    """Per class: decisions that only the float network, or only the artefact, has right."""
    before = decide(evaluation.rule.probabilities(floating), evaluation.rule.threshold)
    after = decide(rule.probabilities(own), rule.threshold)
    turned = flips_by_class(before, after, evaluation.labels, names=evaluation.names)
    return {label: asdict(flips) for label, flips in turned.items()}


def _drift(floating: DecisionRule, own: DecisionRule, names: tuple[str, ...]) -> dict[str, Any]:
    """Where the threshold of each class lies, as a logit of the network: float, artefact."""
    return {
        label: {"float": round(a, 4), "artefact": round(b, 4), "drift": round(b - a, 4)}
        for label, a, b in zip(names, floating.cuts.tolist(), own.cuts.tolist(), strict=True)
    }


def _shown(value: float | None) -> str:
    return "an undefined share" if value is None else f"{value:.4f}"

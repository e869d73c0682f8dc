"""Figures of a contender on a section, beside those of the float network on the same records and resamples."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from vizecg.scoring.flips import flips_by_class
from vizecg.scoring.metrics import Bootstrap, bootstrap_figures, decide, positives
from vizecg.spec import DecisionRule
from vizecg_bench.run.schema import Flips, Interval, Section

METRICS = ("auroc", "auprc", "f1", "precision", "recall", "ece")
RETAINED = ("f1", "auroc")
BOOTSTRAPS = 300


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Answers under a rule, ``probabilities`` float64 and ``decisions`` of 0 and 1, (n, labels), and their figures."""

    names: tuple[str, ...]
    figures: Bootstrap
    probabilities: np.ndarray
    decisions: np.ndarray


def score_logits(
    logits: np.ndarray,
    labels: np.ndarray,
    rule: DecisionRule,
    *,
    names: tuple[str, ...],
    bootstraps: int = BOOTSTRAPS,
    seed: int = 0,
) -> Scored:
    """Answers and figures of logits (n, labels) for labels (n, labels) of 0 and 1. With the same ``bootstraps`` and
    ``seed`` contenders are paired.

    Raises:
        ValueError: the shapes differ, or the logits are not finite.
    """
    probabilities = rule.probabilities(logits)
    decisions = decide(probabilities, rule.threshold)
    figures = bootstrap_figures(
        probabilities, labels, decisions=decisions, bootstraps=bootstraps, seed=seed, names=names
    )
    return Scored(names=names, figures=figures, probabilities=probabilities, decisions=decisions)


def section_of(own: Scored, floating: Scored, labels: np.ndarray) -> Section:
    """What a result holds of a contender beside the float network; both of the same records and resamples."""
    figures, whole, names = own.figures, floating.figures, own.names
    flips = flips_by_class(floating.decisions, own.decisions, labels, names=names)
    return Section(
        n=len(labels),
        positives=positives(labels, names=names),
        macro={name: Interval(**figures.interval(f"macro/{name}")) for name in METRICS},
        classes={label: {name: Interval(**figures.interval(f"{label}/{name}")) for name in METRICS} for label in names},
        retention={name: Interval(**figures.ratio(whole, f"macro/{name}")) for name in RETAINED},
        recall_change={label: Interval(**figures.difference(whole, f"{label}/recall")) for label in names},
        flips={label: Flips(**asdict(turned)) for label, turned in flips.items()},
        largest_difference=round(float(np.abs(own.probabilities - floating.probabilities).max()), 6),
    )

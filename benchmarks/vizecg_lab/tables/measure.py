"""From the logits of several seeds to figures with intervals, which can be set against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vizecg.scoring.cross_fit import cross_fit
from vizecg.scoring.metrics import Bootstrap, bootstrap_figures, nested, positives
from vizecg.spec import CODE6
from vizecg.spec.decide import sigmoid
from vizecg_lab.tables.training import Scores

BOOTSTRAPS = 300


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A row in one way of looking: the mean over its seeds, and each seed's.

    Every seed is measured on the same records and the same resamples of them, so the interval is that of the mean.
    """

    mean: Bootstrap
    seeds: tuple[Bootstrap, ...]
    n: int
    positives: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "positives": self.positives,
            **nested(self.mean.intervals(), names=CODE6.names),
            "macro_of_seeds": [nested(seed.intervals(), names=CODE6.names)["macro"] for seed in self.seeds],
        }

    def minus(self, other: Figures) -> dict[str, Any]:
        """Macro differences, paired over records and seeds."""
        return dict(nested(self.mean.minus(other.mean), names=CODE6.names)["macro"])


def figures_of(seeds: Sequence[Scores]) -> Figures:
    """Figures of one row in one way of looking.

    Thresholds are cross-fitted on the validation records: each record is decided by thresholds that it had no part in.
    AUROC, AUPRC and calibration error are of the uncalibrated scores.
    """
    of_seeds = []
    for scores in seeds:
        groups = [str(group) for group in scores.groups]
        decisions = cross_fit(scores.logits, scores.labels, groups, names=CODE6.names).decisions
        of_seeds.append(
            bootstrap_figures(
                sigmoid(scores.logits),
                scores.labels,
                decisions=decisions,
                bootstraps=BOOTSTRAPS,
                names=CODE6.names,
            )
        )
    mean = Bootstrap(
        values={key: np.mean([seed.values[key] for seed in of_seeds], axis=0) for key in of_seeds[0].values}
    )
    labels = seeds[0].labels
    return Figures(
        mean=mean,
        seeds=tuple(of_seeds),
        n=len(labels),
        positives=positives(labels, names=CODE6.names),
    )

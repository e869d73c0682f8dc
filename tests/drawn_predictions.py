"""Logits and labels that were drawn, not predicted, and a classifier that hands them on."""

from __future__ import annotations

import numpy as np

from vizecg.spec import CODE6, DecisionRule, SheetSpec
from vizecg.spec.decide import sigmoid
from vizecg.spec.preprocess import PreprocessSpec
from vizecg.train.evaluation.predict import Classifier, Predictions

TEMPERATURE, SHIFT = 2.5, 1.0
HALF = (0.5,) * len(CODE6)


def drawn(n: int = 600, *, seed: int = 0, temperature: float = TEMPERATURE, shift: float = SHIFT) -> Predictions:
    """Records, three to a patient, whose logits are too bold by ``temperature`` and too high by ``shift``."""
    rng = np.random.default_rng(seed)
    right = rng.normal(-1.5, 1.5, (n, 6))
    return Predictions(
        record_ids=tuple(f"r{seed}-{row}" for row in range(n)),
        patient_ids=tuple(f"p{seed}-{row // 3}" for row in range(n)),
        logits=right * temperature + shift,
        labels=(rng.random((n, 6)) < sigmoid(right)).astype(np.float32),
        refused={},
    )


def classifier(rule: DecisionRule | None = None) -> Classifier:
    return Classifier(
        name="drawn", fingerprint="0" * 64, labels=CODE6, sheet=SheetSpec(), preprocess=PreprocessSpec(),
        rule=rule or DecisionRule.plain(6), logits=lambda inputs: inputs,
    )  # fmt: skip

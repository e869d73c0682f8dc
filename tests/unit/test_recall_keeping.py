"""Thresholds of an artefact that keep the recall of the network it was made from."""

from __future__ import annotations

import numpy as np
import pytest

from vizecg.scoring.calibrate import best_f1_threshold, fit_decision_rule, recall_keeping_rule
from vizecg.spec import CODE6

pytestmark = pytest.mark.unit


def case(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """logits and labels (400, 6) in two groups of 200."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((400, 6)) < 0.2).astype(np.float32)
    return 2.0 * labels - 1 + rng.normal(size=labels.shape), labels, np.repeat([0, 1], 200)


def recall(decisions: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.asarray((decisions * labels).sum(axis=0) / labels.sum(axis=0))


@pytest.mark.parametrize("max_drop", [0.0, 0.02, 0.1])
def test_no_group_loses_more_recall_than_allowed(max_drop: float) -> None:
    logits, labels, groups = case()
    rule = fit_decision_rule(logits, labels, names=CODE6.names)
    before = rule.probabilities(logits) >= np.array(rule.threshold)
    noisy = logits + np.random.default_rng(1).normal(size=logits.shape) * 0.4
    kept = recall_keeping_rule(noisy, labels, decisions=before, groups=groups, max_drop=max_drop, names=CODE6.names)
    after = kept.probabilities(noisy) >= np.array(kept.threshold)
    for group in (0, 1):
        here = groups == group
        lost = recall(before[here], labels[here]) - recall(after[here], labels[here])
        assert lost.max() <= max_drop + 1e-6
    free = fit_decision_rule(noisy, labels, names=CODE6.names)
    lost_freely = recall(before, labels) - recall(noisy_decisions(free, noisy), labels)
    assert lost_freely.max() > max_drop or kept.threshold == free.threshold


def noisy_decisions(rule, logits: np.ndarray) -> np.ndarray:  # type: ignore[no-untyped-def]
    return np.asarray(rule.probabilities(logits) >= np.array(rule.threshold))


def test_without_need_it_is_the_threshold_of_best_f1() -> None:
    logits, labels, groups = case(2)
    rule = fit_decision_rule(logits, labels, margin=0.3, names=CODE6.names)
    decisions = noisy_decisions(rule, logits)
    assert (
        recall_keeping_rule(
            logits, labels, decisions=decisions, groups=groups, max_drop=0.0, margin=0.3, names=CODE6.names
        )
        == rule
    )


def test_hits_that_must_be_found_lower_the_threshold() -> None:
    probabilities = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3])
    labels = np.array([1, 1, 0, 0, 0, 0, 1])
    groups = np.zeros(7)
    assert best_f1_threshold(probabilities, labels) == pytest.approx(0.75)
    assert best_f1_threshold(probabilities, labels, groups=groups, least_hits={0.0: 2}) == pytest.approx(0.75)
    assert best_f1_threshold(probabilities, labels, groups=groups, least_hits={0.0: 3}) < 0.3

"""Folds, calibration, bootstrap and the tables of an evaluation, on drawn logits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from drawn_predictions import HALF, TEMPERATURE, classifier, drawn
from tolerances import tolerance
from vizecg.models.vision import ensure_torchvision
from vizecg.scoring.calibrate import fit_class
from vizecg.scoring.cross_fit import cross_fit, transfer_fit
from vizecg.scoring.curves import reliability
from vizecg.scoring.folds import grouped_folds, patient_groups
from vizecg.scoring.metrics import bootstrap_figures, decide, evaluate_scores
from vizecg.scoring.platt import fit_temperature
from vizecg.spec import CODE6, DecisionRule, UsageError
from vizecg.spec.decide import sigmoid
from vizecg.train.evaluation.measure import Fit, measure, paired, result
from vizecg.train.evaluation.tables import text_tables

pytestmark = pytest.mark.unit


def ece(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    ensure_torchvision()  # which torchmetrics brings
    from torchmetrics.functional.classification import binary_calibration_error

    truth = torch.as_tensor(labels).long()
    scores = torch.as_tensor(probabilities)
    return np.array([float(binary_calibration_error(scores[:, i], truth[:, i], n_bins=15)) for i in range(6)])


def test_no_patient_is_in_two_folds_and_positives_are_in_all() -> None:
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 80, 400).astype(str)
    labels = (rng.random(400) < 0.08).astype(float)
    folds = grouped_folds(labels, groups, folds=5, seed=0)
    for group in np.unique(groups):
        assert len(set(folds[groups == group])) == 1
    positives = np.bincount(folds, weights=labels)
    assert len(positives) == 5
    assert positives.max() - positives.min() <= 3, "as even as patients with several positives allow"
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() <= 15
    assert not np.array_equal(folds, grouped_folds(labels, groups, folds=5, seed=1))


def test_unknown_patients_are_alone() -> None:
    assert patient_groups(("7", None, " ", "", "7 "), ("a", "b", "c", "d", "e")) == (
        "patient:7", "record:b", "record:c", "record:d", "patient:7",
    )  # fmt: skip
    folds = grouped_folds(np.ones(10), [""] * 10, folds=5, seed=0)
    assert np.bincount(folds).tolist() == [2] * 5


def test_fewer_positive_patients_make_fewer_folds() -> None:
    labels = np.zeros(40)
    labels[:3] = 1
    assert grouped_folds(labels, list(map(str, range(40))), folds=5, seed=0).max() == 2
    # The same three records of one patient cannot be divided.
    with pytest.raises(UsageError, match=r"cross-fitting SB needs .* got 3 of 1 among 40 records"):
        grouped_folds(labels, ["p", "p", "p", *map(str, range(37))], folds=5, seed=0, name="SB")
    with pytest.raises(UsageError, match="at least 2 folds, got 1"):
        grouped_folds(labels, [""] * 40, folds=1, seed=0)


def test_a_class_that_cannot_be_cross_fitted_is_named() -> None:
    found = drawn(60)
    found.labels[:, 4] = 0
    found.labels[7, 4] = 1
    with pytest.raises(UsageError, match=r"cross-fitting AF needs .* got 1 of 1 among 60 records"):
        cross_fit(found.logits, found.labels, found.groups, names=CODE6.names)
    found.labels[:, 4] = 1
    with pytest.raises(UsageError, match="with and without AF"):
        cross_fit(found.logits, found.labels, found.groups, names=CODE6.names)


def test_cross_fitting_recovers_the_temperature_and_calibrates() -> None:
    found = drawn(3000, shift=0.0)
    answers = cross_fit(found.logits, found.labels, found.groups, names=CODE6.names)
    assert [len(fits) for fits in answers.temperatures] == [5] * 6
    for fits in answers.temperatures:
        assert np.mean(fits) == pytest.approx(TEMPERATURE, rel=tolerance("platt"))
    before = ece(sigmoid(found.logits), found.labels)
    assert (ece(answers.tempered, found.labels) < before / 2).all()
    assert (ece(answers.probabilities, found.labels) < before / 2).all()


def test_a_shift_is_mended_by_platt_and_not_by_temperature() -> None:
    found = drawn(3000)
    answers = cross_fit(found.logits, found.labels, found.groups, names=CODE6.names)
    assert (ece(answers.probabilities, found.labels) < ece(answers.tempered, found.labels)).all()


def test_temperature_is_the_scale_of_a_rule_without_bias() -> None:
    found = drawn(20000, shift=0.0)
    temperature = fit_temperature(found.logits[:, 0], found.labels[:, 0])
    assert temperature == pytest.approx(TEMPERATURE, abs=tolerance("platt"))
    rule = DecisionRule.plain(6, scale=(1 / temperature,) * 6)
    np.testing.assert_allclose(rule.probabilities(found.logits), sigmoid(found.logits / temperature), rtol=1e-12)


def test_no_record_is_answered_by_a_fit_of_its_own_patient() -> None:
    """Whatever the logits of one patient are, the fits that answer that patient stay as they were."""
    found = drawn(300)
    first = cross_fit(found.logits, found.labels, found.groups, names=CODE6.names)
    mine = np.array(found.patient_ids) == "p0-5"
    changed = found.logits.copy()
    changed[mine] += 40.0
    second = cross_fit(changed, found.labels, found.groups, names=CODE6.names)
    for column in range(6):
        (fold,) = set(first.folds[mine, column])
        assert first.temperatures[column][fold] == second.temperatures[column][fold]
        assert first.thresholds[column][fold] == second.thresholds[column][fold]
        others = [number for number in range(5) if number != fold]
        assert all(first.temperatures[column][n] != second.temperatures[column][n] for n in others)


def test_every_record_is_decided_by_the_threshold_of_its_fold() -> None:
    found = drawn(300)
    answers = cross_fit(found.logits, found.labels, found.groups, names=CODE6.names)
    for column, thresholds in enumerate(answers.thresholds):
        wanted = answers.probabilities[:, column] >= np.array(thresholds)[answers.folds[:, column]]
        np.testing.assert_array_equal(answers.decisions[:, column], wanted)


def test_fits_are_carried_over_from_validation() -> None:
    validation, found = drawn(900, seed=1), drawn(300, seed=2)
    answers = transfer_fit(
        found.logits, fitting_logits=validation.logits, fitting_labels=validation.labels, names=CODE6.names
    )
    fit = fit_class(validation.logits[:, 2], validation.labels[:, 2], name="LBBB")
    np.testing.assert_array_equal(answers.probabilities[:, 2], sigmoid(found.logits[:, 2] * fit.scale + fit.bias))
    assert answers.thresholds[2] == (fit.threshold,)


def test_given_decisions_are_as_good_as_thresholds() -> None:
    found = drawn(200)
    scores, thresholds = sigmoid(found.logits), (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    by_threshold = evaluate_scores(scores, found.labels, thresholds=thresholds, bootstraps=20, names=CODE6.names)
    by_decision = evaluate_scores(
        scores, found.labels, decisions=decide(scores, thresholds), bootstraps=20, names=CODE6.names
    )
    assert by_decision["thresholds"] is None
    assert by_threshold | {"thresholds": None} == by_decision
    with pytest.raises(ValueError, match="one of"):
        evaluate_scores(scores, found.labels, names=CODE6.names)
    with pytest.raises(ValueError, match="0 or 1"):
        evaluate_scores(scores, found.labels, decisions=scores, names=CODE6.names)
    with pytest.raises(ValueError, match="expected three"):
        evaluate_scores(scores, found.labels[:, :5], decisions=found.labels[:, :5], names=CODE6.names)


def test_figures_are_those_of_torchmetrics() -> None:
    ensure_torchvision()
    from torchmetrics.functional.classification import multilabel_auroc

    found = drawn(200)
    scores = sigmoid(found.logits)
    figures = bootstrap_figures(scores, found.labels, decisions=decide(scores, HALF), bootstraps=2, names=CODE6.names)
    expected = multilabel_auroc(torch.as_tensor(scores), torch.as_tensor(found.labels).long(), 6, average="macro")
    assert figures.point["macro/auroc"] == pytest.approx(float(expected), abs=tolerance("f32-reorder"))
    mean = ece(scores, found.labels).mean()
    assert figures.point["macro/ece"] == pytest.approx(mean, abs=tolerance("f32-reorder"))


def test_the_bins_of_the_diagram_are_those_of_the_error() -> None:
    found = drawn(500)
    scores = sigmoid(found.logits)
    for column in range(6):
        said, share, count = reliability(scores[:, column], found.labels[:, column])
        error = float((np.abs(said - share) * count).sum() / count.sum())
        assert error == pytest.approx(ece(scores, found.labels)[column], abs=tolerance("f32-reorder"))


def test_paired_differences() -> None:
    found = drawn(300)
    scores = sigmoid(found.logits)
    worse = sigmoid(found.logits + np.random.default_rng(1).normal(0, 3, found.logits.shape))

    def figures(values: np.ndarray) -> dict[str, dict[str, float | None]]:
        other = bootstrap_figures(
            values, found.labels, decisions=decide(values, HALF), bootstraps=60, names=CODE6.names
        )
        base = bootstrap_figures(scores, found.labels, decisions=decide(scores, HALF), bootstraps=60, names=CODE6.names)
        return other.minus(base)

    assert all(set(difference.values()) == {0.0} for difference in figures(scores).values())
    fell = figures(worse)["macro/auroc"]
    assert fell["low"] is not None
    assert fell["high"] is not None
    assert fell["low"] < fell["high"] < 0
    alone = bootstrap_figures(worse, found.labels, decisions=decide(worse, HALF), bootstraps=60, names=CODE6.names)
    spread = np.ptp(np.percentile(alone.values["macro/auroc"][1:], [2.5, 97.5]))
    assert fell["high"] - fell["low"] < 2 * spread, "what both share is no part of the difference"


def test_records_that_one_condition_refused_are_compared_nowhere() -> None:
    found = drawn(9)
    fewer = found.only({*found.record_ids[:4], *found.record_ids[6:]})
    left, right = paired([found, fewer])
    assert left.record_ids == right.record_ids == fewer.record_ids
    np.testing.assert_array_equal(left.logits, found.logits[[0, 1, 2, 3, 6, 7, 8]])
    assert left.patient_ids[4] == "p0-2"


def test_one_condition_stands_at_the_top_as_well() -> None:
    rule = DecisionRule.plain(6, scale=(0.5,) * 6, threshold=(0.4,) * 6)
    one = measure("clean", classifier(rule), drawn(200), bootstraps=10)
    figures = result(classifier(rule), data="drawn", fit=Fit.NONE, measured=[one])
    assert figures["schema_version"] == 2
    assert figures["condition"] == "clean"
    assert figures["macro"] == figures["conditions"]["clean"]["macro"]
    assert figures["differences"] is figures["conditions"]["clean"]["calibrated"] is None
    expected = evaluate_scores(
        rule.probabilities(drawn(200).logits),
        drawn(200).labels,
        thresholds=rule.threshold,
        bootstraps=10,
        names=CODE6.names,
    )
    assert {key: figures[key] for key in expected} == expected
    assert text_tables(figures).splitlines()[0] == "drawn on drawn, clean, n = 200"

"""A pack's figures, in numpy, are those of ``vizecg.scoring.metrics`` and of the exporter's gate, in torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tolerances import tolerance
from vizecg.scoring.metrics import bootstrap_figures, decide
from vizecg.spec import LABELS, DecisionRule
from vizecg.spec.decide import sigmoid
from vizecg_bench.pack.figures import METRICS, Sampled, sample, section_of, weights_of
from vizecg_export.accuracy import Evaluation, judge

pytestmark = pytest.mark.parity

N = 400
OWN = DecisionRule(scale=(0.9,) * 6, bias=(-0.2, 0.1, 0.0, 0.3, 0.0, 0.0), threshold=(0.3, 0.4, 0.5, 0.6, 0.2, 0.7))


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels and two contenders' logits, rounded so that some scores are equal and some saturate."""
    rng = np.random.default_rng(4)
    logits = np.round(rng.normal(-2, 2.5, (N, 6)), 1)
    logits[:5] = 40.0
    labels = (rng.uniform(size=(N, 6)) < sigmoid(logits)).astype(np.int64)
    return labels, logits, np.round(logits + rng.normal(0, 0.4, logits.shape), 1)


def sampled(labels: np.ndarray, logits: np.ndarray, rule: DecisionRule, bootstraps: int = 200) -> Sampled:
    return sample(logits, labels, rule, weights_of(len(labels), bootstraps=bootstraps))


def reference(labels: np.ndarray, logits: np.ndarray, rule: DecisionRule, bootstraps: int = 200) -> Any:
    probabilities = rule.probabilities(logits)
    decisions = decide(probabilities, rule.threshold)
    return bootstrap_figures(probabilities, labels, decisions=decisions, bootstraps=bootstraps)


@pytest.mark.parametrize("without", [None, "positives", "negatives", "decisions"])
def test_figures_are_torchmetrics(drawn: tuple[np.ndarray, ...], without: str | None) -> None:
    labels, logits = drawn[0].copy(), drawn[1]
    rule = OWN
    if without in ("positives", "negatives"):
        labels[:, 2] = int(without == "negatives")
    elif without == "decisions":
        labels[:5, 2], logits = 0, logits - 100 * (np.arange(6) == 2)
    own, other = sampled(labels, logits, rule, 2), reference(labels, logits, rule, 2)
    for key in [f"{group}/{name}" for group in ("macro", *LABELS) for name in METRICS]:
        np.testing.assert_allclose(own.values[key][0], other.point[key], atol=tolerance("f32-reorder"), err_msg=key)


def test_figures_of_a_resample_are_those_of_its_records(drawn: tuple[np.ndarray, ...]) -> None:
    labels, logits, _ = drawn
    weights = weights_of(N, bootstraps=3, seed=7)
    own = sample(logits, labels, OWN, weights)
    for number in (1, 2, 3):
        rows = np.repeat(np.arange(N), weights[number].astype(int))
        other = reference(labels[rows], logits[rows], OWN, 1)
        for name in METRICS:
            got = own.values[f"macro/{name}"][number]
            np.testing.assert_allclose(got, other.point[f"macro/{name}"], atol=tolerance("f32-reorder"))


def test_section_is_what_the_exporters_gate_tells(
    drawn: tuple[np.ndarray, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def few(*arrays: np.ndarray, decisions: np.ndarray, bootstraps: int) -> Any:
        return bootstrap_figures(*arrays, decisions=decisions, bootstraps=min(bootstraps, 10))

    monkeypatch.setattr("vizecg_export.accuracy.bootstrap_figures", few)  # 300 would take a minute
    labels, floating, logits = drawn
    inks = (np.zeros((N, 1, 1), np.uint8),) * 2
    evaluation = Evaluation.of_float(data="d", labels=labels, inks=inks, logits=(floating, floating))
    gate = judge(evaluation, (logits, logits), OWN)["photo"]
    section = section_of(sampled(labels, logits, OWN), sampled(labels, floating, evaluation.rule), labels)

    assert {"n": section.n, "positives": section.positives} == {k: gate["artefact"][k] for k in ("n", "positives")}
    for name in METRICS:
        _alike(section.macro[name].model_dump(), gate["artefact"]["macro"][name])
        for label in LABELS:
            _alike(section.classes[label][name].model_dump(), gate["artefact"]["classes"][label][name])
    for name in ("f1", "auroc"):
        _alike(section.retention[name].model_dump(), gate["retention"][f"macro/{name}"])
    for label in LABELS:
        drop = gate["recall_drop"][label]
        _alike(section.recall_change[label].model_dump(), {key: -drop[key] for key in drop})
        assert section.flips[label].model_dump() == gate["flips"][label]


def _alike(own: dict[str, Any], other: dict[str, Any]) -> None:
    """The same figure, rounded to five decimals, and an interval that overlaps one from few other resamples."""
    assert own["value"] == pytest.approx(other["value"], abs=1e-5 + tolerance("f32-reorder"))
    low, high = sorted((other["low"], other["high"]))
    assert own["low"] <= high
    assert low <= own["high"]

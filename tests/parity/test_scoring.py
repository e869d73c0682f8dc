"""``vizecg.scoring``, in numpy, gives the numbers of torchmetrics, SciPy and torch, to packs and the exporter alike."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import binomtest
from torch.nn import functional as F

from tolerances import tolerance
from vizecg.models.vision import ensure_torchvision
from vizecg.scoring.curves import precision_recall, roc
from vizecg.scoring.flips import mcnemar_p
from vizecg.scoring.metrics import ECE_BINS, Bootstrap, decide
from vizecg.scoring.platt import fit_platt, fit_temperature
from vizecg.scoring.resamples import Resamples
from vizecg.spec import CODE6, DecisionRule
from vizecg.spec.decide import sigmoid
from vizecg_bench.pack.figures import METRICS, score_logits, section_of
from vizecg_export.accuracy import Evaluation, judge

pytestmark = pytest.mark.parity

N = 400
OWN = DecisionRule.plain(
    6, scale=(0.9,) * 6, bias=(-0.2, 0.1, 0.0, 0.3, 0.0, 0.0), threshold=(0.3, 0.4, 0.5, 0.6, 0.2, 0.7)
)


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels and two contenders' logits, rounded so that some scores are equal and some saturate."""
    rng = np.random.default_rng(4)
    logits = np.round(rng.normal(-2, 2.5, (N, 6)), 1)
    logits[:5] = 40.0
    labels = (rng.uniform(size=(N, 6)) < sigmoid(logits)).astype(np.int64)
    return labels, logits, np.round(logits + rng.normal(0, 0.4, logits.shape), 1)


def scored(labels: np.ndarray, logits: np.ndarray, *, bootstraps: int) -> Bootstrap:
    return score_logits(logits, labels, OWN, names=CODE6.names, bootstraps=bootstraps, seed=7).figures


def reference(labels: np.ndarray, logits: np.ndarray) -> dict[str, float]:
    """By torchmetrics; classes without positives, or without negatives for AUROC, are left out of the means."""
    ensure_torchvision()
    from torchmetrics.functional import classification as metrics

    probabilities = OWN.probabilities(logits)
    scores, truth = torch.as_tensor(probabilities, dtype=torch.float32), torch.as_tensor(labels)
    decided = torch.as_tensor(decide(probabilities, OWN.threshold))
    told: dict[str, list[float]] = {name: [] for name in METRICS}
    for column in range(6):
        score, true, said = scores[:, column].contiguous(), truth[:, column], decided[:, column]
        present, absent = bool(true.any()), not bool(true.all())
        precision, recall = float(metrics.binary_precision(said, true)), float(metrics.binary_recall(said, true))
        total = precision + recall
        told["precision"].append(precision if present else math.nan)
        told["recall"].append(recall if present else math.nan)
        told["f1"].append((2 * precision * recall / total if total else 0.0) if present else math.nan)
        told["auroc"].append(float(metrics.binary_auroc(score, true)) if present and absent else math.nan)
        told["auprc"].append(float(metrics.binary_average_precision(score, true)) if present else math.nan)
        told["ece"].append(float(metrics.binary_calibration_error(score, true, n_bins=ECE_BINS)))
    macro = {f"macro/{name}": float(np.nanmean(values)) for name, values in told.items()}
    p, r = macro["macro/precision"], macro["macro/recall"]
    own = {f"{label}/{name}": told[name][i] for name in METRICS for i, label in enumerate(CODE6.names)}
    return macro | own | {"macro/f1_of_macro": 2 * p * r / (p + r)}


def test_curves_are_torchmetrics(drawn: tuple[np.ndarray, ...]) -> None:
    ensure_torchvision()
    from torchmetrics.functional.classification import binary_precision_recall_curve, binary_roc

    labels, logits, _ = drawn
    scores = sigmoid(logits[:, 3]).astype(np.float32)
    given = torch.as_tensor(scores), torch.as_tensor(labels[:, 3])
    for own, other in (
        (roc(scores, labels[:, 3]), binary_roc(*given)),
        (precision_recall(scores, labels[:, 3]), binary_precision_recall_curve(*given)),
    ):
        for axis in (0, 1):
            np.testing.assert_allclose(own[axis], other[axis], atol=tolerance("f32-reorder"))


@pytest.mark.filterwarnings("ignore:No (positive|negative) samples")
@pytest.mark.parametrize("without", [None, "positives", "negatives", "decisions"])
def test_figures_are_torchmetrics(drawn: tuple[np.ndarray, ...], without: str | None) -> None:
    labels, logits = drawn[0].copy(), drawn[1]
    if without in ("positives", "negatives"):
        labels[:, 2] = int(without == "negatives")
    elif without == "decisions":
        labels[:5, 2], logits = 0, logits - 100 * (np.arange(6) == 2)
    own, other = scored(labels, logits, bootstraps=2), reference(labels, logits)
    assert own.values.keys() == other.keys()
    for key, value in other.items():
        np.testing.assert_allclose(own.point[key], value, atol=tolerance("f32-reorder"), err_msg=key)


def test_figures_of_a_resample_are_those_of_its_records(drawn: tuple[np.ndarray, ...]) -> None:
    labels, logits, _ = drawn
    own = scored(labels, logits, bootstraps=3)
    (weights,) = Resamples(n=N, bootstraps=3, seed=7).weights()
    for number in (1, 2, 3):
        rows = np.repeat(np.arange(N), weights[number].astype(int))
        assert len(rows) == N
        for key, value in reference(labels[rows], logits[rows]).items():
            np.testing.assert_allclose(own.values[key][number], value, atol=tolerance("f32-reorder"), err_msg=key)


def test_resamples_in_blocks_are_those_at_once(drawn: tuple[np.ndarray, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    labels, logits, _ = drawn
    at_once = scored(labels, logits, bootstraps=20)
    monkeypatch.setattr("vizecg.scoring.resamples._BLOCK", 3 * N)
    assert len(list(Resamples(n=N, bootstraps=20).weights())) == 7
    in_blocks = scored(labels, logits, bootstraps=20)
    for key, values in at_once.values.items():
        np.testing.assert_allclose(in_blocks.values[key], values, rtol=1e-12, err_msg=key)


def test_mcnemar_is_the_exact_binomial_test() -> None:
    for lost, won in ((0, 0), (0, 1), (3, 3), (9, 2), (2, 9), (40, 71), (1500, 1600)):
        expected = binomtest(lost, lost + won).pvalue if lost + won else 1.0
        assert mcnemar_p(lost, won) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("case", ["usual", "separated", "against"])
def test_platt_is_at_the_minimum_that_torch_finds(case: str) -> None:
    """Also where a class separates perfectly, and where the logits point the wrong way."""
    rng = np.random.default_rng(2)
    x = rng.normal(-1, 3, 500)
    y = {"usual": rng.random(500) < sigmoid(0.6 * x - 1), "separated": x > 1, "against": rng.random(500) < sigmoid(-x)}
    labels = y[case].astype(np.float64)
    for with_bias, own in ((1.0, fit_platt(x, labels)), (0.0, (1 / fit_temperature(x, labels), 0.0))):
        fitted = lbfgs(torch.as_tensor(x), torch.as_tensor(labels), with_bias)
        np.testing.assert_allclose([np.log(own[0]), own[1]], fitted, atol=tolerance("platt-lbfgs"))


def lbfgs(x: torch.Tensor, y: torch.Tensor, with_bias: float) -> np.ndarray:
    """Logarithm of the scale, and bias, of least regularised cross-entropy."""
    parameters = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    free = torch.tensor([1.0, with_bias], dtype=torch.float64)
    optimiser = torch.optim.LBFGS([parameters], max_iter=500, tolerance_change=1e-14, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        log_scale, bias = parameters * free
        loss = F.binary_cross_entropy_with_logits(x * log_scale.exp() + bias, y) + 1e-3 * log_scale**2
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)
    return np.asarray((parameters * free).detach())


def test_a_packs_section_is_what_the_exporters_gate_tells(drawn: tuple[np.ndarray, ...]) -> None:
    labels, floating, logits = drawn
    inks = (np.zeros((N, 1, 1), np.uint8),) * 2
    evaluation = Evaluation.of_float(data="d", names=CODE6.names, labels=labels, inks=inks, logits=(floating, floating))
    gate = judge(evaluation, (logits, logits), OWN)["photo"]
    own = score_logits(logits, labels, OWN, names=CODE6.names)
    section = section_of(own, score_logits(floating, labels, evaluation.rule, names=CODE6.names), labels)

    assert {"n": section.n, "positives": section.positives} == {k: gate["artefact"][k] for k in ("n", "positives")}
    for name in METRICS:
        assert section.macro[name].model_dump() == gate["artefact"]["macro"][name]
        for label in CODE6.names:
            assert section.classes[label][name].model_dump() == gate["artefact"]["classes"][label][name]
    for name in ("f1", "auroc"):
        assert section.retention[name].model_dump() == gate["retention"][f"macro/{name}"]
    for label in CODE6.names:
        drop, change = gate["recall_drop"][label], section.recall_change[label]
        assert (change.value, change.low, change.high) == (-drop["value"], -drop["high"], -drop["low"])
        assert section.flips[label].model_dump() == gate["flips"][label]

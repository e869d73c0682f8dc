"""Exports that are broken on purpose, of the shipped model: the gates must stop every one of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from exporting import Broken, bad_scale, noise, permuted_labels, quiet, wrong_normalisation
from vizecg.data.source import synthetic_source
from vizecg.spec import CODE6, AccuracyError, ParityError
from vizecg.train.checkpoint import load_checkpoint
from vizecg_export import accuracy
from vizecg_export.accuracy import Evaluation, GateLimits
from vizecg_export.attempts import Wanted, accept
from vizecg_export.calibration import CalibrationSpec, calibration_conditions, calibration_set
from vizecg_export.defaults import DEFAULT_CHECKPOINT
from vizecg_export.recipes.onnx import OnnxRecipe
from vizecg_export.subject import Subject, make_subject
from vizecg_export.targets import CONDITIONS, Machine, OnFail, Precision, Scope

pytestmark = pytest.mark.integration

LIMITS = GateLimits()


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    cache = tmp_path_factory.mktemp("cache")
    checkpoint = load_checkpoint(DEFAULT_CHECKPOINT)
    config = checkpoint.config
    spec = CalibrationSpec(
        sheet=config.sheet_spec(),
        preprocess=config.preprocess_spec(),
        conditions=calibration_conditions(config.conditions),
        per_class=14,
    )
    calibration = calibration_set(synthetic_source(200, seed=101), spec, cache=cache)
    return make_subject(checkpoint, calibration=calibration, evaluation=None, cache=cache, workers=1)


def wanted(recipe: OnnxRecipe, **changes: object) -> Wanted:
    arguments: dict[str, object] = {
        "recipe": recipe, "precision": Precision.INT8, "machine": Machine.ANY, "on_fail": OnFail.STOP,
        "limits": LIMITS, "calibrators": ("minmax",),
    }  # fmt: skip
    return Wanted(**{**arguments, **changes})  # type: ignore[arg-type]


def test_the_right_export_passes(subject: Subject, tmp_path: Path) -> None:
    accepted = accept(wanted(OnnxRecipe()), subject, tmp_path, say=quiet)
    assert [file.name for file in tmp_path.iterdir()] == ["model_int8.onnx"]
    assert (accepted.artefact.scope, accepted.artefact.fallbacks) == (Scope.FULL.value, ())


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(Broken(change=wrong_normalisation), id="wrong normalisation in the graph"),
        pytest.param(Broken(change=bad_scale), id="a layer with a bad scale"),
        pytest.param(Broken(change=permuted_labels), id="labels permuted"),
        pytest.param(Broken(images=noise), id="calibrated on noise"),
    ],
)
def test_a_broken_export_is_caught(recipe: Broken, subject: Subject, tmp_path: Path) -> None:
    with pytest.raises(ParityError, match="onnx-int8 leaves the float network"):
        accept(wanted(recipe), subject, tmp_path, say=quiet)
    assert not list(tmp_path.iterdir())


def test_fallbacks_are_taken_in_order_and_recorded(subject: Subject, tmp_path: Path) -> None:
    class OnlyHalf(OnnxRecipe):
        def make(self, job):  # type: ignore[no-untyped-def]
            recipe = OnnxRecipe() if job.precision is Precision.FP16 else Broken(change=permuted_labels)
            return recipe.make(job)

    accepted = accept(wanted(OnlyHalf(), on_fail=OnFail.FP16), subject, tmp_path, say=quiet)
    assert accepted.artefact.name == "onnx-fp16"
    tried = [(step["tried"], step["scope"]) for step in accepted.artefact.fallbacks]
    assert tried == [("onnx-int8", "full"), ("onnx-int8", "trunk")]
    assert all("leaves the float network" in step["why"] for step in accepted.artefact.fallbacks)
    (tmp_path / "second").mkdir()
    with pytest.raises(ParityError):
        accept(wanted(OnlyHalf(), on_fail=OnFail.EXCLUDE), subject, tmp_path / "second", say=quiet)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """600 records a condition, of a network that is mostly right; its pictures are not looked at."""
    rng = np.random.default_rng(3)
    labels = (rng.random((600, 6)) < 0.15).astype(np.float32)
    logits = tuple(4 * labels - 2 + rng.normal(size=labels.shape).astype(np.float32) for _ in CONDITIONS)
    no_inks = tuple(np.zeros((600, 1, 1), np.uint8) for _ in CONDITIONS)
    return Evaluation.of_float(data="made up", names=CODE6.names, labels=labels, inks=no_inks, logits=logits)


def gate(evaluation: Evaluation, logits: tuple[np.ndarray, ...]) -> dict[str, object]:
    rule = accuracy.artefact_rule(evaluation, logits, limits=LIMITS)
    told = accuracy.judge(evaluation, logits, rule)
    accuracy.check(told, limits=LIMITS, artefact="x")
    return told


def test_an_artefact_like_the_float_network_keeps_everything(evaluation: Evaluation) -> None:
    # Another scale and offset of the logits are what refitting the thresholds is for.
    told = gate(evaluation, tuple(logits * 1.1 + 0.2 for logits in evaluation.logits))
    for condition in CONDITIONS:
        figures = told[condition.value]
        assert figures["retention"]["macro/auroc"]["value"] == pytest.approx(1.0)  # type: ignore[index]
        assert max(figures["recall_drop"][label]["value"] for label in CODE6.names) <= LIMITS.max_class_drop  # type: ignore[index]
        assert figures["flips"]["AF"]["mcnemar_p"] > 0.05  # type: ignore[index]
    drift = told["threshold_drift"]["AF"]  # type: ignore[index]
    assert drift["artefact"] == pytest.approx(drift["float"] * 1.1 + 0.2, abs=0.1)


def test_the_accuracy_gate_stops_one_that_lost_a_class(evaluation: Evaluation) -> None:
    rng = np.random.default_rng(4)
    worse = tuple(logits.copy() for logits in evaluation.logits)
    for logits in worse:
        logits[:, 4] += rng.normal(size=len(logits)) * 2
    with pytest.raises(AccuracyError, match=r"x keeps 0\.9\d* of the float network's macro/f1 on made up, clean"):
        gate(evaluation, worse)


def test_the_accuracy_gate_stops_lost_recall(evaluation: Evaluation) -> None:
    rule = accuracy.artefact_rule(evaluation, evaluation.logits, limits=LIMITS)
    strict = replace(rule, threshold=(*rule.threshold[:4], 0.97, rule.threshold[5]))
    told = accuracy.judge(evaluation, evaluation.logits, strict)
    with pytest.raises(AccuracyError, match=r"x loses 0\.\d+ of the recall of AF on made up, clean \(at most 0.02\)"):
        accuracy.check(told, limits=GateLimits(min_retention=0.0), artefact="x")

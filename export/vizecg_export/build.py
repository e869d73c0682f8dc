"""Checkpoint -> bundle: export, quantise, prove parity, fit the decision rule, write the whole or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.data.cache import InkCache, build_cache
from vizecg.data.source import RecordSource
from vizecg.models import ImageOnly
from vizecg.render import RENDERER_VERSION
from vizecg.spec import Condition, DecisionRule, UsageError
from vizecg.spec.manifest import GOLDEN, Artefact, Bundle, Manifest, check_target, hash_files, publish_bundle
from vizecg.spec.preprocess import normalise
from vizecg.train.calibrate import fit_decision_rule
from vizecg.train.checkpoint import Checkpoint
from vizecg.train.metrics import evaluate_scores
from vizecg.train.runners import onnx_logits, onnx_session, torch_logits
from vizecg_export import parity
from vizecg_export.card import CARD, model_card
from vizecg_export.data import CalibrationSet, calibration_set, golden_inks
from vizecg_export.provenance import git_state, toolchain
from vizecg_export.recipes import onnx as onnx_recipe
from vizecg_export.targets import Precision, Target

EVALUATION_CONDITIONS = (Condition.CLEAN, Condition.PHOTO)
Logits = Callable[[np.ndarray], np.ndarray]
"""uint8 ink maps (n, height, width) -> logits (n, 6)."""


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """What ``vizecg-export`` was asked for.

    ``calibration`` is required for int8. Without ``evaluation`` the bundle carries uncalibrated scores and 0.5
    thresholds, and says so.
    """

    checkpoint: Checkpoint
    precision: Precision
    out: Path
    name: str
    calibration: RecordSource | None = None
    evaluation: RecordSource | None = None
    cache: Path | None = None
    per_class: int = 16
    seed: int = 0
    workers: int = 2


def export_onnx(request: ExportRequest, *, say: Callable[[str], None]) -> Bundle:
    """Make an ONNX bundle.

    Raises:
        UsageError: int8 without calibration records, or ``out`` is something else than a bundle.
        ParityError: the artefact leaves the float network.
    """
    check_target(request.out)
    if request.precision is Precision.INT8 and request.calibration is None:
        raise UsageError("--precision int8 needs --calib: quantisation without calibration data is guesswork")
    folder = Path(tempfile.mkdtemp(dir=request.out.parent, prefix=f".{request.out.name}-"))
    try:
        manifest = _fill(folder, request, say)
        # mkdtemp makes private folders; a bundle is to be read by whoever may read its neighbours.
        os.chmod(folder, 0o755)
        return publish_bundle(folder, manifest, request.out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(folder: Path, request: ExportRequest, say: Callable[[str], None]) -> Manifest:
    config = request.checkpoint.config
    sheet, preprocess = config.sheet_spec(), config.preprocess_spec()
    network = ImageOnly(network=request.checkpoint.vizecgnet())
    parameters = sum(p.numel() for p in network.parameters())
    say("float model: exporting to ONNX")
    floating = folder / "model_fp32.onnx"
    onnx_recipe.export_float(network, floating, input_shape=preprocess.input_shape)
    calibration: CalibrationSet | None = None
    model = floating
    if request.precision is Precision.INT8:
        assert request.calibration is not None
        say(f"calibration: drawing records of {request.calibration.name}")
        calibration = calibration_set(
            request.calibration, per_class=request.per_class, seed=request.seed, sheet=sheet, preprocess=preprocess
        )
        if request.evaluation is not None:
            _check_disjoint(calibration, request.evaluation)
        say(f"int8: quantising on {len(calibration.inks)} sheets")
        model = folder / "model_int8.onnx"
        onnx_recipe.quantise(floating, model, images=normalise(calibration.inks, preprocess))
        floating.unlink()
    session = onnx_session(model)

    def reference(inks: np.ndarray) -> np.ndarray:
        batches = np.array_split(inks, max(1, len(inks) // 16))
        return np.concatenate([torch_logits(network, normalise(batch, preprocess)) for batch in batches])

    def artefact(inks: np.ndarray) -> np.ndarray:
        return np.concatenate([onnx_logits(session, normalise(ink[None], preprocess)) for ink in inks])

    say("parity: golden sheets")
    golden = golden_inks(sheet=sheet, preprocess=preprocess)
    expected, found = reference(golden), artefact(golden)
    name = f"onnx-{request.precision.value}"
    on_golden = parity.compare(expected, found, rule=DecisionRule())
    parity.check(on_golden, precision=request.precision.value, artefact=name)
    np.savez_compressed(folder / GOLDEN, inks=golden, float_logits=expected, artefact_logits=found)
    figures = {"golden": on_golden.to_dict()}
    rule = DecisionRule()
    accuracy: dict[str, Any] = {}
    if request.evaluation is not None:
        rule, accuracy, on_evaluation = _evaluate(request, reference, artefact, name, say)
        figures["evaluation"] = on_evaluation.to_dict()
    (folder / CARD).write_text(
        model_card(
            name=request.name,
            artefact=name,
            config=config,
            training_data=request.checkpoint.training_data,
            parameters=parameters,
            rule=rule,
            accuracy=accuracy,
            parity=figures,
        )
    )
    return Manifest(
        name=request.name,
        artefacts=(
            Artefact(
                name=name, file=model.name, target=Target.ONNX.value, precision=request.precision.value,
                decision=rule, parity=figures, accuracy=accuracy,
            ),
        ),
        default_artefact=name,
        sheet=sheet,
        preprocess=preprocess,
        renderer_version=RENDERER_VERSION,
        checkpoint={
            "sha256": request.checkpoint.sha256,
            "parameters": parameters,
            "training_data": request.checkpoint.training_data,
        },
        calibration=_calibration_entry(calibration),
        toolchain=toolchain(),
        source=git_state(),
        files=hash_files(folder),
    )  # fmt: skip


def _evaluate(
    request: ExportRequest,
    reference: Logits,
    artefact: Logits,
    name: str,
    say: Callable[[str], None],
) -> tuple[DecisionRule, dict[str, Any], parity.Parity]:
    """Fit the artefact's decision rule and measure it beside the float network, on the same records."""
    assert request.evaluation is not None
    cache = _evaluation_cache(request)
    labels = np.array(cache.labels[cache.rows])
    say(f"evaluation: float network and {name} on {len(labels)} records, {len(EVALUATION_CONDITIONS)} conditions")
    floats = [reference(cache.inks[cache.rows, i]) for i in range(len(EVALUATION_CONDITIONS))]
    found = [artefact(cache.inks[cache.rows, i]) for i in range(len(EVALUATION_CONDITIONS))]
    stacked = np.concatenate([labels] * len(EVALUATION_CONDITIONS))
    all_float, all_found = np.concatenate(floats), np.concatenate(found)
    margin = float(np.percentile(np.abs(all_float - all_found), 99))
    rule = fit_decision_rule(all_found, stacked, margin=margin)
    float_rule = fit_decision_rule(all_float, stacked)
    accuracy: dict[str, Any] = {"data": request.evaluation.name, "kind": "validation: thresholds were fitted on it"}
    for condition, a, b in zip(EVALUATION_CONDITIONS, floats, found, strict=True):
        accuracy[condition.value] = {
            "artefact": evaluate_scores(rule.probabilities(b), labels, thresholds=rule.threshold),
            "float": evaluate_scores(float_rule.probabilities(a), labels, thresholds=float_rule.threshold),
        }
    on_evaluation = parity.compare(all_float, all_found, rule=rule)
    parity.check(on_evaluation, precision=request.precision.value, artefact=name)
    return rule, accuracy, on_evaluation


def _evaluation_cache(request: ExportRequest) -> InkCache:
    assert request.evaluation is not None
    folder = request.cache or request.out.parent / f"{request.out.name}-evaluation"
    return build_cache(
        folder,
        source=request.evaluation,
        spec=request.checkpoint.config.cache_spec(EVALUATION_CONDITIONS),
        workers=request.workers,
    )


def _check_disjoint(calibration: CalibrationSet, evaluation: RecordSource) -> None:
    patients = {patient for patient in evaluation.patient_ids if patient is not None}
    if set(calibration.record_ids) & set(evaluation.record_ids) or calibration.patient_ids & patients:
        raise UsageError(f"calibration records share patients with {evaluation.name}")


def _calibration_entry(calibration: CalibrationSet | None) -> dict[str, Any]:
    if calibration is None:
        return {"method": None}
    return {"method": onnx_recipe.CALIBRATION_METHOD, **calibration.summary}

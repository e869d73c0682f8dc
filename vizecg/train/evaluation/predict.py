"""``vizecg evaluate``: accuracy of a checkpoint or of a bundle on drawn records."""

from __future__ import annotations

import platform
from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import track

from vizecg.data.cache import CacheSpec, InkCache, build_cache
from vizecg.data.dataset import seen_signal
from vizecg.data.signal import SignalSpec
from vizecg.data.signal_view import SignalView
from vizecg.data.source import RecordSource
from vizecg.models import Modality
from vizecg.models.logits import torch_logits
from vizecg.models.systems import as_system
from vizecg.scoring.folds import patient_groups
from vizecg.scoring.metrics import evaluate_scores
from vizecg.spec import Condition, DecisionRule, InputRefusedError, LabelSet, SheetSpec, UsageError
from vizecg.spec.manifest import open_bundle
from vizecg.spec.onnx_session import onnx_logits, onnx_session
from vizecg.spec.preprocess import PreprocessSpec, normalise
from vizecg.train.checkpoint import load_checkpoint

BATCH = 16


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """A model to be measured.

    ``logits`` takes what the model looks at, preprocessed images float32 (n, 1, H, W) or signals float32 (n, 12, T),
    and gives (n, labels). ``view`` is how much of a recording a signal shows.
    """

    name: str
    fingerprint: str
    labels: LabelSet
    sheet: SheetSpec
    preprocess: PreprocessSpec
    rule: DecisionRule
    logits: Callable[[np.ndarray], np.ndarray]
    looks_at: Modality = Modality.IMAGE
    signal: SignalSpec = field(default_factory=SignalSpec)
    view: SignalView = SignalView.WHOLE

    @property
    def stream(self) -> str:
        """What it looks at, in a word: another one for signals of which a sheet's windows are seen alone."""
        sheet = self.looks_at is Modality.SIGNAL and self.view.judged is SignalView.SHEET
        return f"{self.looks_at.value}_{SignalView.SHEET.value}" if sheet else self.looks_at.value


def checkpoint_classifier(
    path: Path,
    *,
    looks_at: Modality = Modality.IMAGE,
    device: torch.device | str = "cpu",
    view: SignalView | None = None,
) -> Classifier:
    """One stream of a checkpoint, without the other. Scores are uncalibrated and thresholds 0.5.

    Args:
        path: the checkpoint.
        looks_at: its image stream, as deployed, or its signal stream.
        device: where the network computes; records are drawn on the CPU all the same.
        view: how much of a recording a signal stream is shown; None: what it was validated on in training.

    Raises:
        UsageError: the checkpoint has no such stream.
    """
    checkpoint = load_checkpoint(path)
    if checkpoint.config.modality not in (looks_at, Modality.BOTH):
        raise UsageError(f"{path} holds no {looks_at.value} stream")
    labels = checkpoint.config.label_set()
    system = as_system(checkpoint.network.to(device))
    network = system.forward_signal if looks_at is Modality.SIGNAL else system.forward_image
    return Classifier(
        name=path.name,
        looks_at=looks_at,
        signal=checkpoint.config.signal_spec(),
        view=(checkpoint.config.signal_view if view is None else view).judged,
        fingerprint=checkpoint.sha256,
        labels=labels,
        sheet=checkpoint.config.sheet_spec(),
        preprocess=checkpoint.config.preprocess_spec(),
        rule=DecisionRule.plain(len(labels)),
        logits=partial(torch_logits, network, device=device),
    )


def bundle_classifier(path: Path) -> Classifier:
    """The ONNX artefact of a verified bundle, with its calibration and thresholds."""
    bundle = open_bundle(path)
    artefact = bundle.manifest.onnx_artefact(platform.machine())
    session = onnx_session(bundle.file(artefact.file))
    return Classifier(
        name=f"{bundle.manifest.name}/{artefact.name}",
        fingerprint=bundle.sha256,
        labels=bundle.manifest.labels,
        sheet=bundle.manifest.sheet,
        preprocess=bundle.manifest.preprocess,
        rule=artefact.decision,
        logits=partial(onnx_logits, session),
    )


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What a classifier says of the records of a source, uncalibrated, and what is true.

    Attributes:
        record_ids, patient_ids: (n,); the patient is None where not known.
        logits: float (n, labels).
        labels: (n, labels) of 0 and 1.
        refused: record -> why it is not among them.
    """

    record_ids: tuple[str, ...]
    patient_ids: tuple[str | None, ...]
    logits: np.ndarray
    labels: np.ndarray
    refused: dict[str, str]

    @property
    def groups(self) -> tuple[str, ...]:
        """(n,) names that records of one patient share: for ``vizecg.scoring.calibrate.cross_fit``."""
        return patient_groups(self.patient_ids, self.record_ids)

    def only(self, records: Container[str]) -> Predictions:
        """Those of some records."""
        rows = [row for row, name in enumerate(self.record_ids) if name in records]
        return replace(
            self,
            record_ids=tuple(self.record_ids[row] for row in rows),
            patient_ids=tuple(self.patient_ids[row] for row in rows),
            logits=self.logits[rows],
            labels=self.labels[rows],
        )


def predict(
    classifier: Classifier,
    *,
    source: RecordSource,
    condition: Condition,
    cache: Path,
    seed: int = 0,
    workers: int = 2,
) -> Predictions:
    """Draw ``source`` under ``condition`` (kept in ``cache``) and classify; a signal needs no drawing.

    Raises:
        UsageError: ``cache`` holds other records or settings, or the records have other labels.
        InputRefusedError: every record was refused.
    """
    found = predict_any(classifier, source=source, condition=condition, cache=cache, seed=seed, workers=workers)
    if not found.record_ids:
        first = next(iter(found.refused.values()), "there is none")
        raise InputRefusedError(f"{source.name}: no record can be classified: {first}", reason="bad_record")
    return found


def predict_any(
    classifier: Classifier,
    *,
    source: RecordSource,
    condition: Condition,
    cache: Path,
    seed: int,
    workers: int,
) -> Predictions:
    """``predict`` of records of which none need be left.

    A batch is what is left of ``BATCH`` neighbours in the source: of whichever share of these blocks the source
    consists, a record comes with the same others.
    """
    source.check_labels(classifier.labels.names)
    nothing = np.zeros((0, len(classifier.labels)), np.float32)
    if not len(source):
        return Predictions(record_ids=(), patient_ids=(), logits=nothing, labels=nothing, refused=dict(source.left_out))
    drawn = build_cache(
        cache,
        source=source,
        spec=CacheSpec(
            conditions=(condition,) if classifier.looks_at.has_image else (),
            sheet=classifier.sheet,
            preprocess=classifier.preprocess,
            signal=classifier.signal,
            seed=seed,
        ),
        workers=workers,
    )
    batches = np.split(drawn.rows, np.flatnonzero(np.diff(drawn.rows // BATCH)) + 1) if len(drawn.rows) else []
    logits = np.concatenate(
        [
            nothing,
            *(
                classifier.logits(_inputs(drawn, rows, classifier))
                for rows in track(batches, description="classifying")
            ),
        ]
    )
    return Predictions(
        record_ids=tuple(drawn.record_ids[row] for row in drawn.rows),
        # From the index of the source: no recording has to be read for it.
        patient_ids=tuple(source.patient_ids[int(row)] for row in drawn.rows),
        logits=logits,
        labels=np.array(drawn.labels[drawn.rows]),
        refused=drawn.refused,
    )


def evaluate(
    classifier: Classifier,
    *,
    source: RecordSource,
    condition: Condition,
    cache: Path,
    seed: int = 0,
    workers: int = 2,
    bootstraps: int = 500,
) -> dict[str, Any]:
    """Draw ``source`` under ``condition`` (kept in ``cache``), classify, and compute the figures.

    Calibration and thresholds are the classifier's own. Raises as ``predict``.
    """
    predictions = predict(classifier, source=source, condition=condition, cache=cache, seed=seed, workers=workers)
    figures = evaluate_scores(
        classifier.rule.probabilities(predictions.logits),
        predictions.labels,
        names=classifier.labels.names,
        thresholds=classifier.rule.threshold,
        bootstraps=bootstraps,
    )
    return {
        "schema_version": 1,
        "model": classifier.name,
        "fingerprint": classifier.fingerprint,
        "data": source.name,
        "condition": condition_name(classifier, condition),
        "refused_records": predictions.refused,
        **figures,
    }


def condition_name(classifier: Classifier, condition: Condition) -> str:
    """What the figures are listed under: a signal stream sees no print."""
    return condition.value if classifier.looks_at.has_image else classifier.stream


def _inputs(drawn: InkCache, rows: np.ndarray, classifier: Classifier) -> np.ndarray:
    if classifier.looks_at.has_image:
        return normalise(drawn.inks[rows, 0], classifier.preprocess)
    return np.stack([seen_signal(drawn, int(row), classifier.view) for row in rows])

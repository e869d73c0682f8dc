"""``vizecg evaluate``: accuracy of a checkpoint or of a bundle on drawn records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from vizecg.data.cache import CacheSpec, build_cache
from vizecg.data.signal import SignalSpec
from vizecg.data.source import RecordSource
from vizecg.models import ImageOnly
from vizecg.spec import Condition, DecisionRule, SheetSpec
from vizecg.spec.manifest import open_bundle
from vizecg.spec.preprocess import PreprocessSpec, normalise
from vizecg.train.checkpoint import load_checkpoint
from vizecg.train.metrics import evaluate_scores
from vizecg.train.runners import onnx_logits, onnx_session, torch_logits

BATCH = 16


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """A model to be measured: ``logits`` takes preprocessed images float32 (n, 1, H, W) and gives (n, 6)."""

    name: str
    fingerprint: str
    sheet: SheetSpec
    preprocess: PreprocessSpec
    rule: DecisionRule
    logits: Callable[[np.ndarray], np.ndarray]


def checkpoint_classifier(path: Path) -> Classifier:
    """The image stream of a checkpoint, as deployed. Scores are uncalibrated and thresholds 0.5."""
    checkpoint = load_checkpoint(path)
    network = ImageOnly(network=checkpoint.network)

    return Classifier(
        name=path.name,
        fingerprint=checkpoint.sha256,
        sheet=checkpoint.config.sheet_spec(),
        preprocess=checkpoint.config.preprocess_spec(),
        rule=DecisionRule(),
        logits=partial(torch_logits, network),
    )


def bundle_classifier(path: Path) -> Classifier:
    """The default artefact of a verified bundle, with its calibration and thresholds."""
    bundle = open_bundle(path)
    artefact = bundle.manifest.artefact()
    session = onnx_session(bundle.file(artefact.file))
    return Classifier(
        name=f"{bundle.manifest.name}/{artefact.name}",
        fingerprint=bundle.sha256,
        sheet=bundle.manifest.sheet,
        preprocess=bundle.manifest.preprocess,
        rule=artefact.decision,
        logits=partial(onnx_logits, session),
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
    """Draw ``source`` under ``condition`` (kept in ``cache``), classify, and compute the figures."""
    drawn = build_cache(
        cache,
        source=source,
        spec=CacheSpec(
            conditions=(condition,),
            sheet=classifier.sheet,
            preprocess=classifier.preprocess,
            signal=SignalSpec(),
            seed=seed,
        ),
        workers=workers,
    )
    batches = np.array_split(drawn.rows, max(1, -(-len(drawn.rows) // BATCH)))
    logits = np.concatenate(
        [
            classifier.logits(normalise(drawn.inks[rows, 0], classifier.preprocess))
            for rows in track(batches, description="classifying")
        ]
    )
    figures = evaluate_scores(
        classifier.rule.probabilities(logits),
        np.array(drawn.labels[drawn.rows]),
        thresholds=classifier.rule.threshold,
        bootstraps=bootstraps,
    )
    return {
        "schema_version": 1,
        "model": classifier.name,
        "fingerprint": classifier.fingerprint,
        "data": source.name,
        "condition": condition.value,
        "refused_records": drawn.refused,
        **figures,
    }

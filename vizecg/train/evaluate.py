"""``vizecg evaluate``: accuracy of a checkpoint or of a bundle on drawn records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.data.cache import CacheSpec, build_cache
from vizecg.data.signal import SignalSpec
from vizecg.data.source import RecordSource
from vizecg.spec import Condition, DecisionRule, MissingToolError, SheetSpec
from vizecg.spec.manifest import open_bundle
from vizecg.spec.preprocess import PreprocessSpec, normalise

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
    import torch

    from vizecg.models import ImageOnly
    from vizecg.train.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(path)
    network = ImageOnly(network=checkpoint.network)

    def logits(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return np.asarray(network(torch.from_numpy(images)).numpy())

    return Classifier(
        name=path.name,
        fingerprint=checkpoint.sha256,
        sheet=checkpoint.config.sheet_spec(),
        preprocess=checkpoint.config.preprocess_spec(),
        rule=DecisionRule(),
        logits=logits,
    )


def bundle_classifier(path: Path) -> Classifier:
    """The default artefact of a verified bundle, with its calibration and thresholds."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingToolError("evaluating a bundle needs onnxruntime: pip install onnxruntime") from error
    bundle = open_bundle(path)
    artefact = bundle.manifest.artefact()
    session = onnxruntime.InferenceSession(str(bundle.file(artefact.file)), providers=["CPUExecutionProvider"])

    def logits(images: np.ndarray) -> np.ndarray:
        # One at a time, as on the edge: activations are quantised per tensor, whatever the batch.
        return np.concatenate([session.run(["logits"], {"image": image[None]})[0] for image in images])

    return Classifier(
        name=f"{bundle.manifest.name}/{artefact.name}",
        fingerprint=bundle.sha256,
        sheet=bundle.manifest.sheet,
        preprocess=bundle.manifest.preprocess,
        rule=artefact.decision,
        logits=logits,
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
    from rich.progress import track

    from vizecg.train.metrics import evaluate_scores

    drawn = build_cache(
        cache,
        items=source.items,
        record_ids=source.record_ids,
        read=source.read,
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

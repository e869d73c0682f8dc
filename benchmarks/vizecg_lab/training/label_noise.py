"""How many labels are wrong, as far as networks that never saw a record say so (Northcutt et al. 2021, by cleanlab).

Each part of PTB-XL's training folds is judged by a signal stream that was trained on the others, so that no patient
lies on both sides. What is estimated is where labels and networks part: a network that misses a kind of record, or a
label that cardiologists use otherwise, looks the same. That is why the rates of those records are told beside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.data.source import RecordSource, ptbxl_source
from vizecg.models import Modality
from vizecg.scoring.metrics import Bootstrap, bootstrap_figures, positives
from vizecg.scoring.resamples import Interval
from vizecg.spec import CODE6, Condition, MissingToolError
from vizecg.spec.decide import sigmoid
from vizecg.spec.fingerprint import sha256_bytes, sha256_ids
from vizecg.spec.install import pip_install
from vizecg.train.config import TrainConfig
from vizecg.train.evaluation.predict import checkpoint_classifier, predict
from vizecg.train.precision import computed_precision
from vizecg.train.runs.folder import LAST
from vizecg.train.settings import resolve
from vizecg_lab.leads.rates import reference_rate
from vizecg_lab.training.finished import read_finished, train_to_the_end, write_finished

PARTS = ((1, 2), (3, 4), (5, 6), (7, 8))
"""Folds that are judged together by a network of the others."""
BY_RATE = ("SB", "ST")
CONTRADICTED = ("contradicted_positives", "contradicted_negatives")
BOOTSTRAPS = 500
SETTINGS = (
    "model.streams=signal", "model.signal_widths=[32,64,96,160]", "model.signal_strides=[2,1,2,2,2]",
    "optimiser.learning_rate=0.002", "optimiser.weight_decay=0.05", "batch_size=32", "negatives_every=3", "mixup=0.2",
)  # fmt: skip
"""Over the recipe ``small``: a signal stream of two thirds of a million parameters."""


@dataclass(frozen=True, kw_only=True)
class NoiseRequest:
    """Which records, and where the runs are kept; what is finished there is not run again."""

    root: Path
    out: Path
    epochs: int = 10
    limit: int | None = None
    workers: int = 1
    threads: int | None = None

    def source(self, folds: Sequence[int]) -> RecordSource:
        """Records of some folds."""
        return ptbxl_source(self.root, folds=folds, labels=CODE6).limited(self.limit)

    def config(self) -> TrainConfig:
        """Of every network."""
        return computed_precision(resolve(recipe="small", assignments=[*SETTINGS, f"epochs={self.epochs}"]), cuda=False)


def estimate_noise(request: NoiseRequest, *, tell: Callable[[str], None]) -> dict[str, Any]:
    """Train, judge, and estimate.

    Returns:
        ``labels``: of each its ``given`` positives, of how many of them and of how many more the networks say the
        opposite, the shares by the confident joint, AUPRC with and without those records, and their names.

    Raises:
        MissingToolError: cleanlab is not installed.
        UsageError: ``out`` holds runs of other settings, or one was stopped.
    """
    check_installed()
    judged = []
    for part in PARTS:
        tell(f"folds {part[0]} and {part[1]}")
        judged.append(_judged(request, part))
    names = [name for one in judged for name in one["records"]]
    probabilities, labels = (np.concatenate([one[key] for one in judged]) for key in ("probabilities", "labels"))
    found = {
        label: label_figures(names, probabilities[:, at], labels[:, at], label=label)
        for at, label in enumerate(CODE6.names)
    }
    rates = _rates(request, {name for label in BY_RATE for which in CONTRADICTED for name in found[label][which]})
    for label in BY_RATE:
        found[label]["rates_bpm"] = {
            which: _quartiles([rates[name] for name in found[label][which]]) for which in CONTRADICTED
        }
    return {
        "data": "PTB-XL folds 1 to 8, each pair by a network of the others",
        "records": len(names),
        "records_sha256": sha256_ids(names),
        "settings": request.config().model_dump(mode="json"),
        "positives": positives(labels, names=CODE6.names),
        "labels": found,
    }


def check_installed() -> None:
    """Raise MissingToolError without cleanlab, before hours of training."""
    try:
        import cleanlab  # noqa: F401
    except ImportError as error:
        raise MissingToolError(f"label-noise needs cleanlab: {pip_install('dev')}") from error


def label_figures(names: Sequence[str], probabilities: np.ndarray, labels: np.ndarray, *, label: str) -> dict[str, Any]:
    """What is estimated of one label.

    Args:
        names: of the records.
        probabilities: (n,) by networks that did not see them.
        labels: (n,) of 0 and 1.
        label: its name.
    """
    from cleanlab.count import estimate_joint
    from cleanlab.filter import find_label_issues

    given = np.asarray(labels, np.int64)
    both = np.column_stack([1 - probabilities, probabilities]).astype(np.float64)
    ranked = find_label_issues(given, both, return_indices_ranked_by="self_confidence", n_jobs=1)
    joint = estimate_joint(given, both)
    doubted = {kind: [names[row] for row in ranked if given[row] == kind] for kind in (0, 1)}
    rest = np.setdiff1d(np.arange(len(given)), ranked)
    return {
        "given": int(given.sum()),
        "wrong_share_of_positives": float(joint[1, 0] / joint[1].sum()),
        "missing_share_of_true": float(joint[0, 1] / joint[:, 1].sum()),
        "contradicted_positives": doubted[1],
        "contradicted_negatives": doubted[0],
        "auprc": _auprc(probabilities, given, label),
        "auprc_without_contradicted": _auprc(probabilities[rest], given[rest], label),
    }


def _auprc(probabilities: np.ndarray, given: np.ndarray, label: str) -> Interval:
    figures: Bootstrap = bootstrap_figures(
        probabilities[:, None], given[:, None], decisions=(probabilities >= 0.5).astype(np.int64)[:, None],
        bootstraps=BOOTSTRAPS, names=[label],
    )  # fmt: skip
    return figures.interval(f"{label}/auprc")


def _judged(request: NoiseRequest, part: tuple[int, ...]) -> dict[str, Any]:
    """Train on the other folds and classify these, or read what an earlier call left."""
    config, folder = request.config(), request.out / "folds-{}-{}".format(*part)
    others = request.source([fold for other in PARTS if other != part for fold in other])
    own = request.source(part)
    identity = [config.model_dump(mode="json"), list(others.record_ids), list(own.record_ids), own.fingerprint]
    key = sha256_bytes(json.dumps(identity).encode())
    finished = read_finished(folder, key)
    if finished is None:
        train_to_the_end(
            config, training=others, validation=own, folder=folder, cache=folder / "cache", workers=request.workers,
            threads=request.threads,
        )  # fmt: skip
        said = predict(
            checkpoint_classifier(folder / LAST, looks_at=Modality.SIGNAL), source=own, condition=Condition.CLEAN,
            cache=folder / "judged", workers=request.workers,
        )  # fmt: skip
        finished = write_finished(
            folder, key, told={"records": list(said.record_ids)}, probabilities=sigmoid(said.logits), labels=said.labels
        )  # fmt: skip
    return {**finished, "records": finished["told"]["records"]}


def _rates(request: NoiseRequest, names: set[str]) -> dict[str, float | None]:
    """Of records by name, beats a minute in the recording."""
    found = {}
    for part in PARTS:
        source = request.source(part)
        for name, item in zip(source.record_ids, source.items, strict=True):
            if name in names:
                found[name] = reference_rate(source.read(item))
    return found


def _quartiles(values: Sequence[float | None]) -> dict[str, Any]:
    known = [value for value in values if value is not None]
    if not known:
        return {"n": 0, "quartiles": None}
    return {"n": len(known), "quartiles": [round(float(one), 1) for one in np.percentile(known, (25, 50, 75))]}

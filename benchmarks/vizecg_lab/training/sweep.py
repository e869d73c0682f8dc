"""Which network, and which way to train it, gets most out of so many minutes: short runs of equal time, in one table.

Every run has the time and the schedule of a whole training: how many steps fit is measured first, with the step of
training on a batch in memory. What a run left is not made again, and one that was stopped goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vizecg.data.cache import InkCache
from vizecg.data.source import RecordSource
from vizecg.scoring.cross_fit import cross_fit
from vizecg.scoring.folds import patient_groups
from vizecg.scoring.metrics import Bootstrap, bootstrap_figures, nested, positives
from vizecg.spec import Condition
from vizecg.spec.decide import sigmoid
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_bytes, sha256_ids
from vizecg.train.config import TrainConfig
from vizecg.train.evaluation.predict import checkpoint_classifier, predict
from vizecg.train.precision import computed_precision
from vizecg.train.runs.folder import LAST
from vizecg.train.seen import open_cache
from vizecg_lab.training.finished import check_key, read_finished, train_to_the_end, write_finished
from vizecg_lab.training.sweep_plan import Candidate
from vizecg_lab.training.train_step import StepBound

PROBE_STEPS = 14
PACE = 0.92
"""Of the step in memory: what a run reaches with its loaders, average and logs (``train-step`` gave 0.9 to 0.95)."""
BOOTSTRAPS = 500


@dataclass(frozen=True, kw_only=True)
class SweepRequest:
    """What is tried on what. ``out`` keeps drawn sheets, runs and scores; ``condition`` is that of the judging."""

    candidates: tuple[Candidate, ...]
    training: RecordSource
    validation: RecordSource
    out: Path
    minutes: float
    condition: Condition = Condition.PHOTO
    workers: int = 2
    threads: int | None = None


def run_sweep(request: SweepRequest, *, tell: Callable[[str], None]) -> dict[str, Any]:
    """Train and judge every candidate.

    Returns:
        ``runs``: of each candidate what it was, what it cost and how good it is, with the paired difference from the
        first.

    Raises:
        UsageError: ``out`` holds runs of other settings or records, or a run was stopped.
    """
    runs, scores = [], []
    labels: np.ndarray | None = None
    for candidate in request.candidates:
        tell(candidate.name)
        found = _run(request, candidate)
        labels = found["labels"]
        scores.append(_figures(found["logits"], found["labels"], found["groups"], candidate.config))
        runs.append({"name": candidate.name, **found["told"]})
    assert labels is not None
    for run, figures, candidate in zip(runs, scores, request.candidates, strict=True):
        names = candidate.config.label_set().names
        run |= nested(figures.intervals(), names=names)
        if figures is not scores[0]:
            run["minus_first"] = dict(nested(figures.minus(scores[0]), names=names)["macro"])
    return {
        "data": f"{request.training.name}; {request.validation.name}",
        "train_records": len(request.training),
        "condition": request.condition.value,
        "validation": {
            "n": len(labels),
            "positives": positives(labels, names=request.candidates[0].config.label_set().names),
        },
        "minutes": request.minutes,
        "runs": runs,
    }


def _figures(logits: np.ndarray, labels: np.ndarray, groups: np.ndarray, config: TrainConfig) -> Bootstrap:
    names = config.label_set().names
    decisions = cross_fit(logits, labels, [str(group) for group in groups], names=names).decisions
    return bootstrap_figures(sigmoid(logits), labels, decisions=decisions, bootstraps=BOOTSTRAPS, names=names)


def _run(request: SweepRequest, candidate: Candidate) -> dict[str, Any]:
    """Train and classify, or read what an earlier call left."""
    folder = request.out / "runs" / candidate.name
    identity = [
        candidate.config.model_dump(mode="json"), request.minutes, request.condition.value,
        request.training.fingerprint, list(request.training.record_ids), list(request.validation.record_ids),
    ]  # fmt: skip
    key = sha256_bytes(json.dumps(identity).encode())
    finished = read_finished(folder, key)
    if finished is not None:
        return finished
    config = computed_precision(candidate.config, cuda=False)
    kept = open_cache(
        _sheets(request.out, config), "train", source=request.training, config=config, workers=request.workers
    )
    planned = _planned(folder, key, config=config, cache=kept, request=request)
    config = candidate.lasting(planned["steps"])
    result = train_to_the_end(
        config, training=request.training, validation=request.validation, folder=folder,
        cache=_sheets(request.out, config), workers=1, threads=request.threads,
    )  # fmt: skip
    found = predict(
        checkpoint_classifier(folder / LAST),
        source=request.validation,
        condition=request.condition,
        cache=request.out / "judge" / _sheet_key(config),
        seed=0,
        workers=request.workers,
    )
    told = {
        **planned,
        "train_seconds": round(result.seconds, 1),
        "settings": candidate.config.model_dump(mode="json"),
        "records_sha256": sha256_ids([kept.record_ids[row] for row in kept.rows]),
    }
    groups = np.array(patient_groups(found.patient_ids, found.record_ids))
    return write_finished(folder, key, told=told, logits=found.logits, labels=found.labels, groups=groups)


def _planned(folder: Path, key: str, *, config: TrainConfig, cache: InkCache, request: SweepRequest) -> dict[str, Any]:
    """How many steps fit into the minutes; measured once, for a run that is stopped to go on as it began."""
    path = folder / "planned.json"
    if path.is_file():
        planned: dict[str, Any] = json.loads(path.read_text())
        check_key(planned.pop("key"), key, folder)
        return planned
    if request.threads:
        torch.set_num_threads(request.threads)
    bound = StepBound.of(cache, config, accelerator="cpu")
    seconds = bound.seconds_per_step(PROBE_STEPS) / PACE
    planned = {"steps": max(1, int(60 * request.minutes / seconds)), "seconds_per_step": round(seconds, 4)}
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps({"key": key, **planned}))
    return planned


def _sheet_key(config: TrainConfig) -> str:
    """Of what is drawn: runs with the same pictures share them."""
    drawn = [config.sheet, config.preprocess, config.signal, [condition.value for condition in config.conditions]]
    size = f"{config.preprocess['width']}x{config.preprocess['height']}"
    return f"{size}-{sha256_bytes(json.dumps(drawn, sort_keys=True).encode())[:8]}"


def _sheets(out: Path, config: TrainConfig) -> Path:
    return out / "sheets" / _sheet_key(config)

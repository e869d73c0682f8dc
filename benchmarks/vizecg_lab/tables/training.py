"""Train and measure rows, one seed after the other; what is done already is not done again."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from vizecg.data.registry import SourceRequest, build_source
from vizecg.data.source import RecordSource
from vizecg.models import Modality, VizECGNet
from vizecg.models.sizes import macs, parameters
from vizecg.models.systems import as_system
from vizecg.spec import LEADS, Condition, UsageError
from vizecg.spec.checkout import git_state
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.train.checkpoint import load_checkpoint
from vizecg.train.config import TrainConfig
from vizecg.train.evaluation.predict import checkpoint_classifier, predict
from vizecg.train.loop import RunOptions, on_cuda, train
from vizecg.train.precision import computed_precision
from vizecg_lab.tables.budgets import COSTS, Budget, row_config
from vizecg_lab.tables.rows import Row

CONDITIONS = (Condition.CLEAN, Condition.PHOTO)
TIMED_RUNS = 20
FINISHED = "row.json"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Where and on what the rows of a table run.

    ``epochs``, ``precision`` and ``records`` replace the budget's; the result says so.
    """

    budget: Budget
    out: Path
    root: Path | None = None
    seeds: int = 1
    epochs: int | None = None
    precision: str | None = None
    records: int | None = None
    workers: int = 2
    threads: int | None = None
    accelerator: str = "auto"

    def source(self, split: str) -> RecordSource:
        """The records of a split, the same for every row and seed."""
        costs = COSTS[self.budget]
        limit = self.records or costs.records
        source = build_source(costs.data, SourceRequest(root=self.root, split=split, seed=0, size=limit))
        return source.limited(limit)

    def cache(self, modality: Modality) -> Path:
        """Where drawn sheets are kept: one for every row that sees pictures, one for those that see signals alone."""
        return self.out / "cache" / ("sheets" if modality.has_image else "signals")

    def folder(self, row: Row, seed: int) -> Path:
        return self.out / "rows" / f"{row.name}-seed{seed}"

    def finished(self, row: Row, seed: int) -> bool:
        return (self.folder(row, seed) / FINISHED).is_file()

    def note(self, row: Row) -> str:
        """What a reader of the table must know of the settings."""
        config = computed_precision(self.config(row, 0), cuda=on_cuda(self.accelerator))
        spec = config.preprocess_spec()
        sizes = "small networks" if COSTS[self.budget].recipe == "small" else "the paper's sizes"
        return (
            f"{sizes}, sheets of {spec.width} x {spec.height} px, signals at {config.signal_spec().sampling_rate:g} Hz,"
            f" batch {config.batch_size}, {config.precision}"
        )

    def config(self, row: Row, seed: int) -> TrainConfig:
        return row_config(
            self.budget,
            architecture=row.architecture,
            changes=row.changes,
            seed=seed,
            epochs=self.epochs,
            precision=self.precision,
        )


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Logits of one trained network in one way of looking, on the validation records."""

    name: str
    logits: np.ndarray
    labels: np.ndarray
    groups: np.ndarray


def run_row(row: Row, seed: int, plan: Plan) -> dict[str, Any]:
    """Train and measure, or read what an earlier call left.

    Returns:
        Plain figures: ``key`` (hash of the configuration and the records), parameters, MACs, seconds, and the names
        of the score files in the row's folder.

    Raises:
        UsageError: the folder holds the row of another configuration.
    """
    folder, config = plan.folder(row, seed), plan.config(row, seed)
    training, validation = plan.source("train"), plan.source("val")
    identity = [config.model_dump(mode="json"), list(training.record_ids), list(validation.record_ids)]
    key = sha256_bytes(json.dumps(identity).encode())
    marker, finished = folder / "key.txt", folder / FINISHED
    if marker.is_file() and marker.read_text() != key:
        raise UsageError(f"{folder} holds this row with other settings or records: name another --out or delete it")
    if finished.is_file():
        return dict(json.loads(finished.read_text()))
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(marker, key)
    result = train(
        config=config,
        training=training,
        validation=validation,
        options=RunOptions(
            out=folder,
            cache=plan.cache(config.modality),
            workers=plan.workers,
            threads=plan.threads,
            accelerator=plan.accelerator,
            resume=(folder / "last.ckpt").is_file(),
            validate_every=max(1, config.epochs // 4),
        ),
    )
    if result.best is None or not result.finished:
        raise UsageError(f"stopped after {result.steps} steps: the same command goes on with row {row.name}")
    trained = result.best
    scores = [_predict(trained, row, looks_at, condition, validation, plan) for looks_at, condition in ways(row)]
    arrays = {"labels": scores[0].labels, "groups": scores[0].groups, **{one.name: one.logits for one in scores}}
    np.savez_compressed(folder / "scores.npz", allow_pickle=False, **arrays)
    figures = {
        "key": key,
        "name": row.name,
        "seed": seed,
        "modality": config.modality.value,
        "epochs": config.epochs,
        "train_seconds": round(result.seconds, 1),
        "best_epoch": result.best_epoch,
        "train_records": len(training),
        "val_records": len(scores[0].labels),
        "records_sha256": sha256_bytes(json.dumps(identity[1:]).encode()),
        "precision": computed_precision(config, cuda=on_cuda(plan.accelerator)).precision,
        "commit": git_state().commit,
        "checkpoint": trained.name,
        **_costs(trained, row, config),
    }
    write_atomically(finished, json.dumps(figures, indent=1) + "\n")
    return figures


def ways(row: Row) -> list[tuple[Modality, Condition]]:
    """How a row's network is tried: with signals, and with pictures under each condition."""
    pairs: list[tuple[Modality, Condition]] = []
    for looks_at in row.paper:
        pairs += [(looks_at, condition) for condition in (CONDITIONS if looks_at.has_image else CONDITIONS[:1])]
    return pairs


def way_name(looks_at: Modality, condition: Condition) -> str:
    """``signal``, ``image_clean``, ``image_photo``"""
    return f"image_{condition.value}" if looks_at.has_image else "signal"


def read_scores(row: Row, seeds: Iterable[int], plan: Plan, name: str) -> list[Scores]:
    """Of every seed."""
    found = []
    for seed in seeds:
        with np.load(plan.folder(row, seed) / "scores.npz") as data:
            found.append(Scores(name=name, logits=data[name], labels=data["labels"], groups=data["groups"]))
    return found


def _predict(
    trained: Path, row: Row, looks_at: Modality, condition: Condition, validation: RecordSource, plan: Plan
) -> Scores:
    name = way_name(looks_at, condition)
    cache = plan.out / "cache" / f"evaluate_{name}"
    predictions = predict(
        checkpoint_classifier(trained, looks_at=looks_at),
        source=validation,
        condition=condition,
        cache=cache,
        seed=0,
        workers=plan.workers,
    )
    groups = [
        patient or record for patient, record in zip(predictions.patient_ids, predictions.record_ids, strict=True)
    ]
    return Scores(name=name, logits=predictions.logits, labels=predictions.labels, groups=np.array(groups))


class _OneWay(nn.Module):
    """A trained system used in one way."""

    def __init__(self, *, network: nn.Module, looks_at: Modality) -> None:
        super().__init__()
        self.network = network
        self.looks_at = looks_at

    def forward(self, sample: torch.Tensor) -> torch.Tensor:
        system = as_system(self.network)
        return system.forward_image(sample) if self.looks_at.has_image else system.forward_signal(sample)


def _costs(trained: Path, row: Row, config: TrainConfig) -> dict[str, Any]:
    """Of the network, and per way of looking: parameters in use, multiply-accumulates and median ms of one sample."""
    network = load_checkpoint(trained).network
    spec = config.preprocess_spec()
    samples = {
        Modality.SIGNAL: torch.randn(1, len(LEADS), config.signal_spec().samples),
        Modality.IMAGE: torch.rand(1, 1, spec.height, spec.width),
    }
    costs: dict[str, Any] = {
        "parameters": {},
        "macs": {},
        "inference_ms": {},
        "parameters_in_training": parameters(network),
    }
    for looks_at in row.paper:
        other = Modality.SIGNAL if looks_at.has_image else Modality.IMAGE
        used = parameters(network)
        if isinstance(network, VizECGNet):
            used -= sum(p.numel() for name, p in network.named_parameters() if name.startswith(other.value))
        way, sample = _OneWay(network=network, looks_at=looks_at).eval(), samples[looks_at]
        costs["parameters"][looks_at.value] = used
        costs["macs"][looks_at.value] = macs(way, sample)
        costs["inference_ms"][looks_at.value] = round(_median_ms(way, sample), 2)
    return costs


def _median_ms(network: nn.Module, sample: torch.Tensor) -> float:
    times = []
    with torch.inference_mode():
        for _ in range(TIMED_RUNS + 2):
            begun = time.perf_counter()
            network(sample)
            times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times[2:])

"""What the shipped weights are worth to somebody with few records and labels of their own: fine-tuning against training
from nothing, on the same draws of records."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.data.registry import SourceRequest, build_source
from vizecg.data.source import RecordSource, indexed_source
from vizecg.records.packing import UNKNOWN_LABELS, unpack_labels
from vizecg.records.ptbxl import SPLITS, Ptbxl, read_entry
from vizecg.records.tables import LabelColumns, require_columns
from vizecg.scoring.metrics import Bootstrap, bootstrap_figures, positives
from vizecg.scoring.resamples import interval
from vizecg.spec import CODE6, Condition, LabelSet, UsageError
from vizecg.spec.decide import sigmoid
from vizecg.spec.fingerprint import sha256_bytes, sha256_file
from vizecg.spec.results import write_result
from vizecg.train.config import TrainConfig
from vizecg.train.evaluation.predict import checkpoint_classifier, predict
from vizecg.train.saving import LAST
from vizecg.train.settings import resolve
from vizecg.train.starting import SHIPPED
from vizecg_lab.training.finished import read_finished, train_to_the_end, write_finished

KIND = "finetune"
SHOWN = ("macro/auroc", "macro/auprc")
BOOTSTRAPS = 1000
FINDINGS = Path(__file__).with_name("findings.yaml")
"""Three labels that the shipped network does not know, by the PhysioNet Challenge's abbreviations."""
WATCHED = 16
"""Records that are validated while it trains, which decides nothing: the last weights are taken."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to a network: ``start`` is what it begins with, ``assignments`` what differs from the recipe."""

    name: str
    start: str | None
    assignments: tuple[str, ...] = ()


ARMS = (
    Arm(name="shipped", start=SHIPPED),
    # A new network learns at one rate, that of the recipe it would be trained with.
    Arm(name="nothing", start=None, assignments=("optimiser.trunk_rate=1",)),
)


@dataclass(frozen=True, kw_only=True)
class FinetuneRequest:
    """What is compared.

    Attributes:
        data, root: source of the records; their training split is drawn from, their validation split judges.
        labels: one's own.
        table: of a PTB-XL folder: a CSV of ``ecg_id`` and the label set's column or columns, in place of its codes.
        out: folder of runs, drawn sheets and scores: what is there is not made again.
        epochs: None takes the recipe's.
        nothing_epochs: of training from nothing, where it is to have others.
        records, draws: how many records a network is trained on, and how often.
        validation: only so many validation records; all for None.
        condition: how the validation records are printed.
    """

    data: str
    root: Path | None
    labels: LabelSet
    table: Path | None
    out: Path
    records: int = 200
    draws: int = 5
    epochs: int | None = None
    nothing_epochs: int | None = None
    validation: int | None = None
    condition: Condition = Condition.PHOTO
    seed: int = 0
    threads: int | None = None


def measure_finetune(request: FinetuneRequest, *, json_path: Path | None = None) -> dict[str, Any]:
    """Train both arms on every draw, and set them against each other on the validation split.

    Raises:
        UsageError: the source has fewer records, or ``out`` holds other runs.
    """
    began = time.monotonic()
    training, validation = (_source(request, split) for split in ("train", "val"))
    if len(training) < request.records:
        raise UsageError(f"{training.name} has {len(training)} records, fewer than a draw of {request.records}")
    validation = validation.limited(request.validation)
    scores: dict[str, list[np.ndarray]] = {arm.name: [] for arm in ARMS}
    runs: list[dict[str, Any]] = []
    labels: np.ndarray | None = None
    for draw in range(request.draws):
        drawn = drawn_records(training, n=request.records, seed=request.seed, draw=draw)
        for arm in ARMS:
            found = _run(request, arm, draw, drawn, validation)
            scores[arm.name].append(found["logits"])
            labels = found["labels"]
            runs.append({"draw": draw, "start": arm.name, **found["told"]})
    assert labels is not None
    figures = {
        "data": f"{training.name}; {validation.name}",
        "labels": request.labels.to_dict(),
        "records": request.records,
        "draws": request.draws,
        "condition": request.condition.value,
        "validation": {"n": len(labels), "positives": positives(labels, names=request.labels.names)},
        "epochs": {arm.name: _config(request, arm, 0).epochs for arm in ARMS},
        "configuration": _config(request, ARMS[0], 0).model_dump(mode="json"),
        "changes": {arm.name: list(arm.assignments) for arm in ARMS},
        "runs": runs,
        **compared(scores, labels, names=request.labels.names),
        "cpu_seconds": round(sum(run["cpu_seconds"] for run in runs), 1),
        "seconds_of_this_start": round(time.monotonic() - began, 1),
    }
    write_result(json_path, kind=KIND, figures=figures)
    print(words(figures))
    return figures


def drawn_records(source: RecordSource, *, n: int, seed: int, draw: int) -> RecordSource:
    """``n`` records of a source, another draw for another number, in their order."""
    rows = sorted(np.random.default_rng((seed, draw)).choice(len(source), n, replace=False).tolist())
    return replace(
        source,
        name=f"{source.name}, draw {draw} of {n}",
        items=[source.items[row] for row in rows],
        record_ids=[source.record_ids[row] for row in rows],
        patient_ids=[source.patient_ids[row] for row in rows],
        packed_labels=None if source.packed_labels is None else [source.packed_labels[row] for row in rows],
    )


def compared(
    scores: Mapping[str, list[np.ndarray]], labels: np.ndarray, *, names: tuple[str, ...], bootstraps: int = BOOTSTRAPS
) -> dict[str, Any]:
    """Figures of both arms, and their paired differences.

    Args:
        scores: arm -> logits (n, labels) of every draw; draws of the same place are of the same records.
        labels: (n, labels) of 0 and 1.
        names: of the labels.

    Returns:
        ``arms`` and ``difference``. Intervals of the difference are of resampled records, and of records and draws
        together: every resample of the records takes as many draws as there are, with replacement.
    """
    of = {arm: [_figures(one, labels, names, bootstraps) for one in every] for arm, every in scores.items()}
    keys = [*SHOWN, *(f"{name}/{metric}" for name in names for metric in ("auroc", "auprc"))]
    rng = np.random.default_rng(0)
    draws = len(next(iter(of.values())))
    taken = np.vstack([np.arange(draws), rng.integers(0, draws, (bootstraps, draws))])
    difference: dict[str, Any] = {}
    for key in keys:
        apart = np.stack([a.values[key] - b.values[key] for a, b in zip(of["shipped"], of["nothing"], strict=True)])
        difference[key] = {
            "of_records": interval(apart.mean(axis=0)),
            "of_records_and_draws": interval(np.take_along_axis(apart.T, taken, axis=1).mean(axis=1)),
            "of_each_draw": [round(float(one), 5) for one in apart[:, 0]],
        }
    arms = {
        arm: {
            key: {
                **interval(np.mean([one.values[key] for one in every], axis=0)),
                "of_each_draw": [round(float(one.values[key][0]), 5) for one in every],
            }
            for key in keys
        }
        for arm, every in of.items()
    }
    return {"arms": arms, "difference": difference, "bootstraps": bootstraps}


def words(figures: dict[str, Any]) -> str:
    """Lines for people."""
    told = [
        f"{figures['draws']} draws of {figures['records']} records; {figures['validation']['n']} validation records"
    ]
    for key in SHOWN:
        arms = ", ".join(f"from {arm} {found[key]['value']:.3f}" for arm, found in figures["arms"].items())
        apart = figures["difference"][key]["of_records_and_draws"]
        told.append(f"{key}: {arms}; {apart['value']:+.3f} ({apart['low']:+.3f} to {apart['high']:+.3f})")
    return "\n".join(told)


def _figures(logits: np.ndarray, labels: np.ndarray, names: tuple[str, ...], bootstraps: int) -> Bootstrap:
    probabilities = sigmoid(logits)
    decisions = (probabilities >= 0.5).astype(np.int64)
    return bootstrap_figures(probabilities, labels, decisions=decisions, bootstraps=bootstraps, names=names)


def _config(request: FinetuneRequest, arm: Arm, draw: int) -> TrainConfig:
    options: dict[str, Any] = {"labels": request.labels, "seed": request.seed + draw, "drawing_seed": request.seed}
    longer = request.nothing_epochs if arm.start is None else None
    epochs = request.epochs if longer is None else longer
    if epochs is not None:
        options["epochs"] = epochs
    return resolve(recipe="finetune", assignments=arm.assignments, options=options)


def _run(
    request: FinetuneRequest, arm: Arm, draw: int, drawn: RecordSource, validation: RecordSource
) -> dict[str, Any]:
    """Train and classify, or read what an earlier call left."""
    folder, config = request.out / f"{arm.name}-{draw}", _config(request, arm, draw)
    identity = [config.model_dump(mode="json"), drawn.fingerprint, list(drawn.record_ids), list(validation.record_ids)]
    key = sha256_bytes(json.dumps([*identity, arm.start, request.condition.value]).encode())
    finished = read_finished(folder, key)
    if finished is not None:
        return finished
    cpu, wall = time.process_time(), time.monotonic()
    result = train_to_the_end(
        config, training=drawn, validation=validation, folder=folder, cache=request.out / "cache" / f"draw-{draw}",
        watched=WATCHED, start_from=arm.start, workers=0, threads=request.threads, checkpoint_every=2.0,
    )  # fmt: skip
    trained = time.process_time() - cpu
    found = predict(
        checkpoint_classifier(folder / LAST), source=validation, condition=request.condition,
        cache=request.out / "cache" / f"judge-{request.condition.value}", seed=request.seed, workers=1,
    )  # fmt: skip
    told = {
        "steps": result.steps,
        "training_cpu_seconds": round(trained, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "seconds": round(time.monotonic() - wall, 1),
        "records_sha256": sha256_bytes("\n".join(drawn.record_ids).encode()),
    }
    return write_finished(folder, key, told=told, logits=found.logits, labels=found.labels)


def _source(request: FinetuneRequest, split: str) -> RecordSource:
    if request.table is None:
        return build_source(request.data, SourceRequest(root=request.root, split=split, labels=request.labels))
    name, _, folder = request.data.partition(":")
    root = Path(folder) if folder else request.root
    if name != "ptbxl" or root is None:
        raise UsageError("--table gives the labels of a PTB-XL folder: expected --data ptbxl:FOLDER")
    known = table_labels(request.table, request.labels)
    entries = Ptbxl(root=root, labels=CODE6).select(folds=SPLITS[split])
    return indexed_source(
        f"PTB-XL folds {','.join(map(str, SPLITS[split]))} with the labels of {request.table.name}",
        [replace(entry, labels=known[entry.ecg_id]) for entry in entries if entry.ecg_id in known],
        read=partial(read_entry, root=root),
        fingerprint=sha256_file(request.table),
        labels=request.labels.names,
    )


def table_labels(path: Path, labels: LabelSet) -> dict[int, np.ndarray]:
    """ECG id -> labels, of the rows where all of them are known."""
    known: dict[int, np.ndarray] = {}
    with path.open(newline="", encoding="utf-8-sig") as handle:
        reader = csv.DictReader(handle)
        names = reader.fieldnames or ()
        require_columns(names, ("ecg_id",), path=path)
        # What else is in the table is not asked for: only the label set's own columns are read.
        wanted = (labels.column,) if labels.column else labels.names
        columns = LabelColumns(wanted, labels, known=(), path=path)
        for row in reader:
            packed = columns.packed(row, where=f"{path} line {reader.line_num}")
            vector = None if packed == UNKNOWN_LABELS else unpack_labels(packed, len(labels))
            if vector is not None:
                known[int(float(row["ecg_id"]))] = vector
    return known

"""The calibration set of int8: which sheets, chosen how, and whether they are enough."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from vizecg.data.source import RecordSource
from vizecg.render import PHOTOGRAPHER_VERSION, RENDERER_VERSION, sheet_under
from vizecg.spec import LAYOUT_3X4_R, Condition, InputRefusedError, SheetSpec, UsageError
from vizecg.spec.fingerprint import sha256_bytes, sha256_ids
from vizecg.spec.preprocess import PreprocessSpec, ink_map

NONE = "none"
"""Records without any of the labels."""
MIN_RECORDS, MIN_POSITIVES, MIN_PER_CONDITION = 64, 8, 16
_SCHEMA = 2


@dataclass(frozen=True, kw_only=True)
class CalibrationSpec:
    """What decides a calibration set, beside its source.

    ``per_class`` records of each diagnosis and as many without any are drawn under ``conditions`` in turn.
    ``allow_few`` takes a set that is too small, and the manifest says so.
    """

    sheet: SheetSpec
    preprocess: PreprocessSpec
    conditions: tuple[Condition, ...]
    per_class: int = 28
    seed: int = 0
    allow_few: bool = False

    def key(self, source: RecordSource) -> str:
        """Hash of everything that decides the content."""
        content = {
            "schema": _SCHEMA,
            "sheet": self.sheet.to_dict(),
            "preprocess": self.preprocess.to_dict(),
            "conditions": [condition.value for condition in self.conditions],
            "per_class": self.per_class,
            "seed": self.seed,
            "renderer": RENDERER_VERSION,
            "photographer": PHOTOGRAPHER_VERSION,
            "source": [source.fingerprint, *source.record_ids],
        }
        return sha256_bytes(json.dumps(content, sort_keys=True).encode())


@dataclass(frozen=True, kw_only=True)
class CalibrationSet:
    """Ink maps uint8 (n, height, width), where they come from, and what the manifest says about them."""

    inks: np.ndarray
    record_ids: tuple[str, ...]
    patient_ids: frozenset[str]
    summary: dict[str, Any]


def calibration_conditions(trained: Sequence[Condition]) -> tuple[Condition, ...]:
    """Every condition that the network was trained under, once, in a fixed order."""
    return tuple(sorted(set(trained), key=lambda condition: condition.value))


def calibration_set(source: RecordSource, spec: CalibrationSpec, *, cache: Path) -> CalibrationSet:
    """Draw the set, or take it from ``cache``, where it lies under the hash of what decides it.

    Raises:
        UsageError: too few records, too few with some diagnosis or under some condition.
    """
    key = spec.key(source)
    file = _file(cache, key)
    drawn = _load(file, key)
    if drawn is None:
        drawn = _draw(source, spec)
        _store(file, key, drawn)
    short = _shortfalls(drawn.summary)
    if short and not spec.allow_few:
        raise UsageError(f"--calib {source.name}: {short[0]} (--allow-few takes it as it is)")
    return CalibrationSet(
        inks=drawn.inks,
        record_ids=drawn.record_ids,
        patient_ids=drawn.patient_ids,
        summary={**drawn.summary, "key": key, "shortfalls": short},
    )


def stored_inks(cache: Path, key: str) -> np.ndarray | None:
    """The sheets of a set by the ``key`` of its summary, uint8 (n, height, width); None where they are no longer."""
    stored = _load(_file(cache, key), key)
    return None if stored is None else stored.inks


def check_disjoint(calibration: CalibrationSet, evaluation: RecordSource) -> None:
    """Raise UsageError when the two share a record or a patient."""
    patients = {patient for patient in evaluation.patient_ids if patient is not None}
    if set(calibration.record_ids) & set(evaluation.record_ids) or calibration.patient_ids & patients:
        raise UsageError(f"--calib shares patients with --eval {evaluation.name}: those of the two must be others")


def _draw(source: RecordSource, spec: CalibrationSpec) -> CalibrationSet:
    rng = np.random.default_rng(spec.seed)
    counts = dict.fromkeys((*source.labels, NONE), 0)
    drawn = {condition: dict.fromkeys(counts, 0) for condition in spec.conditions}
    chosen: list[int] = []
    inks: list[np.ndarray] = []
    refused: list[str] = []
    console = Console(stderr=True)
    # In a log a bar is blank lines.
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("calibration sheets", total=spec.per_class * len(counts))
        for index in map(int, rng.permutation(len(source))):
            if min(counts.values()) >= spec.per_class:
                break
            try:
                record = source.read(source.items[index])
            except InputRefusedError as error:
                refused.append(str(error))
                continue
            assert record.labels is not None
            present = [label for label, value in zip(source.labels, record.labels, strict=True) if value] or [NONE]
            rarest = min(present, key=counts.__getitem__)
            if counts[rarest] >= spec.per_class:
                continue
            # Each diagnosis goes through the conditions by itself: none is seen under one of them only.
            condition = min(spec.conditions, key=lambda candidate: drawn[candidate][rarest])
            for label in present:
                counts[label] += 1
                drawn[condition][label] += 1
            sheet = sheet_under(condition, record, seed=spec.seed, spec=spec.sheet)
            inks.append(ink_map(sheet, sheet_spec=spec.sheet, spec=spec.preprocess))
            chosen.append(index)
            progress.update(task, completed=sum(min(n, spec.per_class) for n in counts.values()))
    if not chosen:
        raise UsageError(f"--calib {source.name}: none of its {len(source)} records can be drawn")
    ids = tuple(source.record_ids[index] for index in chosen)
    return CalibrationSet(
        inks=np.stack(inks),
        record_ids=ids,
        patient_ids=frozenset(p for p in (source.patient_ids[index] for index in chosen) if p is not None),
        summary={
            "source": source.name,
            "seed": spec.seed,
            "per_class": spec.per_class,
            "n": len(ids),
            "classes": counts,
            "conditions": {condition.value: per_label for condition, per_label in drawn.items()},
            "layouts": {LAYOUT_3X4_R: len(ids)},
            "refused": refused,
            "records_sha256": sha256_ids(ids),
        },
    )


def _shortfalls(summary: dict[str, Any]) -> list[str]:
    """What the set lacks, one line each."""
    short = []
    if summary["n"] < MIN_RECORDS:
        short.append(f"{summary['n']} records, at least {MIN_RECORDS} are needed")
    for label, count in summary["classes"].items():
        if label != NONE and count < MIN_POSITIVES:
            short.append(f"{count} records with {label}, at least {MIN_POSITIVES} are needed")
    for condition, per_label in summary["conditions"].items():
        if sum(per_label.values()) < MIN_PER_CONDITION:
            short.append(f"{sum(per_label.values())} labels under {condition}, at least {MIN_PER_CONDITION} are needed")
    return short


def _file(cache: Path, key: str) -> Path:
    return cache / f"calibration-{key[:32]}.npz"


def _load(file: Path, key: str) -> CalibrationSet | None:
    if not file.is_file():
        return None
    try:
        with file.open("rb") as handle, np.load(handle) as stored:
            about = json.loads(str(stored["about"]))
            inks = stored["inks"]
    # A file of another version or a damaged one is drawn anew: nothing is lost.
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
    if about["key"] != key or inks.dtype != np.uint8:
        return None
    return CalibrationSet(
        inks=inks,
        record_ids=tuple(about["record_ids"]),
        patient_ids=frozenset(about["patient_ids"]),
        summary=about["summary"],
    )


def _store(file: Path, key: str, drawn: CalibrationSet) -> None:
    about = {
        "key": key,
        "record_ids": drawn.record_ids,
        "patient_ids": sorted(drawn.patient_ids),
        "summary": drawn.summary,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}.npz")
    try:
        np.savez_compressed(partial, inks=drawn.inks, about=np.array(json.dumps(about)))
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)

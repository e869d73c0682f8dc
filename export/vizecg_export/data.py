"""Records for calibration, for the golden file and for the accuracy gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vizecg.data import registry
from vizecg.data.source import RecordSource, synthetic_source
from vizecg.render import sheet_under
from vizecg.spec import LABELS, Condition, InputRefusedError, SheetSpec, UsageError
from vizecg.spec.fingerprint import sha256_ids
from vizecg.spec.preprocess import PreprocessSpec, ink_map

SYNTHETIC_SEED, SYNTHETIC_SIZE = 101, 240
GOLDEN_SIZE = 16
GOLDEN_SEED = 20
"""The golden records are synthetic: a bundle can be given away without anybody's ECG in it."""


def parse_source(text: str, *, split: str) -> RecordSource:
    """``ptbxl:FOLDER``, ``store:FOLDER``, ``synthetic`` and so on -> the records of one split ('train' or 'val')."""
    return registry.parse_source(text, registry.SourceRequest(split=split, seed=SYNTHETIC_SEED, size=SYNTHETIC_SIZE))


@dataclass(frozen=True, kw_only=True)
class CalibrationSet:
    """Ink maps uint8 (n, height, width), and what the manifest says about them."""

    inks: np.ndarray
    record_ids: tuple[str, ...]
    patient_ids: frozenset[str]
    summary: dict[str, Any]


def calibration_set(
    source: RecordSource, *, per_class: int, seed: int, sheet: SheetSpec, preprocess: PreprocessSpec
) -> CalibrationSet:
    """Up to ``per_class`` records of each class and as many without any, half printed, half photographed.

    Raises:
        UsageError: the source has no record of some class.
    """
    rng = np.random.default_rng(seed)
    wanted = dict.fromkeys((*LABELS, "none"), per_class)
    counts = dict.fromkeys(wanted, 0)
    inks: list[np.ndarray] = []
    ids: list[str] = []
    refused: list[str] = []
    patients: set[str] = set()
    for index in rng.permutation(len(source)):
        if all(counts[label] >= wanted[label] for label in wanted):
            break
        try:
            record = source.read(source.items[int(index)])
        except InputRefusedError as error:
            refused.append(str(error))
            continue
        assert record.labels is not None
        present = [label for label, value in zip(LABELS, record.labels, strict=True) if value] or ["none"]
        if all(counts[label] >= wanted[label] for label in present):
            continue
        for label in present:
            counts[label] += 1
        condition = (Condition.PRINT, Condition.PHOTO)[len(ids) % 2]
        inks.append(ink_map(sheet_under(condition, record, seed=seed, spec=sheet), sheet_spec=sheet, spec=preprocess))
        ids.append(source.record_ids[int(index)])
        patient = source.patient_ids[int(index)]
        if patient is not None:
            patients.add(patient)
    empty = [label for label in LABELS if counts[label] == 0]
    if empty:
        raise UsageError(f"the calibration source has no record with {empty[0]}")
    return CalibrationSet(
        inks=np.stack(inks),
        record_ids=tuple(ids),
        patient_ids=frozenset(patients),
        summary={
            "source": source.name,
            "seed": seed,
            "n": len(ids),
            "classes": counts,
            "conditions": {"print": (len(ids) + 1) // 2, "photo": len(ids) // 2},
            "refused": refused,
            "records_sha256": sha256_ids(ids),
        },
    )


def golden_inks(*, sheet: SheetSpec, preprocess: PreprocessSpec) -> np.ndarray:
    """uint8 (2 * GOLDEN_SIZE, height, width): synthetic records, clean and photographed."""
    source = synthetic_source(GOLDEN_SIZE, seed=GOLDEN_SEED)
    records = [source.read(item) for item in source.items]
    return np.stack(
        [
            ink_map(sheet_under(condition, record, seed=GOLDEN_SEED, spec=sheet), sheet_spec=sheet, spec=preprocess)
            for condition in (Condition.CLEAN, Condition.PHOTO)
            for record in records
        ]
    )

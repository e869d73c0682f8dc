"""Files of exactly the layout of the CODE-15% release, and in its unit, from any records."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.records.code15.index import EXAMS_FILE
from vizecg.records.code15.tracings import SAMPLING_RATE
from vizecg.records.code15.unit import VALUES_PER_MV
from vizecg.records.record import EcgRecord
from vizecg.spec import CODE6, LEADS, MissingToolError, UsageError
from vizecg.spec.install import pip_install

PADDED = 4096
COLUMNS = (
    "exam_id", "age", "is_male", "nn_predicted_age", "1dAVb", "RBBB", "LBBB", "SB", "ST", "AF", "patient_id", "death",
    "timey", "normal_ecg", "trace_file",
)  # fmt: skip
FIRST_EXAM, FIRST_PATIENT = 1_000_001, 500_001
"""Exams and patients are numbered from here: the release tells both by numbers."""


def write_code15(folder: Path, records: Iterable[EcgRecord], *, parts: int = 1) -> int:
    """Write ``exams.csv`` and ``exams_part0.hdf5`` and so on; records go to the parts in turn. Returns their number.

    What a record does not tell stays empty in the table: age, sex, death. Every patient id gets a number of its own.

    Raises:
        UsageError: a record is not sampled at 400 Hz, is longer than 4096 samples, or has no labels.
    """
    try:
        import h5py
    except ImportError as error:
        raise MissingToolError(f"writing CODE-15% needs h5py: {pip_install('train')}") from error
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"exams_part{number}.hdf5" for number in range(parts)]
    patients: dict[str, int] = {}
    count = 0
    with ExitStack() as stack:
        files = [stack.enter_context(h5py.File(folder / f"{name}.partial", "w")) for name in names]
        for file in files:
            file.create_dataset("exam_id", (0,), maxshape=(None,), dtype="int64", chunks=(1024,))
            file.create_dataset(
                "tracings", (0, PADDED, len(LEADS)), maxshape=(None, PADDED, len(LEADS)), dtype="float32",
                chunks=(1, PADDED, len(LEADS)), compression="gzip", compression_opts=1,
            )  # fmt: skip
        table = csv.writer(
            stack.enter_context((folder / f"{EXAMS_FILE}.partial").open("w", newline="", encoding="utf-8"))
        )
        table.writerow(COLUMNS)
        for record in records:
            exam_id, part = FIRST_EXAM + count, count % parts
            _append(files[part], exam_id, _padded(record))
            patient = patients.setdefault(record.patient_id or record.record_id, FIRST_PATIENT + len(patients))
            table.writerow(_row(record, exam_id=exam_id, patient_id=patient, trace_file=names[part]))
            count += 1
        for file in files:
            _append(file, 0, np.zeros((PADDED, len(LEADS)), np.float32))
    for name in (*names, EXAMS_FILE):
        os.replace(folder / f"{name}.partial", folder / name)
    return count


def _append(file: Any, exam_id: int, tracing: np.ndarray) -> None:
    row = len(file["exam_id"])
    for name, value in (("exam_id", exam_id), ("tracings", tracing)):
        file[name].resize(row + 1, axis=0)
        file[name][row] = value


def _padded(record: EcgRecord) -> np.ndarray:
    """float32 (4096, 12), zeros on both sides."""
    samples = record.signal.shape[1]
    if record.sampling_rate != SAMPLING_RATE or samples > PADDED:
        raise UsageError(
            f"record {record.record_id}: CODE-15% holds up to {PADDED} samples at {SAMPLING_RATE:g} Hz, "
            f"got {samples} at {record.sampling_rate:g} Hz"
        )
    padded = np.zeros((PADDED, len(LEADS)), np.float32)
    start = (PADDED - samples) // 2
    padded[start : start + samples] = record.signal.T * VALUES_PER_MV
    return padded


def _row(record: EcgRecord, *, exam_id: int, patient_id: int, trace_file: str) -> list[object]:
    if record.labels is None:
        raise UsageError(f"record {record.record_id} has no labels, which exams.csv must tell")
    cells: dict[str, object] = {name: bool(value) for name, value in zip(CODE6.names, record.labels, strict=True)}
    cells |= {"exam_id": exam_id, "patient_id": patient_id, "trace_file": trace_file}
    cells["normal_ecg"] = not record.labels.any()
    return [cells.get(column, "") for column in COLUMNS]

"""Records of a source -> parts of a packed store, in worker processes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from vizecg.data.packed.coding import MAX_ROWS, compress, encode, to_half_steps, to_steps
from vizecg.data.source import ReadRecord
from vizecg.data.store.shard import Skipped
from vizecg.records import EcgRecord, bad_record, resample
from vizecg.records.electrodes import electrode_notes
from vizecg.records.packing import pack_labels
from vizecg.spec import InputRefusedError, UsageError


@dataclass(frozen=True, kw_only=True)
class PackSpec:
    """How signals are kept: ``step_uv`` microvolts a step, at ``sampling_rate`` Hz.

    ``resampled`` allows records of another rate; without it they are an error, for nobody asked for another rate.
    """

    step_uv: float
    sampling_rate: float
    resampled: bool


@dataclass(frozen=True, kw_only=True)
class PackJob:
    """Some records of one split, by the place that they have in their source."""

    split: str
    read: ReadRecord
    records: Sequence[tuple[int, Any, str, str | None]]
    spec: PackSpec

    def first(self, n: int) -> PackJob:
        return replace(self, records=self.records[:n])


@dataclass(frozen=True, kw_only=True)
class PackedPart:
    """One block, and a row of ``vizecg.data.packed.file.COLUMNS`` for each of its records.

    ``size`` is what it takes of the file, its rows in the table included, which are smaller there among others.
    """

    data: bytes
    rows: int
    table: list[tuple[Any, ...]]
    size: int


@dataclass(kw_only=True)
class PackResult:
    """What became of a job."""

    split: str
    records: int
    parts: list[PackedPart] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    noted: list[dict[str, str]] = field(default_factory=list)


def pack(job: PackJob) -> PackResult:
    """Read, check and encode the records of a job.

    Raises:
        UsageError: a record has another sampling rate than was expected.
    """
    result = PackResult(split=job.split, records=len(job.records))
    waiting: list[np.ndarray] = []
    table: list[tuple[Any, ...]] = []
    for place, item, record_id, patient_id in job.records:
        try:
            record = job.read(item)
            steps = _steps(record, job.spec)
        except InputRefusedError as error:
            result.skipped.append(Skipped(record_id=record_id, reason=str(error)))
            continue
        if waiting and sum(map(len, waiting)) + len(steps) > MAX_ROWS:
            result.parts.append(_part(waiting, table))
            waiting, table = [], []
        result.noted += [
            {"record": record_id, "split": job.split, "code": note.code, "reason": note.message}
            for note in (*record.notes, *electrode_notes(record))
        ]
        waiting.append(steps)
        patient = record.patient_id if patient_id is None else patient_id
        table.append((record_id, patient, job.split, pack_labels(record.labels), len(steps), place))
    if waiting:
        result.parts.append(_part(waiting, table))
    return result


def _part(records: list[np.ndarray], table: list[tuple[Any, ...]]) -> PackedPart:
    data = encode(records)
    size = len(data) + len(compress(json.dumps(table).encode()))
    return PackedPart(data=data, rows=sum(map(len, records)), table=table, size=size)


def _steps(record: EcgRecord, spec: PackSpec) -> np.ndarray:
    """int16 (samples, 8); raises InputRefusedError where the record would not pass its checks when it is read."""
    if record.sampling_rate != spec.sampling_rate and not spec.resampled:
        raise UsageError(
            f"record {record.record_id} has {record.sampling_rate:g} Hz, the first one {spec.sampling_rate:g} Hz: "
            "name one rate with --sampling-rate"
        )
    try:
        signal = resample(record.signal, source_hz=record.sampling_rate, target_hz=spec.sampling_rate)
        steps = to_steps(signal, step_uv=spec.step_uv)
        halves = to_half_steps(steps)
    except ValueError as error:
        raise bad_record(record.record_id, str(error)) from error
    if len(steps) > MAX_ROWS:
        raise bad_record(record.record_id, f"{len(steps)} samples are more than the {MAX_ROWS} of a block")
    kept = np.ascontiguousarray((halves.T * (spec.step_uv / 2000)).astype(np.float32))
    EcgRecord(signal=kept, sampling_rate=spec.sampling_rate, record_id=record.record_id)
    return steps

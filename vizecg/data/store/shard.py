"""One shard of a store: samples in one file, what they are in another, each there whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from vizecg.records import EcgRecord, bad_record, resample
from vizecg.records.electrodes import electrode_notes
from vizecg.records.packing import pack_labels
from vizecg.records.record import Note
from vizecg.spec import LEADS
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_file

UNIT_MV = 0.001
_LARGEST = 32767
_COLUMNS = ("record_id", "patient_id", "split", "labels", "samples", "scale_mv")


def data_name(number: int) -> str:
    return f"shard-{number:05d}.npy"


def index_name(number: int) -> str:
    return f"shard-{number:05d}.json"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One record as it is stored: ``units`` int16 (samples, 12), each ``scale_mv`` millivolts."""

    record_id: str
    patient_id: str | None
    packed_labels: int
    units: np.ndarray
    scale_mv: float
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A record that failed its checks, and why."""

    record_id: str
    reason: str


def quantise(record: EcgRecord, *, sampling_rate: float) -> tuple[np.ndarray, float]:
    """int16 (samples, 12) at ``sampling_rate``, and the millivolts of one unit.

    One unit is a microvolt, and more only where the record would not fit into 16 bits.

    Raises:
        InputRefusedError: the record is too short to be resampled, or fails its checks afterwards.
    """
    try:
        signal = resample(record.signal, source_hz=record.sampling_rate, target_hz=sampling_rate)
    except ValueError as error:
        raise bad_record(record.record_id, str(error)) from error
    # Checked again, for resampling can overshoot: what is stored must pass when it is read.
    EcgRecord(
        signal=np.ascontiguousarray(signal), sampling_rate=sampling_rate, record_id=record.record_id,
        check_limb_leads=False,
    )  # fmt: skip
    scale_mv = max(UNIT_MV, float(np.abs(signal).max()) / _LARGEST)
    return np.rint(signal.T / scale_mv).astype(np.int16, order="C"), scale_mv


def prepared(record: EcgRecord, *, record_id: str, patient_id: str | None, sampling_rate: float) -> Prepared:
    """``record`` as it is stored, under the ids by which its source knows it."""
    units, scale_mv = quantise(record, sampling_rate=sampling_rate)
    return Prepared(
        record_id=record_id,
        patient_id=record.patient_id if patient_id is None else patient_id,
        packed_labels=pack_labels(record.labels),
        units=units,
        scale_mv=scale_mv,
        notes=(*record.notes, *electrode_notes(record)),
    )


@dataclass(frozen=True, kw_only=True)
class ShardIndex:
    """What ``shard-00000.json`` holds: ``columns`` has a list for each of the names in ``_COLUMNS``; ``noted``: what is
    to be told of records that are among them."""

    data_bytes: int
    data_sha256: str
    columns: dict[str, list[Any]]
    skipped: list[dict[str, str]]
    noted: list[dict[str, str]] = field(default_factory=list)

    def to_json(self) -> str:
        told = {name: value for name, value in vars(self).items() if value or name != "noted"}
        return json.dumps(told, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: bytes) -> ShardIndex:
        """Raises ValueError, KeyError or TypeError for anything else."""
        index = cls(**json.loads(text))
        lengths = {len(index.columns[name]) for name in _COLUMNS}
        if len(lengths) != 1:
            raise ValueError(f"columns of {sorted(lengths)} rows")
        return index


@dataclass(kw_only=True)
class ShardWriter:
    """Takes records one after the other and keeps none of their samples in memory."""

    folder: Path
    number: int
    rows: int = 0
    columns: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in _COLUMNS})
    skipped: list[dict[str, str]] = field(default_factory=list)
    noted: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._partial = self.folder / f"{data_name(self.number)}.partial"
        self._file = self._partial.open("wb")
        self._header = _write_header(self._file, 0)

    def add(self, results: Sequence[Prepared | Skipped], *, split: str) -> None:
        """Append records, or note that they were skipped."""
        for result in results:
            if isinstance(result, Skipped):
                self.skipped.append({"record": result.record_id, "split": split, "reason": result.reason})
                continue
            self.noted += [
                {"record": result.record_id, "split": split, "code": note.code, "reason": note.message}
                for note in result.notes
            ]
            self._file.write(result.units.data)
            self.rows += len(result.units)
            row = (
                result.record_id, result.patient_id, split, result.packed_labels, len(result.units), result.scale_mv,
            )  # fmt: skip
            for name, value in zip(_COLUMNS, row, strict=True):
                self.columns[name].append(value)

    def commit(self) -> ShardIndex:
        """Name the samples, then the index, which is given back: a shard is done when its index is there."""
        self._file.seek(0)
        if _write_header(self._file, self.rows) != self._header:
            raise AssertionError("numpy's header grew with the number of rows")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        path = self.folder / data_name(self.number)
        index = ShardIndex(
            data_bytes=self._partial.stat().st_size,
            data_sha256=sha256_file(self._partial),
            columns=self.columns,
            skipped=self.skipped,
            noted=self.noted,
        )
        os.replace(self._partial, path)
        write_atomically(self.folder / index_name(self.number), index.to_json())
        return index

    def close(self) -> None:
        """Give up what was not committed."""
        self._file.close()
        self._partial.unlink(missing_ok=True)


def _write_header(file: BinaryIO, rows: int) -> int:
    """numpy leaves room for the rows to grow, so that a header can be written before they are known."""
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<i2", "fortran_order": False, "shape": (rows, len(LEADS))}
    )  # fmt: skip
    return file.tell()

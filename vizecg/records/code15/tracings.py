"""CODE-15%: ``exams.csv`` and ``exams_part*.hdf5``, read one tracing at a time.

A part holds ``exam_id`` (n,) and ``tracings`` (n, 4096, 12): twice the millivolts (``vizecg.records.code15.unit`` tells
why) at 400 Hz, the leads DI DII DIII AVR AVL AVF V1..V6, padded with zeros on both sides, and in some releases an extra
row of zeros with the id 0 at the end. Documents disagree on the order of the leads; the checks of ``EcgRecord`` show it
right or refuse the record.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

import numpy as np

from vizecg.records.code15.index import EXAMS_FILE, ExamTable, match_parts, part_files
from vizecg.records.code15.unit import MANY, VALUES_PER_MV, check_unit, checked_values_per_mv, looked_at
from vizecg.records.on_identity import OnIdentity, record_under
from vizecg.records.packing import unpack_labels
from vizecg.records.record import EcgRecord, bad_record
from vizecg.records.splits import SplitRule, check_split
from vizecg.spec import CODE6, InputRefusedError, LabelSet, MissingToolError
from vizecg.spec.install import pip_install

SAMPLING_RATE = 400.0
_OPEN_PARTS = 32
"""Parts kept open in each process: the release has 18."""


@dataclass(frozen=True, kw_only=True)
class Exam:
    """One tracing: ``row`` of the file ``part``."""

    part: str
    row: int
    exam_id: int
    patient_id: str | None
    packed_labels: int

    @property
    def record_id(self) -> str:
        return f"code15-{self.exam_id}"


@dataclass(frozen=True, kw_only=True)
class Exams(Sequence[Exam]):
    """Exams as columns, some 20 bytes each, in the order in which they lie in the parts."""

    parts: tuple[str, ...]
    part: np.ndarray
    row: np.ndarray
    exam_id: np.ndarray
    patient_id: np.ndarray
    packed_labels: np.ndarray

    def __len__(self) -> int:
        return len(self.row)

    @overload
    def __getitem__(self, index: int) -> Exam: ...
    @overload
    def __getitem__(self, index: slice) -> Exams: ...
    def __getitem__(self, index: int | slice) -> Exam | Exams:
        if isinstance(index, slice):
            return self.where(index)
        patient = int(self.patient_id[index])
        return Exam(
            part=self.parts[int(self.part[index])],
            row=int(self.row[index]),
            exam_id=int(self.exam_id[index]),
            patient_id=None if patient < 0 else str(patient),
            packed_labels=int(self.packed_labels[index]),
        )

    def where(self, chosen: np.ndarray | slice) -> Exams:
        """Those under a mask, at some places, or in a slice."""
        names = ("part", "row", "exam_id", "patient_id", "packed_labels")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})


class Code15:
    """A CODE-15% folder, or one part of it with ``exams.csv`` beside it.

    Args:
        root: the folder or the part.
        labels: by the names of the table's columns; None where the diagnoses do not matter.
        values_per_mv: stored for a millivolt; None for the release's.

    Attributes:
        folder: where the parts lie.
        values_per_mv: those that hold.
        exams: every exam that the table and the parts agree on.
        left_out: exam or file -> why it is not among them.

    Raises:
        UsageError: no folder, no part, no table, or a table without the columns it needs.
        InputRefusedError: the parts there are cannot be read, nothing fits together, or the unit is another.
    """

    def __init__(self, *, root: Path, labels: LabelSet | None = CODE6, values_per_mv: float | None = None) -> None:
        self.values_per_mv = checked_values_per_mv(values_per_mv)
        parts = part_files(Path(root))
        self.folder = parts[0].parent
        table = ExamTable.read(self.folder / EXAMS_FILE, labels=labels)
        matched, self.left_out = match_parts(table, parts, only_these=Path(root).is_file())
        if not len(matched.csv_row):
            first = next(iter(self.left_out.values()), "no exam of exams.csv is in the parts")
            raise InputRefusedError(f"{root}: {first}", reason="bad_record")
        self.exams = Exams(
            parts=tuple(path.name for path in parts),
            part=matched.part,
            row=matched.row,
            exam_id=table.exam_id[matched.csv_row],
            patient_id=table.patient_id[matched.csv_row],
            packed_labels=table.packed_labels[matched.csv_row],
        )
        if len(self.exams) >= MANY:
            check_unit(self._some(), path=Path(root), asked=values_per_mv)

    def _some(self) -> Iterator[np.ndarray]:
        """Some tracings as they are stored, without those that cannot be read: they are refused by their names."""
        for place in looked_at(len(self.exams)):
            try:
                yield _stored(self.exams[int(place)], folder=self.folder)
            except InputRefusedError:
                continue

    def select(self, split: str, rule: SplitRule) -> Exams:
        """The exams of one split; no patient is in two."""
        check_split(split)
        chosen = [rule.split_of(patient_id=exam.patient_id, record_id=exam.record_id) == split for exam in self.exams]
        return self.exams.where(np.array(chosen, dtype=bool))


def read_exam(
    exam: Exam,
    *,
    folder: Path,
    labels: int = len(CODE6),
    values_per_mv: float = VALUES_PER_MV,
    on_identity: OnIdentity = OnIdentity.SKIP,
) -> EcgRecord:
    """Read, crop and check one tracing, of so many ``labels``, in millivolts. Files stay open, per process.

    Raises:
        InputRefusedError: the part is damaged here, the tracing is all padding, or a check fails.
        LimbLeadsError: as ``record_under``.
    """
    cropped = crop_padding(_stored(exam, folder=folder), record_id=exam.record_id)
    return record_under(
        on_identity,
        signal=np.ascontiguousarray(cropped.T / values_per_mv, dtype=np.float32),
        sampling_rate=SAMPLING_RATE,
        record_id=exam.record_id,
        labels=unpack_labels(exam.packed_labels, labels),
        patient_id=exam.patient_id,
    )


def _stored(exam: Exam, *, folder: Path) -> np.ndarray:
    """(samples, 12) as it lies in the file; InputRefusedError where it cannot be read."""
    path = folder / exam.part
    try:
        return np.asarray(_tracings(str(path), os.getpid())[exam.row])
    except (OSError, KeyError, ValueError, IndexError) as error:
        reason = " ".join(str(error).split())
        raise bad_record(exam.record_id, f"{path} row {exam.row} cannot be read: {reason}") from error


def crop_padding(padded: np.ndarray, *, record_id: str) -> np.ndarray:
    """(samples, 12) without the zeros at both ends; zeros inside are signal.

    Raises:
        InputRefusedError: there is nothing else.
    """
    used = np.flatnonzero((padded != 0).any(axis=1))
    if not len(used):
        raise bad_record(record_id, "nothing but zero padding")
    return padded[used[0] : used[-1] + 1]


# The process id is part of the key: a handle must not be used by a forked child as well.
@lru_cache(maxsize=_OPEN_PARTS)
def _tracings(path: str, process: int) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise MissingToolError(f"reading CODE-15% needs h5py: {pip_install('train')}") from error
    return h5py.File(path, "r")["tracings"]

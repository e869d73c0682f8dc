"""PTB-XL (PhysioNet 1.0.x): records through ``wfdb``, labels from the SCP codes."""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vizecg.records.record import EcgRecord
from vizecg.spec import LABELS, LEADS, InputRefusedError, MissingToolError, UsageError, label_vector

SCP_CODES = {"1dAVb": "1AVB", "RBBB": "CRBBB", "LBBB": "CLBBB", "SB": "SBRAD", "AF": "AFIB", "ST": "STACH"}
"""A record has a label when the code is present, whatever its likelihood: rhythm codes carry 0.0."""

SPLITS = {"train": tuple(range(1, 9)), "val": (9,), "test": (10,)}
"""PTB-XL's recommended folds; no patient is in two of them."""

_COLUMNS = ("ecg_id", "patient_id", "scp_codes", "strat_fold", "filename_lr", "filename_hr")


@dataclass(frozen=True, kw_only=True)
class PtbxlEntry:
    """One row of ``ptbxl_database.csv``."""

    ecg_id: int
    patient_id: str | None
    fold: int
    labels: np.ndarray
    filename: str

    @property
    def record_id(self) -> str:
        return f"ptbxl-{self.ecg_id:05d}"


class Ptbxl:
    """A PTB-XL folder.

    Args:
        root: the folder that holds ``ptbxl_database.csv``.
        resolution: 100 or 500, the sampling rate of the files to read.

    Raises:
        UsageError: the folder or its table is not PTB-XL's.
    """

    def __init__(self, *, root: Path, resolution: int = 100) -> None:
        if resolution not in (100, 500):
            raise UsageError(f"PTB-XL has 100 and 500 Hz records, not {resolution} Hz")
        self.root = Path(root)
        self.entries = _read_table(
            self.root / "ptbxl_database.csv", "filename_lr" if resolution == 100 else "filename_hr"
        )

    def select(self, *, folds: Iterable[int] | None = None, ids: Iterable[int] | None = None) -> list[PtbxlEntry]:
        """Entries of some folds and/or with some ECG ids, in the order of the table."""
        wanted_folds = None if folds is None else set(folds)
        wanted_ids = None if ids is None else set(ids)
        return [
            entry
            for entry in self.entries
            if (wanted_folds is None or entry.fold in wanted_folds)
            and (wanted_ids is None or entry.ecg_id in wanted_ids)
        ]

    def read(self, entry: PtbxlEntry) -> EcgRecord:
        """Read and check one record; see ``read_entry``."""
        return read_entry(entry, root=self.root)


def read_entry(entry: PtbxlEntry, *, root: Path) -> EcgRecord:
    """Read and check one record of the PTB-XL folder ``root``.

    Raises:
        InputRefusedError: the files are missing or damaged, or a check fails.
        MissingToolError: ``wfdb`` is not installed.
    """
    try:
        import wfdb
    except ImportError as error:
        raise MissingToolError("reading PTB-XL needs wfdb: pip install 'vizecg[train]'") from error
    try:
        raw = wfdb.rdrecord(str(root / entry.filename))
    except (OSError, ValueError, IndexError) as error:
        raise InputRefusedError(f"record {entry.record_id}: cannot be read: {error}", reason="bad_record") from error
    names = {name.upper(): row for row, name in enumerate(raw.sig_name)}
    missing = [lead for lead in LEADS if lead.upper() not in names]
    if missing:
        raise InputRefusedError(f"record {entry.record_id}: lead {missing[0]} is missing", reason="bad_record")
    rows = [names[lead.upper()] for lead in LEADS]
    return EcgRecord(
        signal=np.ascontiguousarray(raw.p_signal.T[rows], dtype=np.float32),
        sampling_rate=float(raw.fs),
        record_id=entry.record_id,
        labels=entry.labels,
        patient_id=entry.patient_id,
    )


def _read_table(path: Path, filename_column: str) -> list[PtbxlEntry]:
    if not path.is_file():
        raise UsageError(f"{path} does not exist: --root must name the folder of ptbxl_database.csv")
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise UsageError(f"{path} has no column {missing[0]!r}")
        return [_entry(row, filename_column) for row in reader if row[filename_column]]


def _entry(row: dict[str, str], filename_column: str) -> PtbxlEntry:
    codes = ast.literal_eval(row["scp_codes"])
    return PtbxlEntry(
        ecg_id=int(float(row["ecg_id"])),
        patient_id=row["patient_id"] or None,
        fold=int(float(row["strat_fold"])),
        labels=label_vector({label: SCP_CODES[label] in codes for label in LABELS}),
        filename=row[filename_column],
    )

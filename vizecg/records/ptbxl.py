"""PTB-XL (PhysioNet 1.0.x): records through ``wfdb``, labels from the SCP codes."""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vizecg.records.codes import Vocabulary, check_coded, labels_of
from vizecg.records.on_identity import OnIdentity
from vizecg.records.packing import pack_labels
from vizecg.records.record import EcgRecord
from vizecg.records.tables import require_columns
from vizecg.records.wfdb.record import read_wfdb
from vizecg.spec import CODE6, LabelSet, UsageError

TABLE = "ptbxl_database.csv"
SPLITS = {"train": tuple(range(1, 9)), "val": (9,), "test": (10,)}
"""PTB-XL's recommended folds; no patient is in two of them."""

_COLUMNS = ("ecg_id", "patient_id", "scp_codes", "strat_fold", "filename_lr", "filename_hr")


@dataclass(frozen=True, kw_only=True)
class PtbxlEntry:
    """One row of ``ptbxl_database.csv``; ``fold`` is None for a record that is kept out of every split."""

    ecg_id: int
    patient_id: str | None
    fold: int | None
    labels: np.ndarray
    filename: str

    @property
    def record_id(self) -> str:
        return f"ptbxl-{self.ecg_id:05d}"

    @property
    def packed_labels(self) -> int:
        return pack_labels(self.labels)


class Ptbxl:
    """A PTB-XL folder.

    A table may have a ``split`` column beside the release's own, as samples of PTB-XL do. A record whose split is
    neither train, val nor test is kept for another purpose (its printout was photographed, say): it is in no fold, and
    found by its id alone.

    Args:
        root: the folder that holds ``ptbxl_database.csv``.
        resolution: 100 or 500, the sampling rate of the files to read.
        labels: read from the SCP codes.

    Raises:
        UsageError: the folder or its table is not PTB-XL's, or a label has no SCP code.
    """

    def __init__(self, *, root: Path, resolution: int = 100, labels: LabelSet = CODE6) -> None:
        if resolution not in (100, 500):
            raise UsageError(f"PTB-XL has 100 and 500 Hz records, not {resolution} Hz")
        check_coded(labels, Vocabulary.SCP, source="PTB-XL")
        self.root = Path(root)
        self.entries = _read_table(self.root / TABLE, "filename_lr" if resolution == 100 else "filename_hr", labels)

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


def positives_first(entries: Sequence[PtbxlEntry], limit: int) -> list[PtbxlEntry]:
    """At most ``limit`` entries by id, so chosen that every class is there: first up to a tenth of ``limit`` of each
    class, then the others in their order.

    Raises:
        UsageError: there are no entries.
    """
    if not entries:
        raise UsageError("the fold has no records")
    chosen: dict[int, PtbxlEntry] = {}
    for column in range(len(entries[0].labels)):
        for entry in [entry for entry in entries if entry.labels[column]][: max(1, limit // 10)]:
            chosen[entry.ecg_id] = entry
    for entry in entries:
        if len(chosen) >= limit:
            break
        chosen.setdefault(entry.ecg_id, entry)
    return sorted(chosen.values(), key=lambda entry: entry.ecg_id)[:limit]


def read_entry(entry: PtbxlEntry, *, root: Path, on_identity: OnIdentity = OnIdentity.SKIP) -> EcgRecord:
    """Read and check one record of the PTB-XL folder ``root``.

    Raises:
        InputRefusedError: the files are missing or damaged, or a check fails.
        LimbLeadsError: as ``record_under``.
        MissingToolError: ``wfdb`` is not installed.
    """
    return read_wfdb(
        root / entry.filename,
        record_id=entry.record_id,
        labels=entry.labels,
        patient_id=entry.patient_id,
        on_identity=on_identity,
    )


def _read_table(path: Path, filename_column: str, labels: LabelSet) -> list[PtbxlEntry]:
    if not path.is_file():
        raise UsageError(f"{path} does not exist: expected the folder of {TABLE}")
    with path.open(newline="", encoding="utf-8-sig") as handle:
        reader = csv.DictReader(handle)
        require_columns(reader.fieldnames or (), _COLUMNS, path=path)
        return [_entry(row, filename_column, labels) for row in reader if row[filename_column]]


def _entry(row: dict[str, str], filename_column: str, labels: LabelSet) -> PtbxlEntry:
    codes = ast.literal_eval(row["scp_codes"])
    return PtbxlEntry(
        ecg_id=int(float(row["ecg_id"])),
        patient_id=row["patient_id"] or None,
        fold=int(float(row["strat_fold"])) if (row.get("split") or "train") in SPLITS else None,
        # Whatever the likelihoods of the codes are: rhythm codes carry 0.0.
        labels=labels_of(codes, labels, Vocabulary.SCP),
        filename=row[filename_column],
    )

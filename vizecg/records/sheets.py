"""Photographs with known labels, as the edge has read them onto sheets: no signal is behind them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from vizecg.records.packing import UNKNOWN_LABELS, unpack_labels
from vizecg.records.record import EcgRecord, bad_record
from vizecg.records.splits import SplitRule, check_split
from vizecg.records.tables import labelled_rows
from vizecg.spec import LabelSet, SheetSpec, UsageError
from vizecg.spec.sheet_files import read_sheets

LABELS_FILE = "labels.csv"
COLUMNS = ("photo", "patient_id", "split", "age")
"""That the table of labels may have beside them."""


@dataclass(frozen=True, kw_only=True)
class SheetRecord:
    """One photograph.

    Attributes:
        sheet: uint8 RGB (H, W, 3), as the edge composed it.
        record_id: path of the photograph.
        labels: float32 (labels,) of 0 and 1, or None where they are not known.
    """

    sheet: np.ndarray = field(repr=False)
    record_id: str
    labels: np.ndarray | None


@dataclass(frozen=True, kw_only=True)
class SheetEntry:
    """``file`` is that of the sheet in its folder, ``photo`` the path of the photograph."""

    photo: str
    file: str
    patient_id: str | None
    packed_labels: int


class Sheets:
    """A folder that ``vizecg-edge sheets`` made, and a table of labels.

    Args:
        root: the folder.
        table: a CSV with the columns ``photo`` (paths as ``sheets.csv`` has them), the labels, and where wanted
            ``patient_id`` and ``split``; default: ``labels.csv`` in the folder, or else among the photographs.
        labels: wanted of the table.

    Attributes:
        spec: of the sheets.
        left_out: photograph -> why it cannot be used: the reader's reason, or that the table does not name it.
        refused: the reader's reason -> how many photographs.

    Raises:
        UsageError: no folder of sheets, no table, or a wrong one.
        StoreError: the folder is damaged.
    """

    def __init__(self, *, root: Path, table: Path | None = None, labels: LabelSet) -> None:
        self.root = Path(root)
        meta, rows = read_sheets(self.root)
        self.spec: SheetSpec = meta.sheet
        self.table = table or _table(self.root, Path(meta.photographs))
        known = self._labelled(self.table, labels)
        self.left_out: dict[str, str] = {}
        self.refused: Counter[str] = Counter()
        self.entries: list[SheetEntry] = []
        pages = Counter(row.photo for row in rows)
        for row in rows:
            entry = known.pop(row.photo, None)
            if pages[row.photo] > 1:
                self.left_out[row.photo] = f"photograph {row.photo}: has {pages[row.photo]} pages, expected one"
            elif not row.file:
                self.refused[row.status] += 1
                self.left_out[row.photo] = f"photograph {row.photo}: {row.status}"
            elif entry is None:
                self.left_out[row.photo] = f"photograph {row.photo}: {self.table.name} does not name it"
            else:
                self.entries.append(
                    SheetEntry(photo=row.photo, file=row.file, patient_id=entry[0], packed_labels=entry[1])
                )
        for photo in known:
            if photo not in pages:
                self.left_out[photo] = f"photograph {photo}: named by {self.table.name}, but not read"

    def select(self, split: str, rule: SplitRule) -> list[SheetEntry]:
        """The entries of one split: by the table where it says, else by the rule."""
        check_split(split)
        return [
            entry
            for entry in self.entries
            if split
            == rule.stated_or(self._splits.get(entry.photo), patient_id=entry.patient_id, record_id=entry.photo)
        ]

    def _labelled(self, path: Path, labels: LabelSet) -> dict[str, tuple[str | None, int]]:
        """Photograph -> patient and packed labels."""
        self._splits: dict[str, str] = {}
        found: dict[str, tuple[str | None, int]] = {}
        for row in labelled_rows(path, labels, key="photo", known=COLUMNS):
            photo = row.text("photo")
            if photo in found:
                raise UsageError(f"{row.where}: photograph {photo} is there twice")
            found[photo] = row.patient_id, row.packed_labels
            if row.split is not None:
                self._splits[photo] = row.split
        return found


def no_signal(entry: SheetEntry) -> EcgRecord:
    """Raise InputRefusedError: a photograph is not a recording."""
    raise bad_record(entry.photo, "is a photograph, there is no signal behind it")


def read_sheet(entry: SheetEntry, *, root: Path, spec: SheetSpec, labels: int) -> SheetRecord:
    """The sheet of one photograph, of so many ``labels``.

    Raises:
        InputRefusedError: the file is gone, damaged, or of another size than ``spec`` says.
    """
    picture = cv2.imread(str(root / entry.file), cv2.IMREAD_COLOR)
    if picture is None:
        raise bad_record(entry.photo, f"its sheet {entry.file} is gone or damaged")
    if picture.shape[:2] != (spec.height_px, spec.width_px):
        raise bad_record(entry.photo, f"its sheet has {picture.shape[1]} x {picture.shape[0]} pixels")
    return SheetRecord(
        sheet=np.ascontiguousarray(picture[..., ::-1]),
        record_id=entry.photo,
        labels=None if entry.packed_labels == UNKNOWN_LABELS else unpack_labels(entry.packed_labels, labels),
    )


def _table(root: Path, photographs: Path) -> Path:
    for folder in (root, photographs):
        if (folder / LABELS_FILE).is_file():
            return folder / LABELS_FILE
    raise UsageError(
        f"{root} has no {LABELS_FILE}, nor has {photographs}: expected a CSV with a column 'photo' and the labels"
    )

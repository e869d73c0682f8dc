"""Which row of which part is which exam of ``exams.csv``."""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vizecg.records.packing import packed_array
from vizecg.records.tables import LabelColumns, optional_text, require_columns
from vizecg.spec import CODE6, LEADS, InputRefusedError, LabelSet, MissingToolError, UsageError
from vizecg.spec.install import pip_install

EXAMS_FILE = "exams.csv"
COLUMNS = ("exam_id", "age", "is_male", "nn_predicted_age", "patient_id", "death", "timey", "normal_ecg", "trace_file")
"""Of the release, beside the labels."""
UNKNOWN_PATIENT = -1
_NO_FILE = -1


@dataclass(frozen=True, kw_only=True)
class ExamTable:
    """``exams.csv`` as columns.

    Attributes:
        path: of the file.
        exam_id: int64 (n,).
        patient_id: int64 (n,), ``UNKNOWN_PATIENT`` where it is not told.
        packed_labels: (n,) of ``packing.packed_array``, ``UNKNOWN_LABELS`` where no label column exists.
        file: int32 (n,), index into ``files``; -1 where the table does not name a file.
        files: the names in ``trace_file``.
    """

    path: Path
    exam_id: np.ndarray
    patient_id: np.ndarray
    packed_labels: np.ndarray
    file: np.ndarray
    files: tuple[str, ...]

    @classmethod
    def read(cls, path: Path, *, labels: LabelSet | None = CODE6) -> ExamTable:
        """``labels`` by the names of the columns; None where the diagnoses do not matter.

        Raises:
            UsageError: no such file, a column missing or one too many, or a cell that cannot be understood.
        """
        if not path.is_file():
            raise UsageError(f"{path} does not exist: it must lie beside the parts of CODE-15%")
        ids, patients, file = array("q"), array("q"), array("i")
        packed: list[int] = []
        files: dict[str, int] = {}
        with path.open(newline="", encoding="utf-8-sig") as handle:
            reader = csv.DictReader(handle)
            require_columns(reader.fieldnames or (), ("exam_id",), path=path)
            columns = LabelColumns(reader.fieldnames or (), labels, known=COLUMNS, path=path)
            for row in reader:
                where = f"{path} line {reader.line_num}"
                ids.append(_integer(row["exam_id"], "exam_id", where))
                patient = optional_text(row.get("patient_id"))
                patients.append(UNKNOWN_PATIENT if patient is None else _integer(patient, "patient_id", where))
                packed.append(columns.packed(row, where=where))
                name = optional_text(row.get("trace_file"))
                file.append(_NO_FILE if name is None else files.setdefault(name, len(files)))
            columns.check()
        return cls(
            path=path,
            exam_id=np.array(ids, dtype=np.int64),
            patient_id=np.array(patients, dtype=np.int64),
            packed_labels=packed_array(packed, len(labels or ())),
            file=np.array(file, dtype=np.int32),
            files=tuple(files),
        )


@dataclass(frozen=True, kw_only=True)
class Matched:
    """Row of the table, part, and row of the part of every exam, in the order of the parts; int (n,) each."""

    csv_row: np.ndarray
    part: np.ndarray
    row: np.ndarray


def part_files(root: Path) -> list[Path]:
    """The parts in a folder in the order of their numbers, or the one part that ``root`` names."""
    if root.is_file():
        return [root]
    paths = [path for pattern in ("*.hdf5", "*.h5") for path in root.glob(pattern)]
    if not paths:
        raise UsageError(f"{root} holds no part of CODE-15%: expected exams_part*.hdf5 and exams.csv")
    return sorted(paths, key=lambda path: [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", path.name)])


def match_parts(table: ExamTable, parts: Sequence[Path], *, only_these: bool) -> tuple[Matched, dict[str, str]]:
    """Join the table and the ids of the parts; whatever does not fit is listed.

    Args:
        only_these: exams that the table puts into other files are not wanted, and not listed.

    Returns:
        What fits, and exam or file -> why it does not.
    """
    left_out: dict[str, str] = {}
    order = np.argsort(table.exam_id, kind="stable")
    ordered = table.exam_id[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(ordered) else np.zeros(0, bool)
    seen = np.zeros(len(ordered), bool)
    seen[order[~first]] = True
    for number in ordered[~first]:
        left_out[f"code15-{number} (again)"] = f"exam {number}: {table.path.name} holds it again; the first line counts"
    order, ordered = order[first], ordered[first]
    columns: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    unreadable: dict[str, str] = {}
    for number, path in enumerate(parts):
        try:
            ids = _part_ids(path)
        except InputRefusedError as error:
            unreadable[path.name] = str(error)
            continue
        rows = np.arange(len(ids))
        place = np.searchsorted(ordered, ids)
        known = np.zeros(len(ids), bool)
        known[place < len(ordered)] = ordered[place[place < len(ordered)]] == ids[place < len(ordered)]
        for row in rows[~known]:
            if ids[row] == 0 and row == len(ids) - 1:
                continue  # the extra row of zeros that some releases have
            left_out[f"{path.name} row {row}"] = f"exam {ids[row]}: in {path.name}, but not in {table.path.name}"
        for row, line in zip(rows[known], order[place[known]], strict=True):
            said = table.files[table.file[line]] if table.file[line] >= 0 else path.name
            if said != path.name:
                left_out[f"{path.name} row {row}"] = (
                    f"exam {ids[row]}: {table.path.name} puts it into {said}, but it is in {path.name}"
                )
                known[row] = False
            elif seen[line]:
                left_out[f"{path.name} row {row}"] = f"exam {ids[row]}: in the parts more than once"
                known[row] = False
            seen[line] = True
        csv_rows = order[np.searchsorted(ordered, ids[known])]
        columns.append((csv_rows, np.full(len(csv_rows), number), rows[known]))
    left_out.update(_not_found(table, ~seen, parts, unreadable, only_these=only_these))
    csv_row, part, row = (np.concatenate([c[i] for c in columns] or [np.zeros(0, np.int64)]) for i in range(3))
    return Matched(csv_row=csv_row, part=part.astype(np.int16), row=row.astype(np.int32)), left_out


def _not_found(
    table: ExamTable, missing: np.ndarray, parts: Sequence[Path], unreadable: dict[str, str], *, only_these: bool
) -> dict[str, str]:
    """Exams of the table that no part gave: one line per file that is not there, one per exam where the file is."""
    here = {path.name for path in parts}
    listed: dict[str, str] = dict(unreadable)
    for index, name in enumerate(table.files):
        lost = missing & (table.file == index)
        count = int(lost.sum())
        if count and name in unreadable:
            listed[name] = f"{unreadable[name]}; {count} exams of {table.path.name} are in it"
        elif count and name not in here and not only_these:
            listed[name] = f"{name} is not there; {count} exams of {table.path.name} are in it"
        elif name in here:
            for number in table.exam_id[lost]:
                listed[f"code15-{number}"] = f"exam {number}: {table.path.name} puts it into {name}, which has it not"
    if not only_these:
        for number in table.exam_id[missing & (table.file == _NO_FILE)]:
            listed[f"code15-{number}"] = f"exam {number}: in no part"
    return listed


def _part_ids(path: Path) -> np.ndarray:
    """int64 (n,) ids of a part whose two datasets fit together."""
    try:
        import h5py
    except ImportError as error:
        raise MissingToolError(f"reading CODE-15% needs h5py: {pip_install('train')}") from error
    try:
        with h5py.File(path, "r") as part:
            ids, shape = np.asarray(part["exam_id"][:]).reshape(-1).astype(np.int64), part["tracings"].shape
    except (OSError, KeyError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InputRefusedError(f"{path.name} cannot be read: {reason}", reason="bad_record") from error
    if len(shape) != 3 or shape[0] != len(ids) or shape[2] != len(LEADS):
        raise InputRefusedError(
            f"{path.name}: expected tracings ({len(ids)}, samples, {len(LEADS)}), got {shape}", reason="bad_record"
        )
    return ids


def _integer(text: str | None, column: str, where: str) -> int:
    try:
        return int(text or "")
    except ValueError:
        pass
    try:
        return int(float(text or ""))  # tables that went through pandas have 123.0
    except (ValueError, OverflowError):
        raise UsageError(f"{where}: column {column} holds {text!r}, expected a number") from None

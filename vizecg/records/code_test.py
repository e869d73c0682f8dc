"""CODE-test (Ribeiro 2020): 827 tracings of as many patients, annotated by cardiologists.

``ecg_tracings.hdf5`` holds ``tracings`` (827, 4096, 12) at 400 Hz, padded with zeros on both sides and without ids: the
i-th tracing belongs to the i-th line of ``annotations/gold_standard.csv`` and of ``attributes.csv``.

Documents disagree on the order of the leads (AVR AVL AVF, or AVL AVF AVR) and on the unit. Read as DI DII DIII AVR AVL
AVF V1..V6 in twice the millivolts, like CODE-15% (``vizecg.records.code15.unit`` tells why), and checked:
``EcgRecord``'s identities refuse another order, ``check_unit`` another unit.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vizecg.records.code15.tracings import Exam
from vizecg.records.code15.unit import check_unit, checked_values_per_mv, looked_at
from vizecg.records.tables import LabelColumns, optional_text, require_columns
from vizecg.spec import CODE6, LEADS, InputRefusedError, LabelSet, MissingToolError, UsageError
from vizecg.spec.install import pip_install

TRACINGS_FILE = "ecg_tracings.hdf5"
GOLD_FILE = "gold_standard.csv"
ATTRIBUTES_FILE = "attributes.csv"
WHERE = "CODE-test is at https://doi.org/10.5281/zenodo.3765780; expected its folder"


@dataclass(frozen=True, kw_only=True)
class GoldExam(Exam):
    """One tracing, read by ``vizecg.records.code15.tracings.read_exam``; ``exam_id`` counts from 1.

    The patients are different ones and have no ids. ``age`` (years) and ``sex`` are None where they are not told.
    """

    age: float | None = None
    sex: str | None = None

    @property
    def record_id(self) -> str:
        return f"codetest-{self.exam_id:03d}"


class CodeTest:
    """A CODE-test folder: the files at ``root`` or in ``root/data``, annotations beside them or in ``annotations/``.

    Args:
        root: the folder.
        labels: by the names of the columns of the annotations.
        values_per_mv: stored for a millivolt; None for the release's.

    Attributes:
        folder: where the tracings lie.
        values_per_mv: those that hold.
        gold: the table of annotations.
        exams: all of them, in the order of the files.

    Raises:
        UsageError: a file is missing, a table lacks a column or holds what it should not, or the numbers of lines
            and tracings differ.
        InputRefusedError: the tracings cannot be read, have another shape, or are in another unit.
    """

    def __init__(self, *, root: Path, labels: LabelSet = CODE6, values_per_mv: float | None = None) -> None:
        self.values_per_mv = checked_values_per_mv(values_per_mv)
        root = Path(root)
        tracings = _find(TRACINGS_FILE, root, ("", "data"))
        self.folder = tracings.parent
        self.gold = _find(GOLD_FILE, root, ("annotations", "data/annotations", "", "data"))
        gold = _labels(self.gold, labels)
        places = (root / ATTRIBUTES_FILE, root / "data" / ATTRIBUTES_FILE)
        attributes = next((place for place in places if place.is_file()), None)
        people = [(None, None)] * len(gold) if attributes is None else list(_people(attributes))
        number = check_tracings(tracings, values_per_mv=values_per_mv)
        for table, lines in ((self.gold, len(gold)), (attributes, len(people))):
            if lines != number:
                raise UsageError(f"{table} has {lines} lines for the {number} tracings of {tracings}")
        self.exams = tuple(
            GoldExam(
                part=tracings.name, row=row, exam_id=row + 1, patient_id=None, packed_labels=packed, age=age, sex=sex
            )
            for row, (packed, (age, sex)) in enumerate(zip(gold, people, strict=True))
        )


def check_tracings(path: Path, *, values_per_mv: float | None = None) -> int:
    """The number of tracings of a file of the right shape and unit; raises InputRefusedError."""
    try:
        import h5py
    except ImportError as error:
        raise MissingToolError(f"reading CODE-test needs h5py: {pip_install('train')}") from error
    try:
        with h5py.File(path, "r") as file:
            tracings = file["tracings"]
            if tracings.ndim != 3 or tracings.shape[2] != len(LEADS) or not len(tracings):
                shape = f"expected tracings (n, samples, {len(LEADS)}), got {tracings.shape}"
                raise InputRefusedError(f"{path}: {shape}", reason="bad_record")
            some = (np.asarray(tracings[row]) for row in looked_at(len(tracings)))
            check_unit(some, path=path, asked=values_per_mv)
            return len(tracings)
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise InputRefusedError(f"{path} cannot be read: {reason}", reason="bad_record") from error


def _find(name: str, root: Path, folders: Sequence[str]) -> Path:
    for folder in folders:
        if (root / folder / name).is_file():
            return root / folder / name
    raise UsageError(f"{name} is not in {root}, nor in data or annotations there: {WHERE}")


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[dict[str, str], str]]:
    """Every line of a table with these columns, and where it stands."""
    with path.open(newline="", encoding="utf-8-sig") as handle:
        reader = csv.DictReader(handle)
        require_columns(reader.fieldnames or (), columns, path=path)
        for row in reader:
            yield row, f"{path} line {reader.line_num}"


def _labels(path: Path, labels: LabelSet) -> list[int]:
    columns: LabelColumns | None = None
    found = []
    for row, where in _rows(path, labels.names):
        columns = columns or LabelColumns(tuple(row), labels, known=(), path=path)
        found.append(columns.packed(row, where=where))
    if columns is not None:
        columns.check()
    return found


def _people(path: Path) -> Iterator[tuple[float | None, str | None]]:
    for row, where in _rows(path, ("age", "sex")):
        age = optional_text(row["age"])
        try:
            yield None if age is None else float(age), optional_text(row["sex"])
        except ValueError:
            raise UsageError(f"{where}: column age holds {age!r}, expected a number") from None

"""What people said of the tracings of CODE-test (Ribeiro 2020), a table each.

The tables have no ids: the i-th line of each belongs to the i-th tracing. Columns are found by name; a first column
without a name, as pandas writes it, must count the lines. Other tables of this form are other readers.

How they came about is told by the authors: github.com/antonior92/automatic-ecg-diagnosis, data/README.md, and for the
network generate_figures_and_tables.py.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vizecg.records.code_test import ATTRIBUTES_FILE, GOLD_FILE
from vizecg.records.tables import LabelColumns, require_columns
from vizecg.spec import CODE6, LabelSet, UsageError

GOLD = Path(GOLD_FILE).stem
GOLD_MADE_OF = (
    "two cardiologists read every tracing: what they agree on is the gold standard; where they disagreed on anything, "
    "a third, senior specialist decided, who knew both readings"
)
_HALVES = "of two people, each of whom read half of the tracings"


@dataclass(frozen=True, kw_only=True)
class Annotator:
    """A reader of CODE-test.

    Attributes:
        title: what tables call it.
        who: in a few words.
        bound: why it is not independent of the gold standard; None where it is.
    """

    title: str
    who: str
    bound: str | None = None


_MADE_OF = "the gold standard is made of its readings"
ANNOTATORS: Mapping[str, Annotator] = {
    "cardiologist1": Annotator(title="cardiologist 1", who="a cardiologist", bound=_MADE_OF),
    "cardiologist2": Annotator(title="cardiologist 2", who="a cardiologist", bound=_MADE_OF),
    "cardiology_residents": Annotator(title="cardiology residents", who=f"4th year, {_HALVES}"),
    "emergency_residents": Annotator(title="emergency residents", who=f"3rd year, {_HALVES}"),
    "medical_students": Annotator(title="medical students", who=f"5th year, {_HALVES}"),
    "dnn": Annotator(
        title="network of 2020",
        who="a residual network on signals, trained on more than two million exams",
        bound="its thresholds are those of best F1 against this gold standard, on these tracings",
    ),
}
"""By the names of their files, in the order in which they are told."""


@dataclass(frozen=True, kw_only=True)
class Annotations:
    """The tables of a folder.

    Attributes:
        labels: names of the columns.
        gold: int64 (n, labels) of 0 and 1.
        readers: name -> int64 (n, labels), those of ``ANNOTATORS`` first.
        missing: names of ``ANNOTATORS`` that the folder lacks.
        not_read: tables of the folder that hold none of the labels.
    """

    labels: tuple[str, ...]
    gold: np.ndarray
    readers: Mapping[str, np.ndarray]
    missing: tuple[str, ...]
    not_read: tuple[str, ...]


def read_annotations(folder: Path, *, labels: LabelSet = CODE6) -> Annotations:
    """Every table of ``folder``.

    Raises:
        UsageError: there is no gold standard or no reader, a table lacks a label, has a column too many, holds
            anything but 0 and 1, or has more or fewer lines than the gold standard.
    """
    folder = Path(folder)
    gold_file = folder / GOLD_FILE
    if not gold_file.is_file():
        raise UsageError(f"{GOLD_FILE} is not in {folder}: expected the tables of CODE-test's annotators")
    gold = _read(gold_file, labels)
    others = {path.stem: path for path in sorted(folder.glob("*.csv")) if path.name not in (GOLD_FILE, ATTRIBUTES_FILE)}
    not_read = tuple(path.name for name, path in others.items() if name not in ANNOTATORS and not _has(path, labels))
    known = [name for name in ANNOTATORS if name in others]
    more = [name for name in others if name not in ANNOTATORS and others[name].name not in not_read]
    readers = {name: _read(others[name], labels) for name in (*known, *more)}
    if not readers:
        raise UsageError(f"{folder} holds {GOLD_FILE} and no reader: expected {next(iter(ANNOTATORS))}.csv and so on")
    for name, decisions in readers.items():
        if len(decisions) != len(gold):
            raise UsageError(f"{others[name]} has {len(decisions)} lines, {GOLD_FILE} {len(gold)}: they must agree")
    return Annotations(
        labels=labels.names,
        gold=gold,
        readers=readers,
        missing=tuple(name for name in ANNOTATORS if name not in others),
        not_read=not_read,
    )


def annotator(name: str) -> Annotator:
    """What is known of a reader; of another table its name alone."""
    return ANNOTATORS.get(name) or Annotator(title=name, who="not one of CODE-test's")


def _columns(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8-sig") as handle:
        return next(csv.reader(handle), [])


def _has(path: Path, labels: LabelSet) -> bool:
    return bool(set(labels.names) & set(_columns(path)))


def _read(path: Path, labels: LabelSet) -> np.ndarray:
    columns = _columns(path)
    twice = next((name for place, name in enumerate(columns) if name in columns[:place]), None)
    if twice is not None:
        raise UsageError(f"{path} has the column {twice!r} twice")
    rows: list[list[int]] = []
    with path.open(newline="", encoding="utf-8-sig") as handle:
        reader = csv.DictReader(handle)
        require_columns(columns, labels.names, path=path)
        found = LabelColumns(columns, labels, known=("",), path=path)
        for row in reader:
            where = f"{path} line {reader.line_num}"
            if None in row:
                raise UsageError(f"{where} has more cells than columns")
            if "" in row and row[""] != str(len(rows)):
                raise UsageError(f"{where}: the column without a name holds {row['']!r}, expected {len(rows)}")
            bits = found.packed(row, where=where)
            rows.append([bits >> place & 1 for place in range(len(labels))])
        found.check()
    if not rows:
        raise UsageError(f"{path} has no line")
    return np.array(rows, dtype=np.int64)

"""Labels in CSV tables: columns found by name, for their order differs between releases, or one column of codes."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vizecg.records.codes import codes_in
from vizecg.records.packing import UNKNOWN_LABELS
from vizecg.records.splits import check_split
from vizecg.spec import LabelSet, UsageError

TRUTH = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
BLANK = ("", "nan", "na", "n/a", "none", "null", "unknown", "?")
"""Cells, in small letters, in which somebody or some program wrote that there is nothing."""
NO_LABELS = ("is_male", "death", "normal_ecg", "sex", "gender")
"""Columns of published tables that hold true and false, or 0 and 1, and are no diagnoses: CODE-15% and PTB-XL."""
_LISTED = 8


class LabelColumns:
    """The labels of a table, by the names of its columns or by the codes in one of them.

    A column that is neither a label nor known nor ignored, and holds nothing but true and false, looks like a label
    that was forgotten: reading on would call its records negative.

    Args:
        columns: of the table.
        labels: those to read, and what is ignored; None where the diagnoses do not matter.
        known: columns that hold something else.
        path: of the table, for messages.

    Attributes:
        names: the columns of the labels in their order; empty where the table has none of them.
        codes: every code that was seen in the column of codes -> in how many records; empty where there is none.

    Raises:
        UsageError: some labels are there and one is missing, or there is no column of codes.
    """

    def __init__(self, columns: Sequence[str], labels: LabelSet | None, *, known: Sequence[str], path: Path) -> None:
        self._path, self._labels = path, labels
        self.names: tuple[str, ...] = ()
        self.codes: Counter[str] = Counter()
        self._suspects: set[str] = set()
        self._seen: set[str] = set()
        if labels is None:
            return
        named = {*labels.names, *known, *NO_LABELS, *labels.ignored}
        if labels.column:
            require_columns(columns, (labels.column,), path=path)
            self._known_codes = [frozenset(label.stands_for) for label in labels.labels]
            # Columns of other labels are not forgotten: another column was named for them.
            return
        there = [name for name in labels.names if name in columns]
        missing = [name for name in labels.names if name not in columns]
        if there and missing:
            raise UsageError(f"{path} has no column {missing[0]!r}, but has {', '.join(there)}")
        self.names = tuple(there)
        self._suspects = {name for name in columns if name not in named}

    def states(self, row: Mapping[str, str | None], *, where: str) -> tuple[bool | None, ...]:
        """Whether each label is present in one row, None where the table does not say; empty without labels.

        Raises:
            UsageError: a cell cannot be understood, or is missing.
        """
        for name in tuple(self._suspects):
            text = (row[name] or "").strip().lower()
            if text not in BLANK:
                self._seen.add(name)
                if text not in TRUTH:
                    self._suspects.discard(name)
        if self._labels is None:
            return ()
        if self._labels.column:
            return self._coded(row[self._labels.column], where)
        return tuple(self._state(name, row[name], where) for name in self.names)

    def packed(self, row: Mapping[str, str | None], *, where: str) -> int:
        """The labels of one row as bits, the first label lowest; ``UNKNOWN_LABELS`` without label columns, and where
        the table does not say it of each of them.

        Raises:
            UsageError: a cell cannot be understood.
        """
        states = self.states(row, where=where)
        if not states or None in states:
            return UNKNOWN_LABELS
        return sum(int(bool(state)) << bit for bit, state in enumerate(states))

    def check(self) -> None:
        """After the last row.

        Raises:
            UsageError: a column that looks like a label is not among them.
        """
        forgotten = sorted(self._suspects & self._seen)
        if forgotten and self._labels is not None:
            more = f" and {len(forgotten) - _LISTED} more" if len(forgotten) > _LISTED else ""
            raise UsageError(
                f"{self._path}: {', '.join(map(repr, forgotten[:_LISTED]))}{more} look like labels and are not in the"
                f" label set {self._labels.name}: name them in it (labels of the training configuration,"
                f" --labels of vizecg prepare), or leave them out with --ignore-columns {forgotten[0]}"
            )

    def _state(self, name: str, cell: str | None, where: str) -> bool | None:
        text = None if cell is None else cell.strip().lower()
        if text is not None and text in BLANK:
            return self._absent
        if text not in TRUTH:
            raise UsageError(f"{where}: column {name} holds {cell!r}, expected True or False")
        return TRUTH[text]

    def _coded(self, cell: str | None, where: str) -> tuple[bool | None, ...]:
        """A record without any code was not read, or its reading was lost: nothing is known of it."""
        assert self._labels is not None
        if cell is None:
            raise UsageError(f"{where}: has no column {self._labels.column}")
        try:
            codes = codes_in(cell) if cell.strip().lower() not in BLANK else frozenset()
        except ValueError as error:
            raise UsageError(f"{where}: column {self._labels.column}: {error}") from error
        if not codes:
            return (None,) * len(self._labels)
        self.codes.update(codes)
        return tuple(True if codes & ours else self._absent for ours in self._known_codes)

    @property
    def _absent(self) -> bool | None:
        return False if self._labels is not None and self._labels.absent == "negative" else None


@dataclass(frozen=True, kw_only=True)
class LabelledRow:
    """A row of a table of labels. Its cells are looked at when they are asked for: of a record that is not there, none.

    ``line``: of the file; ``where``: the same for messages.
    """

    cells: Mapping[str, str | None]
    columns: LabelColumns
    line: int
    where: str

    def text(self, column: str) -> str:
        """A cell without blanks; empty where there is none."""
        return (self.cells.get(column) or "").strip()

    @property
    def patient_id(self) -> str | None:
        return self.text("patient_id") or None

    @property
    def split(self) -> str | None:
        """What the table states; UsageError where it is no split."""
        return check_split(self.text("split")) if self.text("split") else None

    @property
    def packed_labels(self) -> int:
        """See ``LabelColumns.packed``."""
        return self.columns.packed(self.cells, where=self.where)


def labelled_rows(path: Path, labels: LabelSet | None, *, key: str, known: Sequence[str]) -> Iterator[LabelledRow]:
    """The rows of a CSV that names records in the column ``key``; ``known`` are columns that hold something else.

    Raises:
        UsageError: as ``LabelColumns`` and its ``check`` after the last row, or the column is not there.
    """
    with path.open(newline="", encoding="utf-8-sig") as handle:
        reader = csv.DictReader(handle)
        names = reader.fieldnames or ()
        require_columns(names, (key,), path=path)
        columns = LabelColumns(names, labels, known=known, path=path)
        for row in reader:
            yield LabelledRow(cells=row, columns=columns, line=reader.line_num, where=f"{path} line {reader.line_num}")
        columns.check()


def require_columns(columns: Sequence[str], wanted: Sequence[str], *, path: Path) -> None:
    """Raise UsageError naming the first of ``wanted`` that is missing."""
    for name in wanted:
        if name not in columns:
            raise UsageError(f"{path} has no column {name!r}")


def optional_text(value: str | None) -> str | None:
    """A cell without blanks; None for an empty one."""
    return (value or "").strip() or None

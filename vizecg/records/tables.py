"""Label columns of CSV tables: found by name, for their order differs between releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vizecg.records.packing import UNKNOWN_LABELS
from vizecg.spec import LabelSet, UsageError

_TRUTH = {"true": 1, "1": 1, "1.0": 1, "false": 0, "0": 0, "0.0": 0}
NO_LABELS = ("is_male", "death", "normal_ecg", "sex", "gender")
"""Columns of published tables that hold true and false, or 0 and 1, and are no diagnoses: CODE-15% and PTB-XL."""
_LISTED = 8


class LabelColumns:
    """The labels of a table, by the names of its columns.

    A column that is neither a label nor known nor ignored, and holds nothing but true and false, looks like a label
    that was forgotten: reading on would call its records negative.

    Args:
        columns: of the table.
        labels: those to read, and what is ignored; None where the diagnoses do not matter.
        known: columns that hold something else.
        path: of the table, for messages.

    Attributes:
        names: the columns of the labels in their order; empty where the table has none of them.

    Raises:
        UsageError: some labels are there and one is missing.
    """

    def __init__(self, columns: Sequence[str], labels: LabelSet | None, *, known: Sequence[str], path: Path) -> None:
        self._path, self._labels = path, labels
        self.names: tuple[str, ...] = ()
        self._suspects: set[str] = set()
        self._seen: set[str] = set()
        if labels is None:
            return
        there = [name for name in labels.names if name in columns]
        missing = [name for name in labels.names if name not in columns]
        if there and missing:
            raise UsageError(f"{path} has no column {missing[0]!r}, but has {', '.join(there)}")
        self.names = tuple(there)
        named = {*labels.names, *known, *NO_LABELS, *labels.ignored}
        self._suspects = {name for name in columns if name not in named}

    def packed(self, row: Mapping[str, str | None], *, where: str) -> int:
        """The labels of one row as bits, the first label lowest; ``UNKNOWN_LABELS`` without label columns.

        Raises:
            UsageError: a cell is neither true nor false.
        """
        for name in tuple(self._suspects):
            text = (row[name] or "").strip().lower()
            if text:
                self._seen.add(name)
                if text not in _TRUTH:
                    self._suspects.discard(name)
        if not self.names:
            return UNKNOWN_LABELS
        bits = 0
        for bit, name in enumerate(self.names):
            value = _TRUTH.get((row[name] or "").strip().lower())
            if value is None:
                raise UsageError(f"{where}: column {name} holds {row[name]!r}, expected True or False")
            bits |= value << bit
        return bits

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


def require_columns(columns: Sequence[str], wanted: Sequence[str], *, path: Path) -> None:
    """Raise UsageError naming the first of ``wanted`` that is missing."""
    for name in wanted:
        if name not in columns:
            raise UsageError(f"{path} has no column {name!r}")


def optional_text(value: str | None) -> str | None:
    """A cell without blanks; None for an empty one."""
    return (value or "").strip() or None

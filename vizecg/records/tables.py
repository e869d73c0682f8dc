"""Label columns of CSV tables: found by name, for their order differs between releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vizecg.records.packing import UNKNOWN_LABELS
from vizecg.spec import LABELS, UsageError

_TRUTH = {"true": 1, "1": 1, "1.0": 1, "false": 0, "0": 0, "0.0": 0}


def label_columns(columns: Sequence[str], *, path: Path) -> tuple[str, ...]:
    """The six columns in label order, or none where the table has no label column at all.

    Raises:
        UsageError: some are there and one is missing.
    """
    missing = [label for label in LABELS if label not in columns]
    if len(missing) == len(LABELS):
        return ()
    if missing:
        raise UsageError(f"{path} has no column {missing[0]!r}, but has {_listed(set(LABELS) - set(missing))}")
    return LABELS


def packed_labels(row: Mapping[str, str | None], columns: Sequence[str], *, where: str) -> int:
    """The labels of one row as bits, the first label lowest; ``UNKNOWN_LABELS`` without label columns.

    Raises:
        UsageError: a cell is neither true nor false.
    """
    if not columns:
        return UNKNOWN_LABELS
    bits = 0
    for bit, name in enumerate(columns):
        value = _TRUTH.get((row[name] or "").strip().lower())
        if value is None:
            raise UsageError(f"{where}: column {name} holds {row[name]!r}, expected True or False")
        bits |= value << bit
    return bits


def require_columns(columns: Sequence[str], wanted: Sequence[str], *, path: Path) -> None:
    """Raise UsageError naming the first of ``wanted`` that is missing."""
    for name in wanted:
        if name not in columns:
            raise UsageError(f"{path} has no column {name!r}")


def optional_text(value: str | None) -> str | None:
    """A cell without blanks; None for an empty one."""
    return (value or "").strip() or None


def _listed(names: set[str]) -> str:
    return ", ".join(label for label in LABELS if label in names)

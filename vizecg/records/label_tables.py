"""What a table offers as labels, and what a label set makes of it: before anything is trained on it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vizecg.records.code15.index import COLUMNS as EXAM_COLUMNS
from vizecg.records.codes import codes_in
from vizecg.records.splits import SPLIT_NAMES, SplitRule, check_split
from vizecg.records.tables import BLANK, NO_LABELS, TRUTH, LabelColumns, optional_text
from vizecg.records.wfdb.folder import COLUMNS
from vizecg.spec import LabelSet, UsageError

KNOWN = tuple(dict.fromkeys((*COLUMNS, *EXAM_COLUMNS)))
"""Columns that hold something else than labels."""
_MOST_CODES = 400
"""More different words than this are no codes."""
_SHORTEST_CONCEPT = 6
"""Digits of a SNOMED CT concept; shorter numbers are measurements."""


@dataclass(kw_only=True)
class Counts:
    """Of one label in one split: records that have it, that do not, and of which the table does not say."""

    present: int = 0
    absent: int = 0
    unknown: int = 0


@dataclass(frozen=True, kw_only=True)
class TableCheck:
    """What a label set makes of a table.

    Attributes:
        records: split -> its records.
        usable: split -> those of which every label is known: the others are not trained or evaluated on.
        labels: label -> split -> counts.
        ignored: columns that the set or the caller left out.
        other: columns that hold something else.
        unused_codes: codes in the column of codes that stand for no label -> records.
        warnings: what a reader should know before training.
    """

    path: Path
    label_set: LabelSet
    records: dict[str, int]
    usable: dict[str, int]
    labels: dict[str, dict[str, Counts]]
    ignored: tuple[str, ...]
    other: tuple[str, ...]
    unused_codes: dict[str, int]
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain types."""
        return {**asdict(self), "path": str(self.path), "label_set": self.label_set.to_dict()}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table. ``kind``: ``label`` (true and false alone), ``codes``, ``known`` (of another meaning) or
    ``other``; ``values``: of a label how often it is ``present``, ``absent`` and ``unknown``, of codes in how many
    records each is."""

    name: str
    kind: str
    values: dict[str, int] = field(default_factory=dict)


def check_table(
    path: Path, labels: LabelSet, *, rule: SplitRule | None = None, column: str | None = None
) -> TableCheck:
    """Read a table for a label set.

    Args:
        path: a CSV with a header line.
        labels: what is wanted of it.
        rule: splits the records that have no split of their own.
        column: of the names of records, by which those without a patient are split; ``record`` or ``exam_id`` for None.

    Raises:
        UsageError: no such file, or training from it would be refused: the message is the same.
    """
    rule = rule or SplitRule()
    rows = _rows(path)
    names, _, _ = first = next(rows)
    columns = LabelColumns(names, labels, known=KNOWN, path=path)
    if not labels.column and not columns.names:
        raise UsageError(f"{path} has no column of the label set {labels.name}: {', '.join(labels.names)}")
    record = column or next((name for name in ("record", "photo", "exam_id", "ecg_id") if name in names), names[0])
    counts = {name: {split: Counts() for split in SPLIT_NAMES} for name in labels.names}
    records, usable = dict.fromkeys(SPLIT_NAMES, 0), dict.fromkeys(SPLIT_NAMES, 0)
    for _, row, where in (first, *rows):
        given = optional_text(row.get("split"))
        split = check_split(given) if given else rule.split_of(
            patient_id=optional_text(row.get("patient_id")), record_id=optional_text(row[record]) or where
        )  # fmt: skip
        states = columns.states(row, where=where)
        records[split] += 1
        usable[split] += None not in states
        for name, state in zip(labels.names, states, strict=True):
            one = counts[name][split]
            one.present += state is True
            one.absent += state is False
            one.unknown += state is None
    columns.check()
    meant = {code for label in labels.labels for code in label.stands_for}
    used = {labels.column} if labels.column else set(labels.names)
    ignored = tuple(name for name in names if name in labels.ignored)
    return TableCheck(
        path=path,
        label_set=labels,
        records=records,
        usable=usable,
        labels=counts,
        ignored=ignored,
        other=tuple(name for name in names if name not in used and name not in ignored),
        unused_codes={code: n for code, n in columns.codes.most_common() if code not in meant},
        warnings=tuple(_warnings(labels, counts, records, usable)),
    )


def show_table(path: Path) -> list[Column]:
    """What the columns of a table hold.

    Raises:
        UsageError: no such file, or none with a header line and rows.
    """
    rows = _rows(path)
    names, _, _ = first = next(rows)
    cells: dict[str, Counter[str]] = {name: Counter() for name in names}
    for _, row, _ in (first, *rows):
        for name in names:
            cells[name][(row[name] or "").strip()] += 1
    return [_column(name, cells[name]) for name in names]


def _column(name: str, cells: Counter[str]) -> Column:
    states = Counter[str]()
    for cell, n in cells.items():
        words = cell.lower()
        if words in BLANK:
            states["unknown"] += n
        elif words in TRUTH:
            states["present" if TRUTH[words] else "absent"] += n
        else:
            states["other"] += n
    if name in KNOWN or name in NO_LABELS:
        return Column(name=name, kind="known")
    if not states["other"] and states["present"] + states["absent"]:
        return Column(name=name, kind="label", values={key: states[key] for key in ("present", "absent", "unknown")})
    codes = Counter[str]()
    for cell, n in cells.items():
        if cell.lower() in BLANK:
            continue
        try:
            found = codes_in(cell)
        except ValueError:
            return Column(name=name, kind="other")
        if not all(map(_looks_like_code, found)) or len(codes) > _MOST_CODES:
            return Column(name=name, kind="other")
        codes.update(dict.fromkeys(found, n))
    # Names of files and of patients come once each.
    repeated = sum(codes.values()) >= 3 * len(codes) > 0
    return Column(name=name, kind="codes", values=dict(codes.most_common())) if repeated else Column(
        name=name, kind="other"
    )  # fmt: skip


def _looks_like_code(word: str) -> bool:
    if word.replace(".", "", 1).lstrip("-").isdigit():
        return word.isdigit() and len(word) >= _SHORTEST_CONCEPT
    return len(word) <= 24


def _warnings(
    labels: LabelSet, counts: dict[str, dict[str, Counts]], records: dict[str, int], usable: dict[str, int]
) -> Iterator[str]:
    for label in labels.labels:
        of = counts[label.name]
        if not any(one.present for one in of.values()):
            sought = f" (sought: {', '.join(label.stands_for)})" if labels.column else ""
            yield f"no record has {label.name}{sought}: perhaps the source does not look for it"
            continue
        for split in SPLIT_NAMES:
            if records[split] and not of[split].present:
                yield f"no record of the split {split} has {label.name}: its figures there are not defined"
    lost = sum(records.values()) - sum(usable.values())
    if lost:
        why = ", ".join(
            f"{name} of {n}" for name in labels.names if (n := sum(one.unknown for one in counts[name].values()))
        )
        hint = "" if labels.absent else "; if an empty cell means that it is absent, say so: absent: negative"
        yield f"{lost} of {sum(records.values())} records are left out, for a label is not known: {why}{hint}"


def _rows(path: Path) -> Iterator[tuple[Sequence[str], dict[str, str | None], str]]:
    """(columns, row, where it stands), at least once."""
    if not path.is_file():
        raise UsageError(f"{path} does not exist: expected a CSV with one line for each record")
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            reader = csv.DictReader(handle)
            row = None
            for row in reader:
                yield reader.fieldnames or (), row, f"{path} line {reader.line_num}"
            if row is None:
                raise UsageError(f"{path} holds no record: expected a line of names, and one for each record")
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is no CSV: {error}") from error

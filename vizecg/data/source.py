"""A named, ordered set of records that can be read one at a time, in any process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from vizecg.records import EcgRecord
from vizecg.records.ptbxl import Ptbxl, read_entry
from vizecg.records.synthetic import synthetic_record
from vizecg.spec import UsageError

ReadRecord = Callable[[Any], EcgRecord]


@dataclass(frozen=True, kw_only=True)
class RecordSource:
    """``read(items[i])`` gives the record ``record_ids[i]``; ``read`` can be pickled."""

    name: str
    items: Sequence[Any]
    record_ids: Sequence[str]
    patient_ids: Sequence[str | None]
    read: ReadRecord

    def __len__(self) -> int:
        return len(self.items)

    def limited(self, limit: int | None) -> RecordSource:
        """The first ``limit`` records; all of them for None."""
        if limit is None:
            return self
        return RecordSource(
            name=self.name,
            items=self.items[:limit],
            record_ids=self.record_ids[:limit],
            patient_ids=self.patient_ids[:limit],
            read=self.read,
        )


def ptbxl_source(root: Path, *, folds: Sequence[int]) -> RecordSource:
    """The records of some folds of a PTB-XL folder, at 100 Hz."""
    dataset = Ptbxl(root=root)
    entries = dataset.select(folds=folds)
    if not entries:
        raise UsageError(f"{root} has no record in fold {', '.join(map(str, folds))}")
    return RecordSource(
        name=f"PTB-XL folds {','.join(map(str, folds))}",
        items=entries,
        record_ids=[entry.record_id for entry in entries],
        patient_ids=[entry.patient_id for entry in entries],
        read=partial(read_entry, root=dataset.root),
    )


def synthetic_source(n: int, *, seed: int) -> RecordSource:
    """``n`` records drawn from the criteria of the diagnoses; no two seeds share a record."""
    if n < 1:
        raise UsageError(f"the number of synthetic records must be positive, got {n}")
    return RecordSource(
        name=f"synthetic seed {seed}",
        items=range(n),
        record_ids=[f"synthetic-{seed}-{index}" for index in range(n)],
        patient_ids=[None] * n,
        read=partial(synthetic_record, seed=seed),
    )

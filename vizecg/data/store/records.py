"""What a store holds, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np

from vizecg.data.store.shard import ShardIndex
from vizecg.records.packing import packed_array
from vizecg.records.splits import SPLIT_NAMES


@dataclass(frozen=True, kw_only=True)
class StoredRecord:
    """Where one record lies and what is known of it; ``scale_mv`` millivolts are one unit."""

    shard: int
    start: int
    samples: int
    scale_mv: float
    record_id: str
    patient_id: str | None
    packed_labels: int


@dataclass(frozen=True, kw_only=True)
class StoredRecords(Sequence[StoredRecord]):
    """Records as columns; texts are UTF-8 of fixed width."""

    shard: np.ndarray
    start: np.ndarray
    samples: np.ndarray
    scale_mv: np.ndarray
    record_id: np.ndarray
    patient_id: np.ndarray
    packed_labels: np.ndarray
    split: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    @overload
    def __getitem__(self, index: int) -> StoredRecord: ...
    @overload
    def __getitem__(self, index: slice) -> StoredRecords: ...
    def __getitem__(self, index: int | slice) -> StoredRecord | StoredRecords:
        if isinstance(index, slice):
            return self.where(index)
        return StoredRecord(
            shard=int(self.shard[index]),
            start=int(self.start[index]),
            samples=int(self.samples[index]),
            scale_mv=float(self.scale_mv[index]),
            record_id=self.record_id[index].decode(),
            patient_id=self.patient_id[index].decode() or None,
            packed_labels=int(self.packed_labels[index]),
        )

    def where(self, chosen: np.ndarray | slice) -> StoredRecords:
        """Those under a mask or in a slice."""
        return replace(self, **{name: column[chosen] for name, column in vars(self).items()})

    @classmethod
    def of(cls, shards: Sequence[ShardIndex], *, labels: int) -> StoredRecords:
        """The records of all shards in their order, each of so many ``labels``."""
        columns = [shard.columns for shard in shards]
        samples = [np.array(column["samples"], dtype=np.int64) for column in columns]

        def joined(name: str, dtype: Any) -> np.ndarray:
            return np.array([value for column in columns for value in column[name]], dtype=dtype)

        return cls(
            shard=np.repeat(np.arange(len(shards), dtype=np.int32), [len(s) for s in samples]),
            start=np.concatenate([np.cumsum(s) - s for s in samples] or [np.zeros(0, np.int64)]),
            samples=joined("samples", np.int32),
            scale_mv=joined("scale_mv", np.float64),
            record_id=np.array([name.encode() for column in columns for name in column["record_id"]], dtype=np.bytes_),
            patient_id=np.array(
                [(name or "").encode() for column in columns for name in column["patient_id"]], dtype=np.bytes_
            ),
            packed_labels=packed_array([value for column in columns for value in column["labels"]], labels),
            split=np.array([SPLIT_NAMES.index(name) for c in columns for name in c["split"]], dtype=np.int8),
        )

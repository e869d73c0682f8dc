"""A store: records of any source, checked, resampled and kept as 16-bit samples that are read by memory map.

The folder holds, for every shard, ``shard-00000.npy`` int16 (samples of all its records, 12) and ``shard-00000.json``
(what the records are, what was skipped, and the sha256 of the samples), and at the end ``store.json``, which has the
sha256 of every index: a store has one content hash, and a changed byte anywhere is found.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.data.source import RecordSource, indexed_source
from vizecg.data.store.records import StoredRecord, StoredRecords
from vizecg.data.store.shard import ShardIndex, data_name, index_name
from vizecg.records import EcgRecord
from vizecg.records.code15.unit import check_store_unit
from vizecg.records.packing import unpack_labels
from vizecg.records.splits import SPLIT_NAMES, check_split
from vizecg.spec import CODE6, LabelSet, StoreError, UsageError
from vizecg.spec.fingerprint import sha256_bytes, sha256_file

SCHEMA_VERSION = 1
META, BUILDING = "store.json", "building.json"
_OPEN_SHARDS = 64


@dataclass(frozen=True, kw_only=True)
class Store:
    """An opened store; ``meta`` is the content of ``store.json``."""

    folder: Path
    meta: dict[str, Any]
    records: StoredRecords

    @property
    def sampling_rate(self) -> float:
        return float(self.meta["sampling_rate"])

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels, in order; stores from before there were label sets have those of code6."""
        return tuple(self.meta.get("labels", CODE6.names))

    def split(self, name: str) -> StoredRecords:
        """The records of one split."""
        return self.records.where(self.records.split == SPLIT_NAMES.index(check_split(name)))

    def verify(self) -> None:
        """Read every byte.

        Raises:
            StoreError: naming the first file that was changed.
        """
        for number, shard in enumerate(self.meta["shards"]):
            path = self.folder / data_name(number)
            if sha256_file(path) != shard["data_sha256"]:
                raise StoreError(f"{path} was changed: its sha256 is not that of {META}")


def open_store(folder: Path) -> Store:
    """Open a finished store; indexes are verified, of the samples only the sizes (see ``Store.verify``).

    Raises:
        UsageError: no store, or one that is not finished.
        StoreError: damaged, or of another schema.
    """
    folder = Path(folder)
    if not (folder / META).is_file():
        unfinished = (folder / BUILDING).is_file()
        raise UsageError(
            f"{folder} holds an unfinished store: run the same vizecg prepare again, or --merge its shards"
            if unfinished
            else f"{folder} holds no store: expected {META}, as vizecg prepare makes it"
        )
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if meta["schema_version"] != SCHEMA_VERSION:
            raise StoreError(f"{folder}: schema {meta['schema_version']}, this version reads {SCHEMA_VERSION}")
        listed = [shard["index_sha256"] for shard in meta["shards"]]
        if content_hash(listed) != meta["content_sha256"]:
            raise StoreError(f"{folder / META} was changed: its shards are not those of its content hash")
        shards = [_open_shard(folder, number, shard) for number, shard in enumerate(meta["shards"])]
        # Checked as the names of a set.
        names = LabelSet.of_names(meta.get("labels", CODE6.names)).names
        return Store(folder=folder, meta=meta, records=StoredRecords.of(shards, labels=len(names)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{folder / META} is damaged: {type(error).__name__}: {error}") from error


def content_hash(index_hashes: Sequence[str]) -> str:
    """sha256 over the hashes of the indexes, each of which has the hash of its samples."""
    return sha256_bytes("\n".join(index_hashes).encode())


def _open_shard(folder: Path, number: int, listed: dict[str, Any]) -> ShardIndex:
    path, data = folder / index_name(number), folder / data_name(number)
    for needed in (path, data):
        if not needed.is_file():
            raise StoreError(f"{needed} is missing")
    text = path.read_bytes()
    if sha256_bytes(text) != listed["index_sha256"]:
        raise StoreError(f"{path} was changed: its sha256 is not that of {META}")
    index = ShardIndex.from_json(text)
    if data.stat().st_size != index.data_bytes:
        raise StoreError(f"{data} has {data.stat().st_size} bytes, expected {index.data_bytes}")
    return index


def read_stored(item: StoredRecord, *, folder: Path, sampling_rate: float, labels: int) -> EcgRecord:
    """Read and check one record, of so many ``labels``.

    Raises:
        StoreError: the shard is gone or damaged.
    """
    path = folder / data_name(item.shard)
    try:
        raw = _samples(str(path))[item.start : item.start + item.samples]
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from error
    if raw.shape[0] != item.samples:
        raise StoreError(f"{path} is shorter than its index says")
    return EcgRecord(
        signal=np.ascontiguousarray((raw.T * item.scale_mv).astype(np.float32)),
        sampling_rate=sampling_rate,
        record_id=item.record_id,
        labels=unpack_labels(item.packed_labels, labels),
        patient_id=item.patient_id,
        check_limb_leads=False,
    )


@lru_cache(maxsize=_OPEN_SHARDS)
def _samples(path: str) -> np.ndarray:
    array: np.ndarray = np.load(path, mmap_mode="r")
    return array


def store_source(folder: Path, *, split: str, verify: bool = False) -> RecordSource:
    """One split of a store as a source like the others.

    Raises:
        UsageError: no store, or the split is empty.
        StoreError: the store is damaged, or holds CODE-15% as it was misunderstood.
    """
    store = open_store(folder)
    check_store_unit(store.meta["source"], path=store.folder)
    if verify:
        store.verify()
    read = partial(read_stored, folder=store.folder, sampling_rate=store.sampling_rate, labels=len(store.labels))
    name = f"{store.meta['source']}, store {store.meta['content_sha256'][:12]}, {split}"
    fingerprint = store.meta["content_sha256"]
    return indexed_source(name, store.split(split), read=read, fingerprint=fingerprint, labels=store.labels)

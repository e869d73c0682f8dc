"""A packed store as a source: unpacked once into an ordinary store in the user's cache, which all processes map.

The cache may be deleted at any time; it is made again when the store is next opened.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from vizecg.data.packed.coding import BYTES_PER_ROW, to_half_steps
from vizecg.data.packed.file import PackedStore, open_packed
from vizecg.data.source import RecordSource, indexed_source
from vizecg.data.store.build import write_meta
from vizecg.data.store.read import Store, open_store, read_stored
from vizecg.data.store.shard import Prepared, ShardWriter
from vizecg.records.code15.unit import check_store_unit
from vizecg.records.splits import SPLIT_NAMES, check_split
from vizecg.spec import LEADS, StoreError, UsageError
from vizecg.spec.files import user_cache

_NAME_LENGTH = 32


def packed_source(path: Path, *, split: str, verify: bool = False) -> RecordSource:
    """One split of a packed store as a source like the others, in the order of the source it was made from.

    Raises:
        UsageError: no such file, or the split is empty.
        StoreError: the file is damaged, or there is no room to unpack it.
    """
    packed = open_packed(path)
    check_store_unit(packed.header["source"], path=path)
    # Also where it was unpacked before: a damaged file is told of on the machine that still has its records.
    packed.check()
    store = unpacked(packed)
    if verify:
        packed.verify()
        store.verify()
    chosen = np.flatnonzero(store.records.split == SPLIT_NAMES.index(check_split(split)))
    place = np.array(packed.columns["place"], dtype=np.int64)[chosen]
    name = f"{packed.header['source']}, packed store {packed.content_sha256[:12]}, {split}"
    return indexed_source(
        name,
        store.records.where(chosen[np.argsort(place)]),
        read=partial(read_stored, folder=store.folder, sampling_rate=store.sampling_rate, labels=len(packed.labels)),
        fingerprint=packed.content_sha256,
        labels=packed.labels,
    )


def unpacked(packed: PackedStore) -> Store:
    """The store in the cache that holds the same records; made when it is not there.

    Its unit is half a step, in which all twelve leads are whole numbers: nothing is rounded again.

    Raises:
        StoreError: the file is damaged, or the cache has no room or cannot be written.
    """
    folder = user_cache() / "packed" / packed.content_sha256[:_NAME_LENGTH]
    if folder.is_dir():
        try:
            return open_store(folder)
        except (StoreError, UsageError):  # of a cache nobody needs to hear: it is made again
            shutil.rmtree(folder)
    needed = sum(block.rows for block in packed.blocks) * BYTES_PER_ROW * len(LEADS) // 8
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder.parent).free
        if free < needed:
            raise StoreError(f"{folder.parent} needs {needed / 2**20:.0f} MiB to unpack, {free / 2**20:.0f} are free")
        with tempfile.TemporaryDirectory(prefix="unpacking-", dir=folder.parent) as scratch:
            partial_folder = Path(scratch) / "store"
            partial_folder.mkdir()
            _unpack(packed, partial_folder)
            try:
                os.rename(partial_folder, folder)
            except OSError:
                if not folder.is_dir():  # else another process was first, with the same content
                    raise
    except OSError as error:
        raise StoreError(
            f"{packed.path} cannot be unpacked into {folder.parent}: {error.strerror}; "
            "XDG_CACHE_HOME names another place"
        ) from error
    return open_store(folder)


def _unpack(packed: PackedStore, folder: Path) -> None:
    columns = packed.columns
    scale_mv = packed.step_uv / 2000
    at, indexes = 0, []
    for number, (block, steps) in enumerate(zip(packed.blocks, packed.steps(), strict=True)):
        try:
            units = to_half_steps(steps)
        except ValueError as error:
            raise StoreError(f"{packed.path}: block {number}: {error}") from error
        writer = ShardWriter(folder=folder, number=number)
        try:
            start = 0
            for row in range(at, at + block.records):
                end = start + columns["samples"][row]
                record = Prepared(
                    record_id=columns["record_id"][row],
                    patient_id=columns["patient_id"][row],
                    packed_labels=columns["labels"][row],
                    units=units[start:end],
                    scale_mv=scale_mv,
                )
                writer.add([record], split=columns["split"][row])
                start = end
            indexes.append(writer.commit())
        except BaseException:
            writer.close()
            raise
        at += block.records
    kept = {name: packed.header[name] for name in ("source", "sampling_rate", "labels", "counts")}
    write_meta(folder, indexes, meta={"key": f"packed {packed.content_sha256}", **kept, "skipped": packed.skipped})

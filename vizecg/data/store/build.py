"""Building a store: shard after shard, so that a killed build loses one shard and goes on to the same content."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vizecg.data.choices import OnBad
from vizecg.data.pool import bounded_map
from vizecg.data.source import ReadRecord, RecordSource
from vizecg.data.store.read import META, SCHEMA_VERSION, Store, content_hash, open_store
from vizecg.data.store.shard import Prepared, ShardIndex, ShardWriter, Skipped, data_name, index_name, prepared
from vizecg.data.store.spec import Plan, StoreSpec, check_same_store, claimed
from vizecg.data.store.summary import counts_of, patients_in_two_splits
from vizecg.spec import InputRefusedError, StoreError
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_bytes

_BLOCK = 16
"""Records read by a worker at a time: neighbours lie together in the files of most sources."""


@dataclass(frozen=True, kw_only=True)
class _Block:
    """A job: some records of one split, all of one shard. ``records`` are (item, record id, patient id)."""

    shard: int
    split: str
    read: ReadRecord
    records: list[tuple[Any, str, str | None]]
    sampling_rate: float


def build_store(
    folder: Path,
    *,
    sources: Mapping[str, RecordSource],
    spec: StoreSpec,
    workers: int = 1,
    on_bad: OnBad = OnBad.SKIP,
    advance: Callable[[int], None] = lambda records: None,
) -> Store:
    """Make or complete a store, and open it; a finished one is opened.

    Args:
        folder: created when absent.
        sources: split -> its records.
        spec: how they are kept.
        workers: processes.
        on_bad: ``fail`` stops at the first record that cannot be used.
        advance: called with the number of records done since the last call.

    Raises:
        UsageError: the folder holds something else, or another process builds here.
        InputRefusedError: with ``fail``, or when not one record can be used.
        StoreError: a worker was killed, or the finished store is damaged.
    """
    folder, plan = Path(folder), planned(sources, spec, on_bad=on_bad)
    if (folder / META).is_file():
        store = open_store(folder)
        check_same_store(folder, Plan(key=store.meta["key"], about=store.meta, shards=plan.shards), plan)
        if on_bad is OnBad.FAIL and store.meta["skipped"]:
            raise InputRefusedError(store.meta["skipped"][0]["reason"], reason="bad_record")
        advance(sum(map(len, sources.values())))
        return store
    with claimed(folder, plan):
        write_shards(
            folder, sources=sources, spec=spec, numbers=range(plan.shards), workers=workers, on_bad=on_bad,
            advance=advance,
        )  # fmt: skip
        finish(folder, plan, on_bad=on_bad)
    return open_store(folder)


def planned(sources: Mapping[str, RecordSource], spec: StoreSpec, *, on_bad: OnBad, of: int = 0) -> Plan:
    """What is to be built; InputRefusedError with ``fail``, where a source has records that it cannot give."""
    lost = [reason for source in sources.values() for reason in source.left_out.values()]
    if lost and on_bad is OnBad.FAIL:
        raise InputRefusedError(lost[0], reason="bad_record")
    shards = -(-sum(map(len, sources.values())) // spec.shard_records)
    return Plan(key=spec.key(sources), about=spec.about(sources), shards=shards, of=of)


def write_shards(
    folder: Path,
    *,
    sources: Mapping[str, RecordSource],
    spec: StoreSpec,
    numbers: Container[int],
    workers: int,
    on_bad: OnBad,
    advance: Callable[[int], None],
) -> None:
    """Those of ``numbers`` that are not there; ``advance`` hears of the records of these that are, too."""
    blocks = _blocks(sources, spec, folder, numbers, advance)
    try:
        _write(folder, bounded_map(_prepare, blocks, workers=workers), on_bad=on_bad, advance=advance)
    except BrokenProcessPool as error:
        raise StoreError("a worker process was killed (out of memory?): what is done is kept, run again") from error


def _blocks(
    sources: Mapping[str, RecordSource],
    spec: StoreSpec,
    folder: Path,
    numbers: Container[int],
    advance: Callable[[int], None],
) -> Iterator[_Block]:
    """Made one by one as workers take them; those of finished shards, and of others than ``numbers``, are passed over.

    Which shards are finished is asked first: a later block of a shard must not find it so."""
    place = 0
    total = sum(map(len, sources.values()))
    shards = range(-(-total // spec.shard_records))
    done = {number for number in shards if number in numbers and read_index(folder, number) is not None}
    for split, source in sources.items():
        start = 0
        while start < len(source):
            shard = place // spec.shard_records
            count = min(_BLOCK, len(source) - start, (shard + 1) * spec.shard_records - place)
            if shard in done:
                advance(count)
            elif shard in numbers:
                records = [
                    (source.items[i], source.record_ids[i], source.patient_ids[i]) for i in range(start, start + count)
                ]
                yield _Block(
                    shard=shard, split=split, read=source.read, records=records, sampling_rate=spec.sampling_rate
                )
            start, place = start + count, place + count


Result = tuple[int, str, "list[Prepared | Skipped]"]


def _prepare(block: _Block) -> Result:
    """In a worker."""
    results: list[Prepared | Skipped] = []
    for item, record_id, patient_id in block.records:
        try:
            record = block.read(item)
            results.append(
                prepared(record, record_id=record_id, patient_id=patient_id, sampling_rate=block.sampling_rate)
            )
        except InputRefusedError as error:
            results.append(Skipped(record_id=record_id, reason=str(error)))
    return block.shard, block.split, results


def _write(folder: Path, results: Iterator[Result], *, on_bad: OnBad, advance: Callable[[int], None]) -> None:
    writer: ShardWriter | None = None
    try:
        for shard, split, records in results:
            if writer is not None and writer.number != shard:
                writer.commit()
                writer = None
            if writer is None:
                writer = ShardWriter(folder=folder, number=shard)
            bad = next((record for record in records if isinstance(record, Skipped)), None)
            if bad is not None and on_bad is OnBad.FAIL:
                raise InputRefusedError(bad.reason, reason="bad_record")
            writer.add(records, split=split)
            advance(len(records))
        if writer is not None:
            writer.commit()
    except BaseException:
        if writer is not None:
            writer.close()
        raise


def read_index(folder: Path, number: int) -> ShardIndex | None:
    """The index of a finished shard; None where the shard is to be made (again)."""
    path, data = folder / index_name(number), folder / data_name(number)
    try:
        index = ShardIndex.from_json(path.read_bytes())
        return index if data.stat().st_size == index.data_bytes else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def finish(folder: Path, plan: Plan, *, on_bad: OnBad) -> None:
    """Write what makes one store of shards that are all there.

    Raises:
        InputRefusedError: with ``fail``, or when not one record can be used.
    """
    indexes = _indexes(folder, plan.shards)
    skipped = [entry for index in indexes for entry in index.skipped]
    if skipped and on_bad is OnBad.FAIL:  # in shards made before, when bad records were to be skipped
        raise InputRefusedError(skipped[0]["reason"], reason="bad_record")
    if not any(index.columns["record_id"] for index in indexes):
        raise InputRefusedError(f"not one record can be used: {skipped[0]['reason']}", reason="bad_record")
    about = dict(plan.about)
    lost = about.pop("left_out")
    meta = {
        "key": plan.key,
        **about,
        "counts": counts_of((index.columns for index in indexes), about["labels"]),
        "patients_in_two_splits": patients_in_two_splits(index.columns for index in indexes),
        "skipped": [{"record": name, "split": None, "reason": reason} for name, reason in lost.items()] + skipped,
    }
    noted = [entry for index in indexes for entry in index.noted]
    if noted:
        meta["noted"] = noted
    write_meta(folder, indexes, meta=meta)


def _indexes(folder: Path, shards: int) -> list[ShardIndex]:
    indexes: list[ShardIndex] = []
    for number in range(shards):
        index = read_index(folder, number)
        if index is None:
            raise StoreError(f"{folder / index_name(number)} went away while the store was built")
        indexes.append(index)
    return indexes


def write_meta(folder: Path, indexes: Sequence[ShardIndex], *, meta: Mapping[str, Any]) -> None:
    """Finish a store: its shards and their hashes beside what ``meta`` says of it."""
    listed: list[dict[str, Any]] = [
        {
            "records": len(index.columns["record_id"]),
            "data_bytes": index.data_bytes,
            "data_sha256": index.data_sha256,
            "index_sha256": sha256_bytes((folder / index_name(number)).read_bytes()),
        }
        for number, index in enumerate(indexes)
    ]
    content = content_hash([shard["index_sha256"] for shard in listed])
    whole = {"schema_version": SCHEMA_VERSION, **meta, "content_sha256": content, "shards": listed}
    write_atomically(folder / META, json.dumps(whole, indent=1) + "\n")

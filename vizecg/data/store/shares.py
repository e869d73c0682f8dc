"""A store built by several processes that share a folder, or whose folders are copied into one: every one writes its
shards of it, as one process would write them, and a merge makes a store of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vizecg.data.choices import OnBad
from vizecg.data.sharding import Shard, all_shards, missing_told
from vizecg.data.source import RecordSource
from vizecg.data.store.build import finish, planned, read_index, write_shards
from vizecg.data.store.read import META, Store, open_store
from vizecg.data.store.spec import Plan, StoreSpec, check_same_store, claimed, claimed_share
from vizecg.spec import UsageError


@dataclass(frozen=True, kw_only=True)
class ShareReport:
    """What a share has written: how many of the store's files, with how many records used and skipped; and the shares
    that are still to be built."""

    share: Shard
    files: int
    records: int
    skipped: int
    missing: tuple[Shard, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "shard": str(self.share),
            "files": self.files,
            "records": self.records,
            "skipped": self.skipped,
            "missing": [str(shard) for shard in self.missing],
        }


def build_share(
    folder: Path,
    *,
    sources: Mapping[str, RecordSource],
    spec: StoreSpec,
    share: Shard,
    workers: int = 1,
    on_bad: OnBad = OnBad.SKIP,
    advance: Callable[[int], None] = lambda records: None,
) -> ShareReport:
    """Make or complete one share of a store. A file of the store is a unit of the work: there may be fewer than shares,
    and then some have nothing to do.

    Raises:
        UsageError: as ``build_store``, or the store is shared out in another way.
        InputRefusedError, StoreError: as ``build_store``.
    """
    plan = planned(sources, spec, on_bad=on_bad, of=share.of)
    numbers = [number for number in range(plan.shards) if share.takes(number)]
    if (folder / META).is_file():
        meta = open_store(folder).meta
        check_same_store(folder, Plan(key=meta["key"], about=meta), plan)
        return _report(folder, share, numbers, missing=())
    with claimed_share(folder, plan, share.name):
        write_shards(
            folder, sources=sources, spec=spec, numbers=frozenset(numbers), workers=workers, on_bad=on_bad,
            advance=advance,
        )  # fmt: skip
        return _report(folder, share, numbers, missing=missing_shares(folder, plan))


def merge_store(folder: Path, *, on_bad: OnBad = OnBad.SKIP) -> Store:
    """Make a store of its shares, to the byte as one process makes it; a finished one is opened.

    Raises:
        UsageError: a share is missing or still being built, or nothing was begun.
        InputRefusedError: with ``fail``, or when not one record can be used.
    """
    if (folder / META).is_file():
        return open_store(folder)
    plan = Plan.read(folder)
    if not plan.of:
        raise UsageError(f"{folder} is not built in shares: run the same vizecg prepare again")
    missing = missing_shares(folder, plan)
    if missing:
        raise UsageError(f"{folder}: {missing_told(missing)} of the store: vizecg prepare --shard has not ended there")
    with claimed(folder, plan):
        finish(folder, plan, on_bad=on_bad)
    return open_store(folder)


def missing_shares(folder: Path, plan: Plan) -> tuple[Shard, ...]:
    """Those that lack one of their files."""
    absent = [number for number in range(plan.shards) if read_index(folder, number) is None]
    return tuple(share for share in all_shards(plan.of) if any(map(share.takes, absent)))


def _report(folder: Path, share: Shard, numbers: list[int], *, missing: tuple[Shard, ...]) -> ShareReport:
    indexes = [index for number in numbers if (index := read_index(folder, number)) is not None]
    return ShareReport(
        share=share,
        files=len(indexes),
        records=sum(len(index.columns["record_id"]) for index in indexes),
        skipped=sum(len(index.skipped) for index in indexes),
        missing=missing,
    )

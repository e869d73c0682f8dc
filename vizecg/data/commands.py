"""What ``vizecg prepare`` and ``vizecg synth`` do, once their options are parsed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from vizecg.data.choices import OnBad, SynthFormat
from vizecg.data.registry import SourceRequest, build_source
from vizecg.data.source import RecordSource
from vizecg.data.store import META, Store, open_store
from vizecg.data.store_build import build_store
from vizecg.data.store_spec import StoreSpec
from vizecg.data.store_summary import COUNTED, reasons
from vizecg.data.synth import SynthSpec, synth
from vizecg.records.splits import SPLIT_NAMES, SplitRule, check_split
from vizecg.spec import UsageError

NORMAL = "normal"
"""``--labels normal``: none of the six."""
_REASONS_SHOWN = 12
_LINE_EVERY_S = 60.0


def run_prepare(
    *,
    data: str,
    root: Path | None,
    out: Path,
    splits: Sequence[str],
    labels: Path | None,
    resolution: int,
    sampling_rate: float,
    seed: int,
    val_fraction: float,
    test_fraction: float,
    limit: int | None,
    on_bad: OnBad,
    workers: int,
    shard_records: int,
    verify: bool,
    as_json: bool,
) -> None:
    """``vizecg prepare``"""
    rule = SplitRule(seed=seed, val=val_fraction, test=test_fraction)
    request = SourceRequest(
        root=root, rule=rule, labels=labels, resolution=resolution, seed=seed, size=limit, verify=verify
    )
    sources = split_sources(data, request, splits=splits, limit=limit)
    settings: dict[str, Any] = {"data": data, "seed": seed, "val": val_fraction, "test": test_fraction}
    if data == "ptbxl":
        settings["resolution"] = resolution
    spec = StoreSpec(sampling_rate=sampling_rate, shard_records=shard_records, settings=settings)
    finished = (out / META).is_file()
    with progress("preparing", sum(map(len, sources.values())), quiet=as_json) as advance:
        store = build_store(out, sources=sources, spec=spec, workers=workers, on_bad=on_bad, advance=advance)
    if verify:
        store.verify()
    report(store, finished=finished, verified=verify, as_json=as_json)


def run_verify(*, out: Path, as_json: bool) -> None:
    """``vizecg prepare --verify`` without a source: read every byte of a finished store."""
    store = open_store(out)
    store.verify()
    report(store, finished=True, verified=True, as_json=as_json)


def run_synth(*, out: Path, n: int, kind: SynthFormat, seed: int, labels: Sequence[str], as_json: bool) -> None:
    """``vizecg synth``"""
    wanted = () if list(labels) == [NORMAL] else tuple(labels)
    spec = SynthSpec(kind=kind, n=n, seed=seed, labels=wanted if labels else None)
    with progress("making", n, quiet=as_json) as advance:
        synth(out, spec=spec, advance=advance)
    result = {"out": str(out), **spec.to_dict()}
    print(json.dumps(result) if as_json else f"{out}: {n} synthetic records as {kind.value}")


def split_sources(
    data: str, request: SourceRequest, *, splits: Sequence[str], limit: int | None
) -> dict[str, RecordSource]:
    """Split -> its source. Without ``splits`` all that are not empty; a split asked for by name must not be.

    Raises:
        UsageError: as ``build_source``, or every split is empty.
    """
    wanted = {check_split(name): None for name in splits} or dict.fromkeys(SPLIT_NAMES)
    sources: dict[str, RecordSource] = {}
    problem: UsageError | None = None
    for split in SPLIT_NAMES:
        if split not in wanted:
            continue
        try:
            source = build_source(data, replace(request, split=split))
        except UsageError as error:
            if splits:
                raise
            problem = error
            continue
        sources[split] = source.limited(limit)
    if not sources and problem is not None:
        raise problem
    return sources


@contextmanager
def progress(what: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on stderr with the time that remains; yields the function that moves it.

    The bar is gone when the work is done or an error is told. Where stderr is no terminal, a line a minute.
    """
    console = Console(stderr=True, quiet=quiet)
    if not console.is_terminal:
        yield _lines(what, total, say=lambda text: console.print(text, highlight=False))
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("eta"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


def _lines(what: str, total: int, *, say: Callable[[str], None]) -> Callable[[int], None]:
    start = said = time.monotonic()
    done = 0

    def advance(count: int) -> None:
        nonlocal done, said
        done += count
        now = time.monotonic()
        if now - said >= _LINE_EVERY_S:
            said = now
            left = (now - start) / done * (total - done)
            say(f"{what}: {done} of {total}, {left / 60:.0f} minutes left")

    return advance


def report(store: Store, *, finished: bool, verified: bool, as_json: bool) -> None:
    """The counts of a store, and what was skipped and why, on stdout."""
    meta = store.meta
    size = sum(shard["data_bytes"] for shard in meta["shards"])
    if as_json:
        kept = {name: meta[name] for name in ("source", "sampling_rate", "content_sha256", "counts", "skipped")}
        kept["patients_in_two_splits"] = meta["patients_in_two_splits"]
        print(
            json.dumps({"out": str(store.folder), "was_finished": finished, "verified": verified, "bytes": size} | kept)
        )
        return
    console = Console()
    state = "was there already" if finished else "done"
    checked = ", every byte verified" if verified else ""
    console.print(
        f"{store.folder}: {state}{checked}; {len(store.records)} records, {size / 2**20:.0f} MiB", highlight=False
    )
    console.print(f"content {meta['content_sha256']}", highlight=False, soft_wrap=True)
    table = Table("split", *COUNTED)
    for split, counts in meta["counts"].items():
        table.add_row(split, *(str(counts[name]) for name in COUNTED))
    console.print(table)
    if meta["patients_in_two_splits"]:
        console.print(f"warning: {meta['patients_in_two_splits']} patients are in more than one split")
    if not meta["skipped"]:
        console.print("nothing was skipped")
        return
    kinds = reasons(meta["skipped"])
    skipped = Table("skipped", "why", "for example", title=None)
    for kind, count, example in kinds[:_REASONS_SHOWN]:
        skipped.add_row(str(count), kind, example)
    console.print(skipped)
    hidden = len(kinds) - _REASONS_SHOWN
    more = f", {hidden} more kinds" if hidden > 0 else ""
    console.print(f"{len(meta['skipped'])} skipped{more}: all of them are in {store.folder / META}", highlight=False)

"""What ``vizecg prepare`` does, once its options are parsed: a store, a packed store, or reading one again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vizecg.data.choices import OnBad
from vizecg.data.commands import progress, split_sources
from vizecg.data.packed.build import DEFAULT_STEP_UV, TRAIN, PackRequest, build_packed
from vizecg.data.packed.file import open_packed
from vizecg.data.prepare_report import report, report_packed
from vizecg.data.registry import SourceRequest
from vizecg.data.store.build import build_store
from vizecg.data.store.read import META, open_store
from vizecg.data.store.spec import StoreSpec
from vizecg.records.splits import SplitRule
from vizecg.spec import UsageError

_PACKED_SPLITS = (TRAIN, "val")


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """The options of the command; None where one was not given.

    Raises:
        UsageError: two of them contradict each other.
    """

    out: Path | None
    pack: Path | None
    data: str | None
    root: Path | None
    splits: Sequence[str]
    labels: Path | None
    resolution: int
    sampling_rate: float | None
    budget_mib: float | None
    step_uv: float | None
    seed: int
    val_fraction: float
    test_fraction: float
    limit: int | None
    on_bad: OnBad
    workers: int
    shard_records: int | None
    verify: bool
    as_json: bool

    def __post_init__(self) -> None:
        if (self.out is None) == (self.pack is None):
            raise UsageError("name the folder of a store with --out, or the file of a packed one with --pack")
        packing = {"--budget-mib": self.budget_mib, "--step-uv": self.step_uv}
        given = [name for name, value in packing.items() if value is not None]
        if self.pack is None and given:
            raise UsageError(f"{given[0]} is for --pack; a store under --out keeps every record to a microvolt")
        if self.pack is not None and self.shard_records is not None:
            raise UsageError("--shard-records is for --out; a packed store is one file")
        if self.data is None and not self.verify:
            raise UsageError("name the source with --data, or --verify a finished store")

    def source(self) -> SourceRequest:
        rule = SplitRule(seed=self.seed, val=self.val_fraction, test=self.test_fraction)
        return SourceRequest(
            root=self.root, rule=rule, labels=self.labels, resolution=self.resolution, seed=self.seed,
            size=self.limit, verify=self.verify,
        )  # fmt: skip


def run_prepare(options: PrepareOptions) -> None:
    """``vizecg prepare``"""
    if options.data is None:
        _verify(options)
    elif options.pack is not None:
        _pack(options.data, options.pack, options)
    elif options.out is not None:
        _store(options.data, options.out, options)


def _store(data: str, out: Path, options: PrepareOptions) -> None:
    sources = split_sources(data, options.source(), splits=options.splits, limit=options.limit)
    settings: dict[str, Any] = {
        "data": data, "seed": options.seed, "val": options.val_fraction, "test": options.test_fraction
    }  # fmt: skip
    if data == "ptbxl":
        settings["resolution"] = options.resolution
    asked: dict[str, Any] = {"sampling_rate": options.sampling_rate, "shard_records": options.shard_records}
    spec = StoreSpec(**{name: value for name, value in asked.items() if value is not None}, settings=settings)
    finished = (out / META).is_file()
    with progress("preparing", sum(map(len, sources.values())), quiet=options.as_json) as advance:
        store = build_store(
            out, sources=sources, spec=spec, workers=options.workers, on_bad=options.on_bad, advance=advance
        )
    if options.verify:
        store.verify()
    report(store, finished=finished, verified=options.verify, as_json=options.as_json)


def _pack(data: str, path: Path, options: PrepareOptions) -> None:
    request = PackRequest(
        step_uv=DEFAULT_STEP_UV if options.step_uv is None else options.step_uv,
        sampling_rate=options.sampling_rate,
        budget_mib=options.budget_mib,
        seed=options.seed,
    )
    sources = split_sources(data, options.source(), splits=options.splits, limit=options.limit)
    if not options.splits:
        sources = {split: source for split, source in sources.items() if split in _PACKED_SPLITS}
    if not sources:
        raise UsageError(f"--data {data} has neither {' nor '.join(_PACKED_SPLITS)}: name a split with --split")
    with progress("packing", sum(map(len, sources.values())), quiet=options.as_json) as advance:
        packed = build_packed(
            path, sources=sources, request=request, workers=options.workers, on_bad=options.on_bad, advance=advance
        )
    if options.verify:
        packed.verify()
    report_packed(packed, verified=options.verify, as_json=options.as_json)


def _verify(options: PrepareOptions) -> None:
    """Without a source: read every byte of a finished store."""
    path = options.pack or options.out
    assert path is not None
    if options.pack is not None or path.is_file():
        packed = open_packed(path)
        packed.verify()
        report_packed(packed, verified=True, as_json=options.as_json)
        return
    store = open_store(path)
    store.verify()
    report(store, finished=True, verified=True, as_json=options.as_json)

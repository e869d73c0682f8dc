"""``vizecg prepare``: the records of any source, checked and kept in a store, or in a packed one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vizecg.data.choices import OnBad
from vizecg.records.on_identity import OnIdentity
from vizecg.spec import UsageError
from vizecg.spec.commands import takes
from vizecg.spec.options import IgnoreOption, JsonFlag, LimitOption, RootOption, ValuesPerMvOption, WorkersOption
from vizecg.verbs.options import MergeFlag, OnIdentityOption, ShardOption

if TYPE_CHECKING:
    from vizecg.data.registry import SourceRequest
    from vizecg.data.sharding import Shard
    from vizecg.data.source import RecordSource
    from vizecg.data.store.spec import StoreSpec


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options; None where one was not given.

    Raises:
        UsageError: two of them contradict each other.
    """

    out: Annotated[Path | None, typer.Option(help="Folder of the store.")] = None
    pack: Annotated[
        Path | None,
        typer.Option(help="In place of --out: one small file, for a machine that cannot fetch records itself."),
    ] = None
    data: Annotated[
        str | None,
        typer.Option(
            help="Where records come from, as NAME:FOLDER or with --root; without it --verify reads a finished store."
        ),
    ] = None
    root: RootOption = None
    split: Annotated[list[str] | None, typer.Option(help="train, val or test; repeatable. Default: all there are.")] = (
        None
    )
    table: Annotated[Path | None, typer.Option(help="Labels of a WFDB folder; default ROOT/labels.csv.")] = None
    labels: Annotated[str, typer.Option(help="Label set: code6, a YAML file, or names with commas between.")] = "code6"
    ignore_columns: IgnoreOption = None
    values_per_mv: ValuesPerMvOption = None
    resolution: Annotated[int, typer.Option(help="PTB-XL's files to read: 100 or 500 Hz.")] = 100
    sampling_rate: Annotated[
        float | None, typer.Option(help="Of the store, Hz; default 400, of a packed one that of the records.")
    ] = None
    budget_mib: Annotated[
        float | None, typer.Option(help="Of --pack, MiB: negatives of the training split are left out for it.")
    ] = None
    step_uv: Annotated[float | None, typer.Option(help="Of --pack: 10 or 20 microvolts a step.")] = None
    seed: Annotated[
        int, typer.Option(help="Of the split by patients, of synthetic records, of the negatives that --pack takes.")
    ] = 0
    val_fraction: Annotated[float, typer.Option(help="Of the patients, where the data have no split.")] = 0.1
    test_fraction: Annotated[float, typer.Option(help="Of the patients, where the data have no split.")] = 0.1
    limit: LimitOption = None
    on_bad: Annotated[OnBad, typer.Option(help="Records that fail their checks: list them, or stop.")] = OnBad.SKIP
    workers: WorkersOption = 2
    shard_records: Annotated[int | None, typer.Option(min=1, help="Records per file of the store; default 512.")] = None
    on_identity: OnIdentityOption = OnIdentity.SKIP
    verify: Annotated[bool, typer.Option("--verify", help="Read every byte of the finished store.")] = False
    shard: ShardOption = None
    merge: MergeFlag = False
    as_json: JsonFlag = False

    def __post_init__(self) -> None:
        if (self.out is None) == (self.pack is None):
            raise UsageError("name the folder of a store with --out, or the file of a packed one with --pack")
        packing = {"--budget-mib": self.budget_mib, "--step-uv": self.step_uv}
        given = [name for name, value in packing.items() if value is not None]
        if self.pack is None and given:
            raise UsageError(f"{given[0]} is for --pack; a store under --out keeps every record to a microvolt")
        if self.pack is not None and self.shard_records is not None:
            raise UsageError("--shard-records is for --out; a packed store is one file")
        if self.pack is not None and self.on_identity is OnIdentity.KEEP:
            raise UsageError("--pack keeps I and II of the limb leads alone: --on-identity keep is for --out")
        if self.pack is not None and (self.shard or self.merge):
            raise UsageError("--shard and --merge are for --out: pack the store that they make with --data store:STORE")
        if self.merge and (self.shard or self.data):
            raise UsageError("--merge takes what the shards have made: leave --shard and --data out")
        if self.data is None and not self.verify and not self.merge:
            raise UsageError("name the source with --data, or --verify a finished store")

    def sources(self, data: str) -> dict[str, RecordSource]:
        """Split -> its source. Without ``--split`` all that are not empty; a split asked for by name must not be.

        Raises:
            UsageError: as ``build_source``, or every split is empty.
        """
        from vizecg.data.registry import build_source
        from vizecg.records.splits import SPLIT_NAMES, check_split

        wanted = {check_split(name): None for name in self.split or ()} or dict.fromkeys(SPLIT_NAMES)
        sources: dict[str, RecordSource] = {}
        problem: UsageError | None = None
        for split in SPLIT_NAMES:
            if split not in wanted:
                continue
            try:
                source = build_source(data, replace(self._request(), split=split))
            except UsageError as error:
                if self.split:
                    raise
                problem = error
                continue
            sources[split] = source.limited(self.limit)
        if not sources and problem is not None:
            raise problem
        return sources

    def _request(self) -> SourceRequest:
        from vizecg.data.registry import SourceRequest
        from vizecg.records.label_files import parsed_label_set
        from vizecg.records.splits import SplitRule

        labels = parsed_label_set(self.labels, told="--labels").ignoring(self.ignore_columns or ())
        rule = SplitRule(seed=self.seed, val=self.val_fraction, test=self.test_fraction)
        return SourceRequest(
            root=self.root, rule=rule, table=self.table, labels=labels, resolution=self.resolution,
            seed=self.seed, size=self.limit, verify=self.verify, values_per_mv=self.values_per_mv,
            on_identity=self.on_identity,
        )  # fmt: skip


@takes(Options)
def prepare(options: Options) -> None:
    """Check the records of any source and keep them in one store; goes on where it was stopped."""
    if options.merge and options.out is not None:
        _merge(options.out, options)
    elif options.data is None:
        _verify(options)
    elif options.pack is not None:
        _pack(options.data, options.pack, options)
    elif options.out is not None:
        _store(options.data, options.out, options)


def _store(data: str, out: Path, options: Options) -> None:
    from vizecg.data.contents import report
    from vizecg.data.progress import progress
    from vizecg.data.sharding import Shard
    from vizecg.data.store.build import build_store
    from vizecg.data.store.read import META
    from vizecg.data.store.spec import StoreSpec

    sources = options.sources(data)
    name = data.partition(":")[0]
    settings: dict[str, Any] = {
        "data": name, "seed": options.seed, "val": options.val_fraction, "test": options.test_fraction
    }  # fmt: skip
    if name == "ptbxl":
        settings["resolution"] = options.resolution
    if options.on_identity not in (OnIdentity.SKIP, OnIdentity.FAIL):
        settings["on_identity"] = options.on_identity.value
    asked: dict[str, Any] = {"sampling_rate": options.sampling_rate, "shard_records": options.shard_records}
    spec = StoreSpec(**{name: value for name, value in asked.items() if value is not None}, settings=settings)
    if options.shard is not None:
        _share(out, sources, spec, Shard.parse(options.shard), options)
        return
    finished = (out / META).is_file()
    with progress("preparing", sum(map(len, sources.values())), quiet=options.as_json) as advance:
        store = build_store(
            out, sources=sources, spec=spec, workers=options.workers, on_bad=options.on_bad, advance=advance
        )
    if options.verify:
        store.verify()
    report(store, finished=finished, verified=options.verify, as_json=options.as_json)


def _share(out: Path, sources: Mapping[str, RecordSource], spec: StoreSpec, share: Shard, options: Options) -> None:
    from vizecg.data.contents import report_share
    from vizecg.data.progress import progress
    from vizecg.data.store.shares import build_share

    total = sum(map(len, sources.values())) // share.of
    with progress(f"preparing shard {share}", total, quiet=options.as_json) as advance:
        built = build_share(
            out, sources=sources, spec=spec, share=share, workers=options.workers, on_bad=options.on_bad,
            advance=advance,
        )  # fmt: skip
    report_share(out, built, as_json=options.as_json)


def _merge(out: Path, options: Options) -> None:
    from vizecg.data.contents import report
    from vizecg.data.store.read import META
    from vizecg.data.store.shares import merge_store

    finished = (out / META).is_file()
    store = merge_store(out, on_bad=options.on_bad)
    if options.verify:
        store.verify()
    report(store, finished=finished, verified=options.verify, as_json=options.as_json)


def _pack(data: str, path: Path, options: Options) -> None:
    from vizecg.data.contents import report_packed
    from vizecg.data.packed.build import DEFAULT_STEP_UV, TRAIN, PackRequest, build_packed
    from vizecg.data.progress import progress

    request = PackRequest(
        step_uv=DEFAULT_STEP_UV if options.step_uv is None else options.step_uv,
        sampling_rate=options.sampling_rate,
        budget_mib=options.budget_mib,
        seed=options.seed,
    )
    sources = options.sources(data)
    if not options.split:
        sources = {split: source for split, source in sources.items() if split in (TRAIN, "val")}
    if not sources:
        raise UsageError(f"--data {data} has neither {TRAIN} nor val: name a split with --split")
    noted: list[dict[str, str]] = []
    with progress("packing", sum(map(len, sources.values())), quiet=options.as_json) as advance:
        packed = build_packed(
            path, sources=sources, request=request, workers=options.workers, on_bad=options.on_bad, advance=advance,
            note=noted.append,
        )  # fmt: skip
    if options.verify:
        packed.verify()
    report_packed(packed, verified=options.verify, as_json=options.as_json, noted=noted)


def _verify(options: Options) -> None:
    """Without a source: read every byte of a finished store."""
    from vizecg.data.contents import report, report_packed
    from vizecg.data.packed.file import open_packed
    from vizecg.data.store.read import open_store

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

"""A named, ordered set of records that can be read one at a time, in any process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, overload

from vizecg.records import EcgRecord
from vizecg.records.on_identity import OnIdentity
from vizecg.records.packing import UNKNOWN_LABELS
from vizecg.records.ptbxl import TABLE, Ptbxl, read_entry
from vizecg.records.sheets import SheetRecord, Sheets, no_signal, read_sheet
from vizecg.records.splits import SplitRule
from vizecg.records.synthetic import synthetic_record
from vizecg.records.synthetic.varied import varied_record
from vizecg.spec import CODE6, LabelSet, UsageError
from vizecg.spec.fingerprint import sha256_bytes, sha256_file
from vizecg.spec.sheet_files import TABLE as SHEETS_TABLE

ReadRecord = Callable[[Any], EcgRecord]
ReadSheet = Callable[[Any], SheetRecord]


@dataclass(frozen=True, kw_only=True)
class RecordSource:
    """``read(items[i])`` gives the record ``record_ids[i]``; ``read`` can be pickled and is small.

    ``left_out`` lists what the index of the source names and cannot give: record or file -> one line that says why.
    ``fingerprint`` is a hash of that index: the same ids with other labels are other records.
    ``packed_labels`` are those of the records (``vizecg.records.packing``) where the index tells them; None where only
    the records do. ``labels`` are the names behind both, in their order. ``read_sheet`` is there where the records are
    photographs (``vizecg.records.sheets``): they have no signal, and ``read`` refuses each of them.
    """

    name: str
    items: Sequence[Any]
    record_ids: Sequence[str]
    patient_ids: Sequence[str | None]
    read: ReadRecord
    left_out: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    packed_labels: Sequence[int] | None = None
    labels: tuple[str, ...] = CODE6.names
    read_sheet: ReadSheet | None = None

    def __len__(self) -> int:
        return len(self.items)

    def check_seen(
        self,
        *,
        signal: bool,
        emptiness: float = 0.0,
        misread: float = 0.0,
        traces: bool = False,
        recorders: float = 0.0,
    ) -> None:
        """Raise UsageError where a network is to see signals of photographs, or where their traces lie, or pictures of
        them drawn otherwise."""
        if self.read_sheet is None:
            return
        if signal:
            raise UsageError(
                f"{self.name} are photographs, without signals: only the image stream sees them, --streams image"
            )
        if emptiness:
            raise UsageError(f"{self.name} are photographs, which lack what they lack: expected emptiness=0")
        if misread:
            raise UsageError(f"{self.name} are photographs as they were read: expected misread=0")
        if traces:
            raise UsageError(f"{self.name} are photographs, whose traces nobody knows: expected trace_weight=0")
        if recorders:
            raise UsageError(f"{self.name} are photographs of what one recorder printed: expected recorders=0")

    def check_labels(self, names: tuple[str, ...]) -> None:
        """Raise UsageError unless its labels are these: as many others, or another order, would not be noticed."""
        if self.labels != names:
            raise UsageError(f"{self.name} has the labels {', '.join(self.labels)}, the network {', '.join(names)}")

    def limited(self, limit: int | None) -> RecordSource:
        """The first ``limit`` records; all of them for None."""
        if limit is None:
            return self
        return replace(
            self,
            items=self.items[:limit],
            record_ids=self.record_ids[:limit],
            patient_ids=self.patient_ids[:limit],
            packed_labels=None if self.packed_labels is None else self.packed_labels[:limit],
        )


@dataclass(frozen=True)
class Column(Sequence[Any]):
    """One attribute of every item, made when asked for: an index of 345,779 exams holds no strings."""

    items: Sequence[Any]
    attribute: str

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Column: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Column(self.items[index], self.attribute)
        return attrgetter(self.attribute)(self.items[index])


def indexed_source(
    name: str,
    items: Sequence[Any],
    *,
    read: ReadRecord,
    record_id: str = "record_id",
    left_out: Mapping[str, str] | None = None,
    fingerprint: str = "",
    labels: tuple[str, ...] = CODE6.names,
) -> RecordSource:
    """A source of items that know their ``patient_id``, ``packed_labels`` and, under the name ``record_id``, their id.

    Raises:
        UsageError: there is no item.
    """
    if not len(items):
        lost = f"; {len(left_out)} left out, the first: {next(iter(left_out.values()))}" if left_out else ""
        raise UsageError(f"{name}: there is no record{lost}")
    return RecordSource(
        name=name,
        items=items,
        record_ids=Column(items, record_id),
        patient_ids=Column(items, "patient_id"),
        read=read,
        left_out=left_out or {},
        fingerprint=fingerprint,
        packed_labels=Column(items, "packed_labels"),
        labels=labels,
    )


def relabelled(source: RecordSource, labels: LabelSet) -> RecordSource:
    """The same records with the labels of a set, by their names among those that the source has.

    Args:
        source: of records whose labels were settled when they were made: a store, or synthetic ones.
        labels: wanted of it.

    Raises:
        UsageError: the source lacks one, or has one that is neither wanted nor ignored.
    """
    if labels.names == source.labels:
        return source
    missing = [name for name in labels.names if name not in source.labels]
    if missing:
        raise UsageError(
            f"{source.name} has no label {missing[0]!r} of the label set {labels.name}: it has"
            f" {', '.join(source.labels)}"
        )
    more = [name for name in source.labels if name not in (*labels.names, *labels.ignored)]
    if more:
        raise UsageError(
            f"{source.name} has labels that are not in the label set {labels.name}: name {', '.join(more)} in it, or"
            f" leave them out with --ignore-columns {more[0]}"
        )
    places = tuple(source.labels.index(name) for name in labels.names)
    return replace(
        source,
        read=partial(_read_relabelled, read=source.read, places=places),
        packed_labels=None if source.packed_labels is None else _Repacked(source.packed_labels, places),
        labels=labels.names,
    )


def _read_relabelled(item: Any, *, read: ReadRecord, places: tuple[int, ...]) -> EcgRecord:
    record = read(item)
    return record if record.labels is None else replace(record, labels=record.labels[list(places)])


@dataclass(frozen=True)
class _Repacked(Sequence[int]):
    """Packed labels with the bits of ``places`` in this order."""

    packed: Sequence[int]
    places: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.packed)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> _Repacked: ...
    def __getitem__(self, index: int | slice) -> int | _Repacked:
        if isinstance(index, slice):
            return _Repacked(self.packed[index], self.places)
        bits = int(self.packed[index])
        if bits == UNKNOWN_LABELS:
            return bits
        return sum((bits >> place & 1) << bit for bit, place in enumerate(self.places))


def ptbxl_source(
    root: Path,
    *,
    folds: Sequence[int],
    resolution: int = 100,
    labels: LabelSet = CODE6,
    on_identity: OnIdentity = OnIdentity.SKIP,
) -> RecordSource:
    """The records of some folds of a PTB-XL folder; ``resolution`` is 100 or 500 Hz."""
    dataset = Ptbxl(root=root, resolution=resolution, labels=labels)
    entries = dataset.select(folds=folds)
    listed = ",".join(map(str, folds))
    if not entries:
        raise UsageError(f"{root} has no {resolution} Hz record in fold {listed}")
    return indexed_source(
        f"PTB-XL folds {listed}",
        entries,
        read=partial(read_entry, root=dataset.root, on_identity=on_identity),
        fingerprint=sha256_file(dataset.root / TABLE),
        labels=labels.names,
    )


def sheets_source(
    root: Path, *, split: str, rule: SplitRule, labels: LabelSet, table: Path | None = None
) -> RecordSource:
    """Photographs of one split that ``vizecg-edge sheets`` read into the folder ``root``; raises as ``Sheets``."""
    folder = Sheets(root=root, table=table, labels=labels)
    source = indexed_source(
        f"photographs in {root.resolve().name}, {split} of split seed {rule.seed}",
        folder.select(split, rule),
        read=no_signal,
        record_id="photo",
        left_out=folder.left_out,
        fingerprint=sha256_bytes(f"{sha256_file(folder.table)} {sha256_file(root / SHEETS_TABLE)}".encode()),
        labels=labels.names,
    )
    return replace(source, read_sheet=partial(read_sheet, root=root, spec=folder.spec, labels=len(labels)))


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


def varied_source(n: int, *, seed: int) -> RecordSource:
    """``synthetic_source`` with voltages, noise and baselines as they differ between patients and recorders."""
    plain = synthetic_source(n, seed=seed)
    return replace(
        plain,
        name=f"synthetic varied seed {seed}",
        record_ids=[f"varied-{record_id}" for record_id in plain.record_ids],
        read=partial(varied_record, seed=seed),
    )

"""A cache of pictures: every record drawn once per variant, stored as ink maps in a memory-mapped file.

Drawing costs more than a training step on a small machine, and every epoch would draw again. The folder holds
``inks.npy`` uint8 (n, variants, height, width), ``signals.npy`` float32 (n, 12, samples), ``labels.npy`` float32 (n,
labels), ``keys.npy`` uint32 (n,), ``done.npy`` bool (n,), where records are kept to be printed what ``DrawnSignals``
holds, ``cache.json``, and ``refused.jsonl`` with the records that failed their checks, which are counted, listed and
left out. An interrupted build goes on where it stopped; ``cache.json`` says when all is done.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console

from vizecg.data.left_out import FILE as LEFT_OUT
from vizecg.data.left_out import entries_of, tell_left_out, write_left_out
from vizecg.data.pool import bounded_map
from vizecg.data.progress import progress
from vizecg.data.recorders import variant_record
from vizecg.data.signal import SignalSpec, signal_input
from vizecg.data.source import ReadRecord, ReadSheet, RecordSource
from vizecg.records import EcgRecord
from vizecg.records.recorders.recorder import RECORDER_VERSION
from vizecg.records.sheets import SheetRecord
from vizecg.render import PHOTOGRAPHER_VERSION, RENDERER_VERSION, Layout, record_key, sheet_under
from vizecg.render.sheet import drawing_rate, drawn_signal
from vizecg.render.traces import stored_signal
from vizecg.spec import LEADS, Condition, InputRefusedError, SheetSpec, StoreError, UsageError
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.preprocess import PreprocessSpec, ink_map


@dataclass(frozen=True, kw_only=True)
class CacheSpec:
    """What is drawn: one variant of every record per entry of ``conditions``; without any, signals alone are kept.

    ``printable`` keeps what is drawn of every record in place of drawings, and refuses those that are too short for
    ``Layout()``. ``recorders`` is the share of variants that a random recorder changed before they were drawn;
    printable records have ``recorder_variants`` versions then.
    """

    conditions: tuple[Condition, ...]
    sheet: SheetSpec
    preprocess: PreprocessSpec
    signal: SignalSpec
    seed: int
    printable: bool = False
    recorders: float = 0.0
    recorder_variants: int = 1

    @property
    def versions(self) -> int:
        """Of the traces of a printable record."""
        return self.recorder_variants if self.recorders else 1

    def key(self, record_ids: Sequence[str]) -> str:
        """Hash of everything that decides the content."""
        content = {
            "conditions": [condition.value for condition in self.conditions],
            "sheet": self.sheet.to_dict(),
            "preprocess": self.preprocess.to_dict(),
            "signal": self.signal.to_dict(),
            "seed": self.seed,
            "renderer": RENDERER_VERSION,
            "photographer": PHOTOGRAPHER_VERSION,
            "records": list(record_ids),
        }
        if self.printable:
            content["printable"] = True
        if self.recorders:
            content["recorders"] = [self.recorders, self.versions if self.printable else None, RECORDER_VERSION]
        return sha256_bytes(json.dumps(content, sort_keys=True).encode())


@dataclass(frozen=True, kw_only=True)
class DrawnSignals:
    """What the traces of printed sheets are drawn from, memory-mapped: int16 (n, 12, samples) at the rate of the
    drawing, see ``vizecg.data.batch.traces``; how many samples each record has, and its seconds. Where records have
    several ``versions``, those of one record follow each other."""

    signals: np.ndarray
    samples: np.ndarray
    seconds: np.ndarray
    versions: int = 1

    def row_of(self, record: int, version: int) -> int:
        """Where the traces of one version of a record lie; of a single one for every version."""
        return record * self.versions + version % self.versions


@dataclass(frozen=True, kw_only=True)
class InkCache:
    """A finished cache, memory-mapped read-only; pickled by its folder, and not with its arrays.

    ``rows`` are the rows that hold a record; ``refused`` names the others and says why. ``keys`` are the
    ``record_key``s that pictures are drawn by, 0 in caches of before they were kept. ``drawn`` is None where the
    records are not kept to be printed.
    """

    folder: Path
    spec: CacheSpec
    record_ids: tuple[str, ...]
    rows: np.ndarray
    refused: dict[str, str]
    keys: np.ndarray
    inks: np.ndarray
    signals: np.ndarray
    labels: np.ndarray
    drawn: DrawnSignals | None

    def __reduce__(self) -> tuple[Any, ...]:
        return _mapped, (self.folder, self.spec, self.record_ids, self.refused)


_POLL_S = 0.2
_LAYOUT = Layout()
"""That of the sheets that networks are trained on."""


def build_cache(folder: Path, *, source: RecordSource, spec: CacheSpec, workers: int = 1) -> InkCache:
    """Make or complete a cache, and open it.

    Args:
        folder: created when absent.
        source: the records, with labels; their ids are part of the cache's key.
        spec: what to draw.
        workers: processes.

    Raises:
        UsageError: the folder holds a cache of other content.
        StoreError: there is no room for it.
    """
    source.check_seen(signal=spec.printable or not spec.conditions)
    folder.mkdir(parents=True, exist_ok=True)
    record_ids = source.record_ids
    key = _key(source, spec)
    meta = folder / "cache.json"
    if meta.exists():
        known_key = json.loads(meta.read_text())["key"]
        if known_key != key:
            raise UsageError(f"{folder} holds a cache of other records or settings: name another folder or delete it")
    else:
        # Before the arrays: whatever an interrupted build leaves is known for what it is.
        write_atomically(meta, json.dumps({"key": key, "records": len(source)}))
    arrays = {name: _open(folder / f"{name}.npy", dtype, shape) for name, dtype, shape in _arrays(source, spec)}
    refused_path = folder / "refused.jsonl"
    refused = _read_refused(refused_path)
    todo = [i for i, name in enumerate(record_ids) if not arrays["done"][i] and name not in refused]
    if todo:
        jobs = ((index, source.items[index]) for index in todo)
        results = bounded_map(
            partial(_draw, read=source.read, read_sheet=source.read_sheet, spec=spec),
            jobs,
            workers=workers,
            initializer=partial(cv2.setNumThreads, 1),
        )
        with progress(f"drawing {folder.name}", len(todo), quiet=False) as advance:
            for index, drawn in results:
                advance(1)
                if isinstance(drawn, str):
                    refused[record_ids[index]] = drawn
                    with refused_path.open("a") as handle:
                        handle.write(json.dumps({"record": record_ids[index], "reason": drawn}) + "\n")
                    continue
                for name, value in drawn.items():
                    arrays[name][index] = value
                arrays["done"][index] = True
        for array in arrays.values():
            array.flush()
    write_atomically(meta, json.dumps({"key": key, "records": len(source), "complete": True}))
    skipped = entries_of({**source.left_out, **refused})
    where = write_left_out(folder / LEFT_OUT, skipped)
    if where is not None:
        tell_left_out(Console(stderr=True), skipped, where=where, word="left out")
    return _opened(folder, source, spec)


def await_cache(folder: Path, *, source: RecordSource, spec: CacheSpec) -> InkCache:
    """Open a cache that another process makes with ``build_cache``, as soon as all of it is there.

    Nothing but the file system is asked, which the two processes share: a finished cache of these records and
    settings is the right one whoever made it, and whenever. The maker's errors end this process from outside.
    """
    key, meta = _key(source, spec), folder / "cache.json"
    while True:
        state = json.loads(meta.read_text()) if meta.exists() else {}
        if state.get("key") == key and state.get("complete"):
            return _opened(folder, source, spec)
        time.sleep(_POLL_S)


def _key(source: RecordSource, spec: CacheSpec) -> str:
    """With the fingerprint of the records' index: the same ids with other labels are other records."""
    return spec.key([source.fingerprint, *source.record_ids])


def _opened(folder: Path, source: RecordSource, spec: CacheSpec) -> InkCache:
    refused = {**source.left_out, **_read_refused(folder / "refused.jsonl")}
    return _mapped(folder, spec, tuple(source.record_ids), refused)


def _mapped(folder: Path, spec: CacheSpec, record_ids: tuple[str, ...], refused: dict[str, str]) -> InkCache:
    inks = _pictures(len(record_ids), spec)
    return InkCache(
        folder=folder,
        spec=spec,
        record_ids=record_ids,
        rows=np.flatnonzero(np.load(folder / "done.npy")),
        refused=refused,
        keys=_map(folder, "keys"),
        inks=_map(folder, "inks") if spec.conditions else np.zeros(inks),
        signals=_map(folder, "signals"),
        labels=_map(folder, "labels"),
        drawn=DrawnSignals(
            signals=_map(folder, "traces").reshape(-1, len(LEADS), _most_samples(spec)),
            samples=_map(folder, "trace_samples").reshape(-1),
            seconds=_map(folder, "seconds").reshape(-1),
            versions=spec.versions,
        )
        if spec.printable
        else None,
    )


def _map(folder: Path, name: str) -> np.ndarray:
    array: np.ndarray = np.load(folder / f"{name}.npy", mmap_mode="r")
    return array


def _pictures(n: int, spec: CacheSpec) -> tuple[int, int, int, int]:
    return n, len(spec.conditions), spec.preprocess.height, spec.preprocess.width


def _arrays(source: RecordSource, spec: CacheSpec) -> list[tuple[str, str, tuple[int, ...]]]:
    n = len(source)
    signals = (n, len(LEADS), spec.signal.samples)
    return [
        # A file of no bytes cannot be mapped.
        *([("inks", "uint8", _pictures(n, spec))] if spec.conditions else []),
        *(_drawn_arrays(n, spec) if spec.printable else []),
        ("keys", "uint32", (n,)),
        ("signals", "float32", signals),
        ("labels", "float32", (n, len(source.labels))),
        ("done", "bool", (n,)),
    ]


def _drawn_arrays(n: int, spec: CacheSpec) -> list[tuple[str, str, tuple[int, ...]]]:
    each = (n,) if spec.versions == 1 else (n, spec.versions)
    return [
        ("traces", "int16", (*each, len(LEADS), _most_samples(spec))),
        ("trace_samples", "int32", each),
        ("seconds", "float64", each),
    ]


def _most_samples(spec: CacheSpec) -> int:
    """No trace is longer than the block; its last sample is where it ends."""
    return round(_LAYOUT.block_s * drawing_rate(spec.sheet, _LAYOUT)) + 1


def _open(path: Path, dtype: str, shape: tuple[int, ...]) -> np.memmap:
    if path.exists():
        return np.lib.format.open_memmap(path, mode="r+")
    array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    try:
        # A page that finds the disk full when it is written to would kill the process without a word.
        with path.open("r+b") as handle:
            os.posix_fallocate(handle.fileno(), 0, path.stat().st_size)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            path.unlink()
            gibibytes = array.nbytes / 2**30
            raise StoreError(f"{path} needs {gibibytes:.1f} GiB: {error.strerror}") from error
    return array


def _read_refused(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {line["record"]: line["reason"] for line in lines}


Drawn = tuple[int, "dict[str, Any] | str"]


def _draw(job: tuple[int, Any], *, read: ReadRecord, read_sheet: ReadSheet | None, spec: CacheSpec) -> Drawn:
    """Row index and the arrays of that row, or the reason why the record was refused."""
    index, item = job
    try:
        if read_sheet is not None:
            return index, _laid(read_sheet(item), spec)
        record = read(item)
    except InputRefusedError as error:
        return index, str(error)
    if record.labels is None:
        return index, f"record {record.record_id}: its labels are not known"
    drawn = {
        "keys": record_key(record.record_id),
        "signals": signal_input(record, spec.signal),
        "labels": record.labels,
    }
    variants = max(len(spec.conditions), spec.versions if spec.printable else 0)
    try:
        shown = [variant_record(record, share=spec.recorders, seed=spec.seed, variant=at) for at in range(variants)]
        if spec.printable:
            drawn |= _printable(shown[: spec.versions], spec)
    except InputRefusedError as error:
        return index, str(error)
    pictures = [
        sheet_under(condition, shown[variant], seed=spec.seed, spec=spec.sheet, variant=variant)
        for variant, condition in enumerate(spec.conditions)
    ]
    if pictures:
        drawn["inks"] = np.stack(
            [ink_map(picture, sheet_spec=spec.sheet, spec=spec.preprocess) for picture in pictures]
        )
    return index, drawn


def _laid(record: SheetRecord, spec: CacheSpec) -> dict[str, Any] | str:
    """A photograph, which is every one of the variants; there is nothing to draw, and no signal."""
    if record.labels is None:
        return f"photograph {record.record_id}: its labels are not known"
    if record.sheet.shape != spec.sheet.shape:
        return (
            f"photograph {record.record_id}: its sheet has {record.sheet.shape[1]} x {record.sheet.shape[0]} pixels,"
            f" expected {spec.sheet.width_px} x {spec.sheet.height_px}"
        )
    ink = ink_map(record.sheet, sheet_spec=spec.sheet, spec=spec.preprocess)
    return {"labels": record.labels, "inks": np.stack([ink] * len(spec.conditions))}


def _printable(versions: list[EcgRecord], spec: CacheSpec) -> dict[str, Any]:
    """Of all versions of a record; raises InputRefusedError where it is too short."""
    traces = [_traces(one, spec) for one in versions]
    return traces[0] if len(traces) == 1 else {name: [one[name] for one in traces] for name in traces[0]}


def _traces(record: EcgRecord, spec: CacheSpec) -> dict[str, Any]:
    try:
        _LAYOUT.fitting(record.duration_s).boxes(spec.sheet, duration_s=record.duration_s)
    except InputRefusedError as error:
        raise InputRefusedError(f"record {record.record_id}: {error}", reason=error.reason) from error
    most = _most_samples(spec)
    signal = stored_signal(drawn_signal(record, sampling_rate=drawing_rate(spec.sheet, _LAYOUT)))[:, :most]
    traces = np.zeros((len(LEADS), most), np.int16)
    traces[:, : signal.shape[1]] = signal
    return {
        "traces": traces,
        "trace_samples": signal.shape[1],
        "seconds": record.duration_s,
    }

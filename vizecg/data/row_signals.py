"""What is drawn of every record of a cache, row by row of its sheets: 8 kB each, for the truth about its traces.

A cache of pictures keeps the signal stream's input, of which trends and means are taken away: where a trace lies, that
does not tell. The records are read again, once, into ``rows.npy`` int16 (n, ROWS, ROW_SAMPLES) and ``row_seconds.npy``
float64 (n,) beside the pictures, which stay what they are. Where pictures are drawn anew, the cache has it all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vizecg.data.cache import CacheSpec, DrawnSignals, InkCache
from vizecg.data.pool import bounded_map
from vizecg.data.progress import progress
from vizecg.data.recorders import variant_record
from vizecg.data.source import ReadRecord, RecordSource
from vizecg.data.trace_truth import ROW_SAMPLES, ROWS, row_samples
from vizecg.render import Layout, LeadBox
from vizecg.render.sheet import drawing_rate, drawn_signal
from vizecg.render.traces import stored_signal
from vizecg.spec import SheetSpec, UsageError

_FILES = ("rows.npy", "row_seconds.npy")
_LAYOUT = Layout()
_POLL_S = 0.2


@dataclass(frozen=True, kw_only=True)
class RowSignals:
    """Of the rows of one cache; pickled by its folder, and not with its arrays."""

    folder: Path
    rows: np.ndarray
    seconds: np.ndarray

    def of(self, row: int, variant: int) -> np.ndarray:
        """int16 (ROWS, ROW_SAMPLES) of what one variant of a record shows."""
        versions: np.ndarray = self.rows[row]
        return np.asarray(versions[variant % len(versions)])

    def __reduce__(self) -> tuple[Any, ...]:
        return _mapped, (self.folder,)


def open_rows(cache: InkCache, source: RecordSource, *, workers: int = 1, made_here: bool = True) -> RowSignals:
    """Make ``RowSignals`` of a cache of pictures, or open those that are there.

    Args:
        cache: of ``source``.
        source: its records.
        workers: processes that read.
        made_here: the first process of a run makes them; the others wait for it.

    Raises:
        UsageError: the pictures are photographs, or do not tell what they were drawn by.
    """
    source.check_seen(signal=False, traces=True)
    if not cache.keys[cache.rows].all():
        raise UsageError(f"{cache.folder} was drawn before the places of traces were known: name another folder")
    last = cache.folder / _FILES[-1]
    if made_here:
        if not last.exists():
            _make(cache, source, workers)
    else:
        while not last.exists():
            time.sleep(_POLL_S)
    return _mapped(cache.folder)


def drawn_rows(drawn: DrawnSignals, row: int, boxes: Sequence[LeadBox], spec: SheetSpec) -> np.ndarray:
    """``row_samples`` of the traces in one row of a cache of printable signals."""
    steps = drawn.signals[row, :, : drawn.samples[row]]
    return row_samples(steps, boxes, sampling_rate=drawing_rate(spec, _LAYOUT))


def _make(cache: InkCache, source: RecordSource, workers: int) -> None:
    n = len(cache.record_ids)
    versions = len(cache.spec.conditions) if cache.spec.recorders else 1
    rows, seconds = np.zeros((n, versions, ROWS, ROW_SAMPLES), np.int16), np.zeros(n)
    jobs = ((int(row), source.items[int(row)]) for row in cache.rows)
    read = partial(_read, read=source.read, spec=cache.spec, versions=versions)
    with progress(f"reading traces of {cache.folder.name}", len(cache.rows), quiet=False) as advance:
        for row, drawn, duration_s in bounded_map(
            read, jobs, workers=workers, initializer=partial(cv2.setNumThreads, 1)
        ):
            rows[row], seconds[row] = drawn, duration_s
            advance(1)
    # The last one of all says that they are whole.
    arrays: tuple[np.ndarray, ...] = (rows, seconds)
    for name, array in zip(_FILES, arrays, strict=True):
        unfinished = cache.folder / f".{name}"
        np.save(unfinished, array)
        os.replace(unfinished, cache.folder / name)


def _read(job: tuple[int, Any], *, read: ReadRecord, spec: CacheSpec, versions: int) -> tuple[int, np.ndarray, float]:
    row, item = job
    record = read(item)
    rate = drawing_rate(spec.sheet, _LAYOUT)
    boxes = _LAYOUT.fitting(record.duration_s).boxes(spec.sheet, duration_s=record.duration_s)
    shown = (variant_record(record, share=spec.recorders, seed=spec.seed, variant=at) for at in range(versions))
    steps = [stored_signal(drawn_signal(one, sampling_rate=rate)) for one in shown]
    return row, np.stack([row_samples(one, boxes, sampling_rate=rate) for one in steps]), record.duration_s


def _mapped(folder: Path) -> RowSignals:
    rows, seconds = (np.load(folder / name, mmap_mode="r") for name in _FILES)
    return RowSignals(folder=folder, rows=rows, seconds=seconds)

"""A cache of pictures: every record drawn once per variant, stored as ink maps in a memory-mapped file.

Drawing costs more than a training step on a small machine, and every epoch would draw again. The folder holds
``inks.npy`` uint8 (n, variants, height, width), ``signals.npy`` float32 (n, 12, samples), ``labels.npy`` float32
(n, 6), ``done.npy`` bool (n,), ``cache.json``, and ``refused.jsonl`` with the records that failed their checks, which
are counted, listed and left out. An interrupted build goes on where it stopped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.progress import track

from vizecg.data.pool import bounded_map
from vizecg.data.signal import SignalSpec, signal_input
from vizecg.data.source import ReadRecord, RecordSource
from vizecg.render import PHOTOGRAPHER_VERSION, RENDERER_VERSION, sheet_under
from vizecg.spec import LABELS, LEADS, Condition, InputRefusedError, SheetSpec, UsageError
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.preprocess import PreprocessSpec, ink_map


@dataclass(frozen=True, kw_only=True)
class CacheSpec:
    """What is drawn: one variant of every record per entry of ``conditions``; without any, signals alone are kept."""

    conditions: tuple[Condition, ...]
    sheet: SheetSpec
    preprocess: PreprocessSpec
    signal: SignalSpec
    seed: int

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
        return sha256_bytes(json.dumps(content, sort_keys=True).encode())


@dataclass(frozen=True, kw_only=True)
class InkCache:
    """A finished cache, memory-mapped read-only.

    ``rows`` are the rows that hold a record; ``refused`` names the others and says why.
    """

    spec: CacheSpec
    record_ids: tuple[str, ...]
    rows: np.ndarray
    refused: dict[str, str]
    inks: np.ndarray
    signals: np.ndarray
    labels: np.ndarray


def build_cache(folder: Path, *, source: RecordSource, spec: CacheSpec, workers: int = 1) -> InkCache:
    """Make or complete a cache, and open it.

    Args:
        folder: created when absent.
        source: the records, with labels; their ids are part of the cache's key.
        spec: what to draw.
        workers: processes.

    Raises:
        UsageError: the folder holds a cache of other content.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record_ids = source.record_ids
    # With the fingerprint of its index: the same ids with other labels are other records.
    key = spec.key([source.fingerprint, *record_ids])
    meta = folder / "cache.json"
    if meta.exists():
        found = json.loads(meta.read_text())["key"]
        if found != key:
            raise UsageError(f"{folder} holds a cache of other records or settings: name another folder or delete it")
    # Before the arrays: whatever an interrupted build leaves is known for what it is.
    write_atomically(meta, json.dumps({"key": key, "records": len(source)}))
    arrays = {name: _open(folder / f"{name}.npy", dtype, shape) for name, dtype, shape in _arrays(len(source), spec)}
    refused_path = folder / "refused.jsonl"
    refused = _read_refused(refused_path)
    todo = [i for i, name in enumerate(record_ids) if not arrays["done"][i] and name not in refused]
    if todo:
        jobs = ((index, source.items[index]) for index in todo)
        results = bounded_map(
            partial(_draw, read=source.read, spec=spec),
            jobs,
            workers=workers,
            initializer=partial(cv2.setNumThreads, 1),
        )
        for index, drawn in track(results, total=len(todo), description="drawing"):
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
    refused = {**source.left_out, **refused}
    for reason in refused.values():
        print(f"left out: {reason}", file=sys.stderr)
    return InkCache(
        spec=spec,
        record_ids=tuple(record_ids),
        rows=np.flatnonzero(np.load(folder / "done.npy")),
        refused=refused,
        inks=np.load(folder / "inks.npy", mmap_mode="r") if spec.conditions else np.zeros(_pictures(len(source), spec)),
        **{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("signals", "labels")},
    )


def _pictures(n: int, spec: CacheSpec) -> tuple[int, int, int, int]:
    return n, len(spec.conditions), spec.preprocess.height, spec.preprocess.width


def _arrays(n: int, spec: CacheSpec) -> list[tuple[str, str, tuple[int, ...]]]:
    signals = (n, len(LEADS), spec.signal.samples)
    return [
        # A file of no bytes cannot be mapped.
        *([("inks", "uint8", _pictures(n, spec))] if spec.conditions else []),
        ("signals", "float32", signals),
        ("labels", "float32", (n, len(LABELS))),
        ("done", "bool", (n,)),
    ]


def _open(path: Path, dtype: str, shape: tuple[int, ...]) -> np.memmap:
    if path.exists():
        return np.lib.format.open_memmap(path, mode="r+")
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)


def _read_refused(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {line["record"]: line["reason"] for line in lines}


Drawn = tuple[int, "dict[str, np.ndarray] | str"]


def _draw(job: tuple[int, Any], *, read: ReadRecord, spec: CacheSpec) -> Drawn:
    """Row index and the arrays of that row, or the reason why the record was refused."""
    index, item = job
    try:
        record = read(item)
    except InputRefusedError as error:
        return index, str(error)
    if record.labels is None:
        return index, f"record {record.record_id} has no labels"
    pictures = [
        sheet_under(condition, record, seed=spec.seed, spec=spec.sheet, variant=variant)
        for variant, condition in enumerate(spec.conditions)
    ]
    drawn = {"signals": signal_input(record, spec.signal), "labels": record.labels}
    if pictures:
        drawn["inks"] = np.stack(
            [ink_map(picture, sheet_spec=spec.sheet, spec=spec.preprocess) for picture in pictures]
        )
    return index, drawn

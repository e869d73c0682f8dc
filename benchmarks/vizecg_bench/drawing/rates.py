"""Pictures a second: drawn on the device from plans that are ready, planned by all processors, drawn by OpenCV."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import torch
from torch.utils.data import DataLoader, Dataset

from vizecg.data.batch import Parcel, PictureBatch, inks_from_plans, pack_pictures
from vizecg.data.source import RecordSource
from vizecg.render import PicturePlan, plan_under, sheet_under
from vizecg.spec import Condition, SheetSpec
from vizecg.spec.preprocess import PreprocessSpec, ink_map
from vizecg_bench.drawing.compare import pictures_at_once

CONDITIONS = (Condition.PRINT, Condition.PHOTO, Condition.PHOTO)
"""Of the pictures, in turn: those that the recipes train on."""


@dataclass(frozen=True, kw_only=True)
class Planned(Dataset[PicturePlan]):
    """``length`` plans of the records of a source in turn; every round has other pictures."""

    source: RecordSource
    length: int
    seed: int

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, place: int) -> PicturePlan:
        variant, row = divmod(place, len(self.source))
        record = self.source.read(self.source.items[row])
        return plan_under(CONDITIONS[place % len(CONDITIONS)], record, seed=self.seed, variant=variant)


def drawing_rates(
    source: RecordSource,
    *,
    device: torch.device | str,
    batch: int,
    workers: int,
    seconds: float,
    seed: int = 0,
    preprocess: PreprocessSpec | None = None,
) -> dict[str, Any]:
    """Time all three for about ``seconds`` each, starting and warming up apart.

    Args:
        source: whose records are drawn, from packed or other memory as it comes.
        device: where torch draws.
        batch: pictures of one parcel.
        workers: processes that plan; 0 plans in this one.
        seconds: of each.
        seed: of everything random.
        preprocess: of the ink maps.

    Returns:
        ``pictures_per_s`` of ``device``, ``planning``, ``opencv_one_core``; and ``batch``, ``workers``.
    """
    target = torch.device(device)
    preprocess = preprocess or PreprocessSpec()
    plans = Planned(source=source, length=batch, seed=seed)
    parcel = pack_pictures([plans[place] for place in range(batch)], chunk=pictures_at_once(target))
    rates = {
        "device": _drawing(parcel, target, batch=batch, seconds=seconds, preprocess=preprocess),
        "planning": _planning(source, target, batch=batch, workers=workers, seconds=seconds, seed=seed),
        "opencv_one_core": _opencv(source, seconds=seconds, seed=seed, preprocess=preprocess),
    }
    return {
        "pictures_per_s": {name: round(rate, 2) for name, rate in rates.items()},
        "batch": batch,
        "workers": workers,
    }


def _drawing(
    parcel: Parcel[PictureBatch], device: torch.device, *, batch: int, seconds: float, preprocess: PreprocessSpec
) -> float:
    if device.type == "cuda":
        parcel = parcel.pin_memory()

    def draw() -> int:
        inks_from_plans(parcel, device=device, preprocess=preprocess)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return batch

    draw()
    return _rate(draw, seconds)


def _planning(
    source: RecordSource, device: torch.device, *, batch: int, workers: int, seconds: float, seed: int
) -> float:
    """From the records to parcels in this process, as a training loop receives them."""
    loading: dict[str, Any] = {}
    if workers:
        multiprocessing.set_forkserver_preload(["vizecg.data.fresh"])
        loading = {"multiprocessing_context": "forkserver", "worker_init_fn": _one_thread}
    loader = DataLoader(
        Planned(source=source, length=1_000_000_000, seed=seed), batch_size=batch, num_workers=workers,
        collate_fn=partial(pack_pictures, chunk=pictures_at_once(device)), pin_memory=device.type == "cuda", **loading,
    )  # fmt: skip
    parcels = iter(loader)
    # Every worker's first batches: they start, and fill the queue.
    for _ in range(max(1, 3 * workers)):
        next(parcels)

    def receive() -> int:
        next(parcels)
        return batch

    return _rate(receive, seconds)


def _opencv(source: RecordSource, *, seconds: float, seed: int, preprocess: PreprocessSpec) -> float:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    spec = SheetSpec()
    drawn = 0

    def draw() -> int:
        nonlocal drawn
        variant, row = divmod(drawn, len(source))
        record = source.read(source.items[row])
        sheet = sheet_under(CONDITIONS[drawn % len(CONDITIONS)], record, seed=seed, variant=variant)
        ink_map(sheet, sheet_spec=spec, spec=preprocess)
        drawn += 1
        return 1

    try:
        draw()
        return _rate(draw, seconds)
    finally:
        cv2.setNumThreads(threads)


def _rate(work: Callable[[], int], seconds: float) -> float:
    """Pictures a second of ``work``, which does some and returns their number; at least two turns."""
    pictures = turns = 0
    began = time.perf_counter()
    while turns < 2 or time.perf_counter() - began < seconds:
        pictures += work()
        turns += 1
    return pictures / (time.perf_counter() - began)


def _one_thread(worker: int) -> None:
    cv2.setNumThreads(1)

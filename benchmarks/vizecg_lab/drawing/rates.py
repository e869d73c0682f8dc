"""Pictures a second: drawn on the device from drafts that are ready, drafted by all processors, drawn by OpenCV."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from vizecg.data.batch import Parcel, photos_at_once
from vizecg.data.cache import CacheSpec, build_cache
from vizecg.data.dataset import Draw
from vizecg.data.fresh import FreshTrainingSet, SampleBatch, pack_samples, samples_on_device, signals_on_device
from vizecg.data.signal import SignalSpec
from vizecg.data.source import RecordSource
from vizecg.render import sheet_under
from vizecg.spec import Condition, SheetSpec
from vizecg.spec.preprocess import PreprocessSpec, ink_map
from vizecg.train.loaders import anew_settings

CONDITIONS = (Condition.PRINT, Condition.PHOTO, Condition.PHOTO)
"""Of the pictures, in turn: those that the recipes train on."""
_RECORDS = 256


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A batch that is drafted, with what a device needs to draw it; ``records`` are those it is of."""

    records: RecordSource
    fresh: FreshTrainingSet
    parcel: Parcel[SampleBatch]
    signals: Tensor
    batch: int
    preprocess: PreprocessSpec

    def draw(self, *, fuse: bool = False) -> int:
        """Upload and draw it, and wait for that; how many pictures it has."""
        self.images(fuse=fuse)
        if self.signals.is_cuda:
            torch.cuda.synchronize(self.signals.device)
        return self.batch

    def images(self, *, fuse: bool) -> Tensor:
        """Preprocessed pictures (batch, 1, H, W)."""
        parcel = self.parcel.to(self.signals.device)
        return samples_on_device(parcel, self.signals, self.preprocess, fuse=fuse).image


@contextmanager
def drafted(
    source: RecordSource, device: torch.device, *, batch: int, seed: int, preprocess: PreprocessSpec
) -> Iterator[Ready]:
    """A batch of the first records of a source, drawn once to warm up."""
    records = source.limited(_RECORDS)
    spec = CacheSpec(
        conditions=(), sheet=SheetSpec(), preprocess=preprocess, signal=SignalSpec(), seed=seed, printable=True
    )
    with tempfile.TemporaryDirectory() as folder:
        cache = build_cache(Path(folder) / "cache", source=records, spec=spec)
        fresh = FreshTrainingSet(cache=cache, conditions=CONDITIONS, seed=seed)
        samples = [fresh[draw] for draw in next(_draws(len(fresh), batch))]
        parcel = pack_samples(samples, chunk=photos_at_once(device))
        ready = Ready(
            records=records,
            fresh=fresh,
            parcel=parcel.pin_memory() if device.type == "cuda" else parcel,
            signals=signals_on_device(cache, device),
            batch=batch,
            preprocess=preprocess,
        )
        ready.draw()
        yield ready


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
        source: whose first records are drawn.
        device: where torch draws.
        batch: pictures of one parcel.
        workers: processes that draft; 0 drafts in this one.
        seconds: of each.
        seed: of everything random.
        preprocess: of the ink maps.

    Returns:
        ``pictures_per_s`` of ``device``, ``drafting``, ``opencv_one_core``; ``upload_kb`` of a draft; and ``batch``,
        ``workers``.
    """
    target = torch.device(device)
    preprocess = preprocess or PreprocessSpec()
    with drafted(source, target, batch=batch, seed=seed, preprocess=preprocess) as ready:
        rates = {
            "device": rate_of(ready.draw, seconds),
            "drafting": _drafting(ready.fresh, batch=batch, workers=workers, seconds=seconds),
            "opencv_one_core": _opencv(ready.records, seconds=seconds, seed=seed, preprocess=preprocess),
        }
    return {
        "pictures_per_s": {name: round(rate, 2) for name, rate in rates.items()},
        "upload_kb": round(ready.parcel.memory.nbytes / batch / 1024, 1),
        "batch": batch,
        "workers": workers,
    }


def _draws(records: int, batch: int) -> Iterator[list[Draw]]:
    """Batches without end, every round of the records in another epoch."""
    places = (Draw(*divmod(place, records)) for place in itertools.count())
    while True:
        yield list(itertools.islice(places, batch))


def _drafting(fresh: FreshTrainingSet, *, batch: int, workers: int, seconds: float) -> float:
    """Parcels as a training loop receives them."""
    loader: DataLoader[Any] = DataLoader(
        fresh, batch_sampler=_Endless(len(fresh), batch), **anew_settings(workers)
    )  # fmt: skip
    parcels = iter(loader)
    # Every worker's first batches: they start, and fill the queue.
    for _ in range(max(1, 3 * workers)):
        next(parcels)

    def receive() -> int:
        next(parcels)
        return batch

    return rate_of(receive, seconds)


class _Endless(Sampler[list[Draw]]):
    def __init__(self, records: int, batch: int) -> None:
        self.records = records
        self.batch = batch

    def __iter__(self) -> Iterator[list[Draw]]:
        return _draws(self.records, self.batch)


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
        return rate_of(draw, seconds)
    finally:
        cv2.setNumThreads(threads)


def rate_of(work: Callable[[], int], seconds: float) -> float:
    """Pictures a second of ``work``, which does some and returns their number; at least two turns."""
    pictures = turns = 0
    began = time.perf_counter()
    while turns < 2 or time.perf_counter() - began < seconds:
        pictures += work()
        turns += 1
    return pictures / (time.perf_counter() - began)

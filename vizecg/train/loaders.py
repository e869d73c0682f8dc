"""The loaders of a run."""

from __future__ import annotations

import signal
from typing import Any

import torch
from torch.utils.data import DataLoader

from vizecg.data.cache import InkCache
from vizecg.data.dataset import EvaluationSet, Sample, TrainingSet
from vizecg.spec import UsageError
from vizecg.train.config import TrainConfig
from vizecg.train.sampler import EpochBatches, Position


def training_loader(
    cache: InkCache, config: TrainConfig, *, part: tuple[int, int], start: Position | None, workers: int
) -> DataLoader[Sample]:
    """This process's share of every batch, from ``start`` on; raises as ``EpochBatches``."""
    batches = EpochBatches(
        records=len(cache.rows), batch_size=config.batch_size, seed=config.seed, part=part, start=start
    )
    return DataLoader(TrainingSet(cache=cache, seed=config.seed), batch_sampler=batches, **_common(workers))


def validation_loaders(
    cache: InkCache, config: TrainConfig, *, variants: int, part: tuple[int, int], workers: int
) -> list[DataLoader[Sample]]:
    """One for each of the first ``variants`` conditions of the cache, with this process's share of the records.

    Raises:
        UsageError: there are fewer records than processes.
    """
    rank, processes = part
    if len(cache.rows) < processes:
        raise UsageError(f"{len(cache.rows)} validation records are fewer than {processes} processes")
    size = max(1, config.batch_size // processes)
    return [
        DataLoader(
            EvaluationSet(cache=cache, variant=variant, part=(rank, processes)), batch_size=size, **_common(workers)
        )
        for variant in range(variants)
    ]


def _common(workers: int) -> dict[str, Any]:
    return {
        "num_workers": workers,
        "persistent_workers": workers > 0,
        "pin_memory": torch.cuda.is_available(),
        "worker_init_fn": _leave_signals_to_the_parent if workers else None,
    }


def _leave_signals_to_the_parent(worker: int) -> None:
    """Ctrl-C reaches the whole group: a worker that ended by it would take the last batch with it."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)

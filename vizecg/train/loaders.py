"""The loaders of a run."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from functools import partial
from typing import Any

import cv2
import torch
from torch.utils.data import DataLoader

from vizecg.data.batch import photos_at_once
from vizecg.data.cache import InkCache
from vizecg.data.dataset import EvaluationSet, TrainingSet
from vizecg.data.fresh import FreshEvaluationSet, FreshTrainingSet, pack_samples
from vizecg.data.row_signals import RowSignals
from vizecg.spec import Condition, UsageError
from vizecg.train.config import TrainConfig
from vizecg.train.prior import negatives
from vizecg.train.sampler import EpochBatches, Position


def training_loader(
    cache: InkCache,
    config: TrainConfig,
    *,
    part: tuple[int, int],
    start: Position | None,
    workers: int,
    rows: RowSignals | None = None,
) -> DataLoader[Any]:
    """This process's share of every batch, from ``start`` on; raises as ``EpochBatches``.

    Batches are ``Sample``s, or parcels of drafts where pictures are drawn anew. ``rows`` of the cache are needed where
    traces are learned from its pictures.
    """
    if config.trace_weight and not config.draws_anew and rows is None:
        raise ValueError("expected the rows of a cache whose traces are learned")
    batches = EpochBatches(
        records=len(cache.rows),
        batch_size=config.batch_size,
        seed=config.seed,
        part=part,
        start=start,
        rotating=negatives(cache.labels[cache.rows]) if config.negatives_every > 1 else None,
        every=config.negatives_every,
    )
    if not config.draws_anew:
        kept = TrainingSet(
            cache=cache,
            seed=config.seed,
            emptiness=config.emptiness,
            misread=config.misread,
            rows=rows,
            view=config.signal_view,
            recorders=config.recorders,
        )
        return DataLoader(kept, batch_sampler=batches, **_common(workers))
    fresh = FreshTrainingSet(
        cache=cache,
        conditions=config.conditions,
        seed=config.seed,
        emptiness=config.emptiness,
        misread=config.misread,
        traces=config.trace_weight > 0,
        view=config.signal_view,
        recorders=config.recorders,
    )
    return DataLoader(fresh, batch_sampler=batches, **anew_settings(workers))


def validation_loaders(
    cache: InkCache,
    config: TrainConfig,
    *,
    conditions: Sequence[Condition],
    part: tuple[int, int],
    workers: int,
) -> list[DataLoader[Any]]:
    """One for each of the first conditions of the cache, with this process's share of the records; batches as of
    ``training_loader``.

    Raises:
        UsageError: there are fewer records than processes.
    """
    _, processes = part
    if len(cache.rows) < processes:
        raise UsageError(f"{len(cache.rows)} validation records are fewer than {processes} processes")
    size = max(1, config.batch_size // processes)
    loaders: list[DataLoader[Any]] = []
    for variant, condition in enumerate(conditions):
        if config.draws_anew:
            fresh = FreshEvaluationSet(
                cache=cache, condition=condition, variant=variant, part=part, view=config.signal_view
            )
            loaders.append(DataLoader(fresh, batch_size=size, **anew_settings(workers)))
        else:
            kept = EvaluationSet(cache=cache, variant=variant, part=part, view=config.signal_view)
            loaders.append(DataLoader(kept, batch_size=size, **_common(workers)))
    return loaders


def anew_settings(workers: int) -> dict[str, Any]:
    """Settings of a loader whose workers draft pictures.

    They are not forked from this process: the thread pools of OpenCV and torch that it may have used are gone in a
    child, which would wait for them for ever.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    settings: dict[str, Any] = {"collate_fn": partial(pack_samples, chunk=photos_at_once(device))}
    if workers:
        multiprocessing.set_forkserver_preload(["vizecg.data.fresh"])
        settings |= {"multiprocessing_context": "forkserver", "worker_init_fn": _start_drafting}
    return _common(workers) | settings


def _common(workers: int) -> dict[str, Any]:
    return {
        "num_workers": workers,
        "persistent_workers": workers > 0,
        "pin_memory": torch.cuda.is_available(),
        "worker_init_fn": _leave_signals_to_the_parent if workers else None,
    }


def _start_drafting(worker: int) -> None:
    # The processors are shared out by workers: threads of each would stand in the others' way.
    cv2.setNumThreads(1)
    _leave_signals_to_the_parent(worker)


def _leave_signals_to_the_parent(worker: int) -> None:
    """Ctrl-C reaches the whole group: a worker that ended by it would take the last batch with it."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)

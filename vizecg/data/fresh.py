"""Samples whose pictures are drawn anew every time, on the device that trains.

Workers of a data loader read records and plan pictures; what they hand on is packed in one piece of memory, and
``samples_on_device`` draws, photographs, rectifies and changes the pictures of a whole batch where the network is. The
first epoch's pictures are those that a cache of the same specification would hold, to within a few grey levels; every
later epoch has others of the same conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vizecg.data.augment import InkChange, change_signal, draw_ink_change
from vizecg.data.batch.augment import InkChanges, change_inks, pack_changes
from vizecg.data.batch.pictures import PictureBatch, batch_of_plans, inks_from_batch
from vizecg.data.batch.transfer import Parcel, TensorBatch
from vizecg.data.cache import InkCache
from vizecg.data.dataset import Draw, Sample, sample_rng
from vizecg.data.source import RecordSource
from vizecg.render import PicturePlan, plan_under
from vizecg.spec import Condition
from vizecg.spec.preprocess import PreprocessSpec


class FreshSample(NamedTuple):
    """A picture that is planned and not yet drawn, ``change`` None where it stays as it is; signal (12, T) and labels
    (6,) as of ``Sample``."""

    plan: PicturePlan
    change: InkChange | None
    signal: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, kw_only=True)
class SampleBatch(TensorBatch):
    """B packed ``FreshSample``s; ``changes`` None where no picture is changed."""

    pictures: PictureBatch
    changes: InkChanges | None
    signal: Tensor
    labels: Tensor


@dataclass(frozen=True, kw_only=True)
class _Records:
    """The records of a source that a cache of their signals found fit to be printed."""

    source: RecordSource
    cache: InkCache

    def plan(self, row: int, condition: Condition, *, variant: int) -> PicturePlan:
        """The picture that ``vizecg.render.sheet_under`` draws for a cache of this specification."""
        spec = self.cache.spec
        record = self.source.read(self.source.items[row])
        return plan_under(condition, record, seed=spec.seed, spec=spec.sheet, variant=variant)


class FreshTrainingSet(Dataset[FreshSample]):
    """The samples of ``TrainingSet`` with another picture in every epoch: the same sequence, conditions and changes.

    Args:
        source: the records.
        cache: of their signals, without pictures (``CacheSpec.conditions`` empty, ``printable``).
        conditions: one of them is drawn for every sample, as one of a cache's variants is.
        seed: of the augmentation.
    """

    def __init__(
        self, *, source: RecordSource, cache: InkCache, conditions: Sequence[Condition], seed: int = 0
    ) -> None:
        self.records = _Records(source=source, cache=cache)
        self.conditions = tuple(conditions)
        self.seed = seed

    def __len__(self) -> int:
        return len(self.records.cache.rows)

    def __getitem__(self, draw: Draw) -> FreshSample:
        cache = self.records.cache
        row = int(cache.rows[draw.row])
        rng = sample_rng(seed=self.seed, epoch=draw.epoch, row=row)
        chosen = int(rng.integers(len(self.conditions)))
        size = (cache.spec.preprocess.height, cache.spec.preprocess.width)
        change = draw_ink_change(rng, size=size)
        return FreshSample(
            plan=self.records.plan(row, self.conditions[chosen], variant=chosen + draw.epoch * len(self.conditions)),
            change=change,
            signal=change_signal(np.array(cache.signals[row]), rng),
            labels=np.array(cache.labels[row]),
        )


class FreshEvaluationSet(Dataset[FreshSample]):
    """One variant of every record, always the same picture: that of ``EvaluationSet``.

    Args:
        source: the records.
        cache: of their signals, without pictures.
        condition: how they are printed.
        variant: place of the condition among those of a cache that held them.
        part: (rank, processes), for one process's share of the records: no record is seen twice.
    """

    def __init__(
        self,
        *,
        source: RecordSource,
        cache: InkCache,
        condition: Condition,
        variant: int,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.records = _Records(source=source, cache=cache)
        self.condition = condition
        self.variant = variant
        self.rows = cache.rows[part[0] :: part[1]]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> FreshSample:
        row = int(self.rows[index])
        cache = self.records.cache
        return FreshSample(
            plan=self.records.plan(row, self.condition, variant=self.variant),
            change=None,
            signal=np.array(cache.signals[row]),
            labels=np.array(cache.labels[row]),
        )


def pack_samples(samples: Sequence[FreshSample], *, chunk: int) -> Parcel[SampleBatch]:
    """The ``collate_fn`` of a loader; ``chunk`` pictures are drawn at once."""
    changes = [sample.change for sample in samples if sample.change is not None]
    if len(changes) not in (0, len(samples)):
        raise ValueError(f"expected changes of all {len(samples)} samples or of none, got {len(changes)}")
    return Parcel.of(
        SampleBatch(
            pictures=batch_of_plans([sample.plan for sample in samples], chunk=chunk),
            changes=pack_changes(changes) if changes else None,
            signal=torch.from_numpy(np.stack([sample.signal for sample in samples])),
            labels=torch.from_numpy(np.stack([sample.labels for sample in samples])),
        )
    )


def packer(*, chunk: int) -> partial[Parcel[SampleBatch]]:
    """``pack_samples`` with its chunk, as something that can be pickled."""
    return partial(pack_samples, chunk=chunk)


def samples_on_device(parcel: Parcel[SampleBatch], spec: PreprocessSpec) -> Sample:
    """Draw what a parcel plans, on the device where it lies: signal (B, 12, T), image (B, 1, H, W), labels (B, 6)."""
    batch = parcel.open()
    inks = inks_from_batch(batch.pictures, preprocess=spec)
    if batch.changes is not None:
        inks = change_inks(inks, batch.changes)
    # The same operations in the same order as ``vizecg.spec.preprocess.normalise``.
    image = inks[:, None].float().div_(255).sub_(spec.mean).div_(spec.std)
    return Sample(signal=batch.signal, image=image, labels=batch.labels)

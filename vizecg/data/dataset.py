"""The torch side of the cache."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vizecg.data.augment import MAX_SHIFT, change_ink, change_signal, draw_ink_change
from vizecg.data.cache import InkCache
from vizecg.spec.preprocess import normalise


class Sample(NamedTuple):
    """signal (12, T) millivolts, image (1, H, W) preprocessed, labels (labels,).

    Of a cache without pictures, image is (0,).
    """

    signal: Tensor
    image: Tensor
    labels: Tensor


class Draw(NamedTuple):
    """Which sample of a ``TrainingSet``: the record in row ``row`` as epoch ``epoch`` shows it."""

    epoch: int
    row: int


NO_IMAGE = torch.zeros(0)
_AUGMENTATION = 2
"""Sets these random numbers apart from those that other parts of a run derive from the same seed."""


def sample_rng(*, seed: int, epoch: int, row: int) -> np.random.Generator:
    """The generator of everything random about one record in one epoch but the drawing of its picture."""
    return np.random.default_rng((seed, _AUGMENTATION, epoch, row))


class TrainingSet(Dataset[Sample]):
    """Random variant, random shift, random gain: another picture and another recording of the same ECG each epoch.

    What a ``Draw`` looks like depends on the seed, the epoch and the record alone, not on the process that draws it
    or on what was drawn before: a run that was stopped goes on as if it had not been.

    Args:
        cache: the drawn records.
        seed: of the augmentation.
        max_shift: up to so many pixels in either direction; what moves in is paper.
    """

    def __init__(self, *, cache: InkCache, seed: int = 0, max_shift: int = MAX_SHIFT) -> None:
        self.cache = cache
        self.seed = seed
        self.max_shift = max_shift

    def __len__(self) -> int:
        return len(self.cache.rows)

    def __getitem__(self, draw: Draw) -> Sample:
        row = int(self.cache.rows[draw.row])
        rng = sample_rng(seed=self.seed, epoch=draw.epoch, row=row)
        image = NO_IMAGE
        if variants := self.cache.inks.shape[1]:
            ink = np.array(self.cache.inks[row, int(rng.integers(variants))])
            change = draw_ink_change(rng, size=ink.shape, max_shift=self.max_shift)
            image = _image(self.cache, change_ink(ink, change))
        signal = change_signal(np.array(self.cache.signals[row]), rng)
        return Sample(
            signal=torch.from_numpy(signal),
            image=image,
            labels=torch.from_numpy(np.array(self.cache.labels[row])),
        )


class EvaluationSet(Dataset[Sample]):
    """One variant of every record, unchanged.

    Args:
        cache: the drawn records.
        variant: which of the cache's conditions.
        part: (rank, processes), for one process's share of the records: no record is seen twice.
    """

    def __init__(self, *, cache: InkCache, variant: int, part: tuple[int, int] = (0, 1)) -> None:
        self.cache = cache
        self.variant = variant
        self.rows = cache.rows[part[0] :: part[1]]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Sample:
        row = self.rows[index]
        has_image = self.cache.inks.shape[1] > 0
        return Sample(
            signal=torch.from_numpy(np.array(self.cache.signals[row])),
            image=_image(self.cache, np.array(self.cache.inks[row, self.variant])) if has_image else NO_IMAGE,
            labels=torch.from_numpy(np.array(self.cache.labels[row])),
        )


def _image(cache: InkCache, ink: np.ndarray) -> Tensor:
    """uint8 (H, W) -> (1, H, W)"""
    return torch.from_numpy(normalise(ink[None], cache.spec.preprocess)[0])

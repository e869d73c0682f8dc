"""The torch side of the cache."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vizecg.data.cache import InkCache
from vizecg.spec.preprocess import normalise


class Sample(NamedTuple):
    """signal (12, T) millivolts, image (1, H, W) preprocessed, labels (6,).

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
_LEADS_OFF = 0.05
_AUGMENTATION = 2
"""Sets these random numbers apart from those that other parts of a run derive from the same seed."""


class TrainingSet(Dataset[Sample]):
    """Random variant, random shift, random gain: another picture and another recording of the same ECG each epoch.

    What a ``Draw`` looks like depends on the seed, the epoch and the record alone, not on the process that draws it
    or on what was drawn before: a run that was stopped goes on as if it had not been.

    Args:
        cache: the drawn records.
        seed: of the augmentation.
        max_shift: up to so many pixels in either direction; what moves in is paper.
    """

    def __init__(self, *, cache: InkCache, seed: int = 0, max_shift: int = 6) -> None:
        self.cache = cache
        self.seed = seed
        self.max_shift = max_shift

    def __len__(self) -> int:
        return len(self.cache.rows)

    def __getitem__(self, draw: Draw) -> Sample:
        row = int(self.cache.rows[draw.row])
        rng = np.random.default_rng((self.seed, _AUGMENTATION, draw.epoch, row))
        image = NO_IMAGE
        if variants := self.cache.inks.shape[1]:
            ink = np.array(self.cache.inks[row, int(rng.integers(variants))])
            image = _image(self.cache, _augment_ink(ink, rng, self.max_shift))
        signal = _augment_signal(np.array(self.cache.signals[row]), rng)
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


def _augment_ink(ink: np.ndarray, rng: np.random.Generator, max_shift: int) -> np.ndarray:
    """Shift, contrast, and one or two blots or blank patches, as stickers and stamps leave them."""
    dy, dx = (int(shift) for shift in rng.integers(-max_shift, max_shift + 1, 2))
    moved = np.zeros_like(ink)
    height, width = ink.shape
    moved[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)] = ink[
        max(0, -dy) : height + min(0, -dy), max(0, -dx) : width + min(0, -dx)
    ]
    gamma, gain = rng.uniform(0.8, 1.25), rng.uniform(0.85, 1.15)
    table = np.clip(255 * gain * (np.arange(256) / 255) ** gamma, 0, 255).astype(np.uint8)
    moved = table[moved]
    for _ in range(int(rng.integers(0, 3))):
        h, w = int(rng.integers(8, height // 5)), int(rng.integers(8, width // 10))
        y, x = int(rng.integers(0, height - h)), int(rng.integers(0, width - w))
        moved[y : y + h, x : x + w] = int(rng.integers(0, 60))
    return moved


def _augment_signal(signal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another beginning, another gain, a little noise in millivolts, and now and then a lead that fell off.

    What leaves at one end by the new beginning comes in at the other.
    """
    samples = signal.shape[1]
    turned = np.roll(signal, int(rng.integers(-samples // 4, samples // 4 + 1)), axis=1)
    noise = rng.normal(0, rng.uniform(0, 0.03), signal.shape).astype(np.float32)
    held = rng.random((len(signal), 1)) >= _LEADS_OFF
    return ((turned * np.float32(rng.uniform(0.8, 1.25)) + noise) * held).astype(np.float32)

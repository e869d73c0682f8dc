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
    """signal (12, T) millivolts, image (1, H, W) preprocessed, labels (6,)."""

    signal: Tensor
    image: Tensor
    labels: Tensor


class TrainingSet(Dataset[Sample]):
    """Random variant, random shift, random gain: another picture of the same record each time.

    Args:
        cache: the drawn records.
        max_shift: up to so many pixels in either direction; what moves in is paper.
    """

    def __init__(self, *, cache: InkCache, max_shift: int = 6) -> None:
        self.cache = cache
        self.max_shift = max_shift

    def __len__(self) -> int:
        return len(self.cache.rows)

    def __getitem__(self, index: int) -> Sample:
        # torch seeds its own generator per worker and epoch; numpy's would repeat in every worker.
        rng = np.random.default_rng(int(torch.randint(1 << 62, ()).item()))
        row = self.cache.rows[index]
        variant = int(rng.integers(self.cache.inks.shape[1]))
        ink = _augment_ink(np.array(self.cache.inks[row, variant]), rng, self.max_shift)
        signal = _augment_signal(np.array(self.cache.signals[row]), rng)
        return Sample(
            signal=torch.from_numpy(signal),
            image=torch.from_numpy(normalise(ink[None], self.cache.spec.preprocess)[0]),
            labels=torch.from_numpy(np.array(self.cache.labels[row])),
        )


class EvaluationSet(Dataset[Sample]):
    """One variant of every record, unchanged."""

    def __init__(self, *, cache: InkCache, variant: int) -> None:
        self.cache = cache
        self.variant = variant

    def __len__(self) -> int:
        return len(self.cache.rows)

    def __getitem__(self, index: int) -> Sample:
        row = self.cache.rows[index]
        ink = np.array(self.cache.inks[row, self.variant])
        return Sample(
            signal=torch.from_numpy(np.array(self.cache.signals[row])),
            image=torch.from_numpy(normalise(ink[None], self.cache.spec.preprocess)[0]),
            labels=torch.from_numpy(np.array(self.cache.labels[row])),
        )


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
    """Gain and a little noise, in millivolts."""
    noise = rng.normal(0, rng.uniform(0, 0.02), signal.shape).astype(np.float32)
    return (signal * np.float32(rng.uniform(0.85, 1.15)) + noise).astype(np.float32)

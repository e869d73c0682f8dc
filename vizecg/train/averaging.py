"""The moving average of the weights."""

from __future__ import annotations

import torch
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor


class MovingAverage(WeightAveraging):
    """Exponential moving average of weights and statistics, which is what validation and checkpoints see.

    It begins at the first step, with a short memory that grows to ``decay``: an average that began later would leave
    untrained weights to every validation before. A checkpoint holds the average as ``state_dict``, the weights in
    training as ``current_model_state``.

    Args:
        decay: of the average, once enough steps are done.
    """

    def __init__(self, *, decay: float) -> None:
        super().__init__(multi_avg_fn=_Average(decay))


class _Average:
    """Not a closure: it is copied with the model."""

    def __init__(self, decay: float) -> None:
        self.decay = decay

    @torch.no_grad()
    def __call__(self, averaged: list[Tensor], current: list[Tensor], steps: Tensor) -> None:
        done = float(steps)
        share = 1 - min(self.decay, (1 + done) / (10 + done))
        if averaged[0].is_floating_point():
            torch._foreach_lerp_(averaged, current, share)
        else:
            # Counters, as BatchNorm's: the mean of integers is none.
            torch._foreach_copy_(averaged, current)

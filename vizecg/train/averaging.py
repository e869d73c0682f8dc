"""The moving average of the weights."""

from __future__ import annotations

import torch
from torch import Tensor

from vizecg.train.lightning import WeightAveraging, pl


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

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Lightning makes the average before it moves the module: the weights would be copied to the CPU in every step.
        if self._average_model is not None:
            self._average_model.to(pl_module.device)
            # Asked for in every step: on a GPU, that would wait for all that it has been given.
            self._average_model.n_averaged = self._average_model.n_averaged.cpu()


class _Average:
    """Not a closure: it is copied with the model."""

    def __init__(self, decay: float) -> None:
        self.decay = decay

    @torch.no_grad()
    def __call__(self, averaged: list[Tensor], current: list[Tensor], steps: Tensor) -> None:
        if averaged[0].is_floating_point():
            # Tensors all along: to ask for a number would wait for the GPU.
            done = steps.to(averaged[0].dtype)
            share = 1 - torch.clamp((1 + done) / (10 + done), max=self.decay)
            way = torch._foreach_sub(current, averaged)
            torch._foreach_mul_(way, share)
            torch._foreach_add_(averaged, way)
        else:
            # Counters, as BatchNorm's: the mean of integers is none.
            torch._foreach_copy_(averaged, current)

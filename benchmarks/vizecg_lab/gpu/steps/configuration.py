"""The recipe at the batch of a GPU: what the run chooses where the options say nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vizecg.train.config import TrainConfig
from vizecg.train.settings import resolve
from vizecg_lab.drawing.command import chosen_device
from vizecg_lab.gpu.options import GpuRunOptions

_WARM_UP, _MEMORY, _ALONE = 1 / 20, 1 / 12, 1 / 3
"""Of the whole, as of the shipped weights: 300 of 6,036 steps warm up, the average remembers 500; the streams are alone
in four of twelve epochs."""
_LEAST_MEMORY = 10.0


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A configuration, and in a line each what was chosen and why."""

    config: TrainConfig
    told: tuple[str, ...]


def configuration(options: GpuRunOptions, *, records: int, epochs: int | None = None, fuse: bool = False) -> Chosen:
    """What is trained.

    The learning rate grows with the cube root of the batch: twofold for 128 in place of 16. That is less than the usual
    square root, as the number of steps falls too.

    Args:
        options: their assignments win.
        records: of the training split.
        epochs: None leaves out what depends on them.
        fuse: whether drawing is compiled.
    """
    recipe = resolve(recipe=options.recipe)
    batch = min(options.training_batch, records)
    factor = round((batch / recipe.batch_size) ** (1 / 3), 3)
    rate = recipe.optimiser.learning_rate * factor
    own = ["mixup=0.2", "pictures=device", f"batch_size={batch}", f"seed={options.seed}"]
    own.append(f"optimiser.learning_rate={rate:g}")
    told = [f"batch {batch} in place of {recipe.batch_size}; learning rate {factor:g} times the recipe's: {rate:g}"]
    if fuse:
        own.append("fuse_drawing=true")
        told.append("drawing is compiled")
    # A processor without bf16 would emulate it, slowly.
    if chosen_device(options.device).type == "cuda":
        own.append("precision=bf16-mixed")
    if epochs is not None:
        steps = epochs * (records // batch)
        memory = max(_LEAST_MEMORY, steps * _MEMORY)
        alone, warm_up = round(epochs * _ALONE), math.ceil(steps * _WARM_UP)
        own += [f"epochs={epochs}", f"alone_epochs={alone}", f"optimiser.warmup_steps={warm_up}"]
        told.append(f"{epochs} epochs of {records // batch} steps, the streams alone in the last {alone}")
        told.append(f"warm-up of {warm_up} steps")
        if recipe.ema_decay:
            decay = round(1 - 1 / memory, 5)
            own.append(f"ema_decay={decay}")
            told.append(f"average with decay {decay}")
    return Chosen(config=resolve(recipe=options.recipe, assignments=[*own, *options.assignments]), told=tuple(told))

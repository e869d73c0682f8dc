"""The step of training beside its bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vizecg.data.source import RecordSource
from vizecg.spec import UsageError
from vizecg_lab.drawing.command import chosen_device
from vizecg_lab.gpu.request import Request
from vizecg_lab.gpu.steps.configuration import configuration
from vizecg_lab.training.train_step import WARM_UP, measure_train_step


def measure(request: Request) -> dict[str, Any]:
    """``train-step`` with the configuration of the run."""
    sizes = request.options.sizes
    training = request.source("train")
    return step_figures(request, training, rounds=sizes.rounds, steps=sizes.steps, each_round=request.keep)


def step_figures(
    request: Request,
    training: RecordSource,
    *,
    rounds: int,
    steps: int,
    each_round: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Figures of ``measure_train_step``, with fewer steps where there are not enough records.

    Raises:
        UsageError: there are too few for any.
    """
    config = configuration(request.options, records=len(training), fuse=request.fuses).config
    steps = min(steps, len(training) // config.batch_size)
    if steps <= WARM_UP + 1:
        raise UsageError(f"{len(training)} records make {steps} batches of {config.batch_size}: too few to be timed")
    return measure_train_step(
        config=config,
        source=training,
        rounds=rounds,
        steps=steps,
        workers=request.options.processes,
        accelerator=chosen_device(request.options.device).type,
        cache=request.options.work / f"cache-step-{steps}",
        each_round=each_round,
    )

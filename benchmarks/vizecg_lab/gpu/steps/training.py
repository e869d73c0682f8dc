"""Training for the minutes that are left, on one schedule that ends within them."""

from __future__ import annotations

import json
import math
import shutil
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from vizecg.data.source import RecordSource
from vizecg.spec.files import write_atomically
from vizecg.train.config import TrainConfig
from vizecg.train.loop import VALIDATION_CONDITIONS as SHOWN
from vizecg.train.loop import RunOptions, train
from vizecg.train.runs.folder import LAST
from vizecg.train.seen import open_cache
from vizecg_lab.drawing.command import chosen_device
from vizecg_lab.gpu.deadline import Deadline
from vizecg_lab.gpu.request import Request
from vizecg_lab.gpu.steps.configuration import configuration
from vizecg_lab.gpu.steps.step_speed import step_figures
from vizecg_lab.gpu.weights import WeightsKeeper

RUN, SCHEDULE = "run", "schedule.json"
_START_S = 20.0
"""From the start of the loop to its first step: processes start, the device allocates."""
_MARGIN_S = 5.0
"""For the last state and the weights, once the training was stopped."""
_SAVE_S = 0.4
"""For the checkpoint after an epoch."""
_SURE = 0.9
"""Of the time that is left, the part that is planned for."""
_VALIDATION = 0.12
"""Of the training's time, the part that validation may take."""
_FEW_STEPS = 20
_OF_DRAWING = 0.65
"""Pictures that are trained on for each that the device draws alone: 862 to 933 for 1,322 on an H200."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """``pictures_per_s`` of training and where that is from; ``pause_s`` until the first batch of an epoch is there."""

    pictures_per_s: float
    source: str
    pause_s: float

    def seconds(self, pictures: int) -> float:
        """Of one loader's turn."""
        return pictures / self.pictures_per_s + self.pause_s


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A run that is to be trained, or gone on with; a validation takes about ``check_s``; ``told``: what was
    chosen."""

    config: TrainConfig
    validate_every: int
    check_s: float
    told: tuple[str, ...]

    def write(self, path: Path) -> None:
        content = {
            "config": self.config.model_dump(mode="json"),
            "validate_every": self.validate_every,
            "check_s": self.check_s,
            "told": self.told,
        }
        write_atomically(path, json.dumps(content, indent=1))

    @classmethod
    def read(cls, path: Path) -> Planned:
        content = json.loads(path.read_text())
        return cls(
            config=TrainConfig.model_validate(content["config"]),
            validate_every=content["validate_every"],
            check_s=content["check_s"],
            told=tuple(content["told"]),
        )


def train_for_the_rest(request: Request) -> dict[str, Any]:
    """Choose the epochs and train; an earlier start's training goes on. Weights lie in ``out`` from the first epoch.

    Returns:
        epochs, steps, the best figure and its epoch, whether it came to its end, pictures a second, what was chosen.
    """
    options = request.options
    folder = options.work / RUN
    if request.anew:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    training, validation = request.source("train"), request.source("val")
    resume = (folder / LAST).is_file() and (folder / SCHEDULE).is_file()
    planned = Planned.read(folder / SCHEDULE) if resume else _plan(request, training, validation)
    planned.write(folder / SCHEDULE)
    for line in planned.told:
        print(line, flush=True)
    keeper = WeightsKeeper(run=folder, out=options.out, most_bytes=int(options.max_file_mib * 2**20))
    result = train(
        config=planned.config,
        training=training,
        validation=validation,
        options=RunOptions(
            out=folder,
            cache=options.work / "cache",
            workers=options.processes,
            accelerator=chosen_device(options.device).type,
            resume=resume,
            force=not resume,
            validate_every=planned.validate_every,
            checkpoint_every=1.0,
        ),
        # It does not stop within a validation.
        callbacks=(keeper, Deadline(request.ends - _MARGIN_S - planned.check_s)),
    )
    kept = keeper.keep()
    found = {
        "epochs": result.epochs,
        "epochs_planned": planned.config.epochs,
        "steps": result.steps,
        "finished": result.finished,
        "stopped_by_signal": result.stopped,
        "figure": result.figure,
        # Of a validation without positives it is none.
        "best": None if result.value is None or math.isnan(result.value) else result.value,
        "best_epoch": result.best_epoch,
        "seconds": result.seconds,
        "pictures_per_s": keeper.pictures_per_s(planned.config.batch_size),
        "resumed": resume,
        "chosen": list(planned.told),
        "weights": kept,
        "config": planned.config.model_dump(mode="json"),
    }
    print(f"{result.epochs} of {planned.config.epochs} epochs, {result.figure} {result.value}", flush=True)
    return found


def _plan(request: Request, training: RecordSource, validation: RecordSource) -> Planned:
    options = request.options
    pace = _pace(request, training)
    chosen = partial(configuration, options, records=len(training), fuse=request.fuses)
    config = chosen().config
    # First, so that its time is known when the epochs are chosen.
    for name, source, conditions in (("train", training, None), ("val", validation, SHOWN)):
        open_cache(
            options.work / "cache", name, source=source, config=config, conditions=conditions,
            workers=options.processes,
        )  # fmt: skip
    epoch_s = pace.seconds(len(training)) + _SAVE_S
    check_s = len(SHOWN) * pace.seconds(len(validation))
    left = request.ends - _MARGIN_S - check_s - time.time() - _START_S
    epochs, every = epochs_within(left * _SURE, epoch_s=epoch_s, check_s=check_s, most=options.sizes.most_epochs)
    own = chosen(epochs=epochs)
    return Planned(
        config=own.config,
        validate_every=every,
        check_s=check_s,
        told=(
            f"{pace.pictures_per_s:.0f} pictures a second by {pace.source}, {left:.0f} s are left: "
            f"{epochs} epochs of {epoch_s:.1f} s, validated every {every}",
            *own.told,
        ),
    )


def epochs_within(seconds: float, *, epoch_s: float, check_s: float, most: int) -> tuple[int, int]:
    """How many epochs, and after how many of them each validation: the last is one of those that are validated.

    Args:
        seconds: for all; at least one epoch is planned.
        epoch_s, check_s: of an epoch's training, and of a validation.
        most: epochs.
    """
    every = max(1, math.ceil(check_s / (_VALIDATION * epoch_s)))
    epochs = int(min(most, seconds / (epoch_s + check_s / every)))
    if epochs < every:
        # Too few for that: one validation at the end.
        epochs = max(1, int(min(most, (seconds - check_s) / epoch_s)))
        return epochs, epochs
    validations = epochs // every
    every = epochs // validations
    return every * validations, every


def _pace(request: Request, training: RecordSource) -> Pace:
    """Of the training step as measured, or measured now; not faster than pictures were drafted in a longer time.

    Workers begin each epoch with empty hands: until one of them has drafted a batch alone, the device waits.
    """
    found = request.results.get("train-step")
    rates = request.rates
    if found is not None:
        measured, source = found["images_per_s"]["real"], "train-step"
    elif rates:
        measured, source = _OF_DRAWING * min(rates["device"], rates["drafting"]), "the speed of drawing alone"
    else:
        figures = step_figures(request, training, rounds=1, steps=_FEW_STEPS)
        measured, source = figures["images_per_s"]["real"], "a few steps of training"
    drafted = rates.get("drafting", measured)
    pause_s = request.options.training_batch * max(1, request.options.processes) / drafted
    if drafted < measured:
        return Pace(pictures_per_s=drafted, source="drafting", pause_s=pause_s)
    return Pace(pictures_per_s=measured, source=source, pause_s=pause_s)

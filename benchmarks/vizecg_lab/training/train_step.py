"""How near is training to the speed of the computation alone?

The real thing is ``vizecg train`` as it runs: records from the cache, augmentation, loaders, the loop, averaging, logs.
Its bound is the same step, forward to optimiser, on one batch that stays in memory. Both run in turns, so that a slow
spell of the machine meets both.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from vizecg.data.batch import Parcel
from vizecg.data.cache import InkCache
from vizecg.data.dataset import Sample
from vizecg.data.fresh import SampleBatch, samples_on_device, signals_on_device
from vizecg.data.source import RecordSource
from vizecg.models.systems import as_system, build_system
from vizecg.spec import UsageError
from vizecg.spec.results import write_result
from vizecg.train.config import TrainConfig
from vizecg.train.layout import compiler_options, training_layout
from vizecg.train.lightning import Callback
from vizecg.train.loaders import training_loader
from vizecg.train.loop import RunOptions, on_cuda, train
from vizecg.train.losses import training_loss
from vizecg.train.precision import computed_precision
from vizecg.train.seen import open_cache

WANTED = 0.85
WARM_UP = 4
"""Steps of each turn that are not counted: the loaders fill their queues, the first step allocates."""


@dataclass
class _Clock:
    """When the counted steps began and ended. In between nothing waits for a GPU; and what loaders hold up now and then
    counts, as it would not in a median of steps."""

    steps: int
    device: torch.device
    done: int = 0
    times: list[float] = field(default_factory=list)

    def step(self) -> None:
        """One more has been given to the device."""
        self.done += 1
        if self.done in (WARM_UP, self.steps):
            _finish(self.device)
            self.times.append(time.perf_counter())

    @property
    def seconds_per_step(self) -> float:
        began, ended = self.times
        return (ended - began) / (self.steps - WARM_UP)


class _Steps(Callback):
    """Tells a clock of each step of a training."""

    def __init__(self, clock: _Clock) -> None:
        self.clock = clock

    def on_train_batch_end(self, *_: Any) -> None:
        self.clock.step()


def measure_train_step(
    *,
    config: TrainConfig,
    source: RecordSource,
    rounds: int = 5,
    steps: int = 24,
    workers: int = 2,
    threads: int | None = None,
    accelerator: str = "auto",
    cache: Path | None = None,
    each_round: Callable[[dict[str, Any]], None] | None = None,
    out: Path | None = None,
) -> dict[str, Any]:
    """Images (or signals) per second of both, medians over the rounds, and the share of the bound that is reached.

    Args:
        config: what is trained; its epochs are not used.
        source: labelled records; enough for ``steps`` batches are taken.
        rounds: turns of each.
        steps: optimiser steps of a turn, the first few of which are not counted.
        workers: of the loader.
        threads: of the computation on a CPU.
        accelerator: auto, cpu or cuda.
        cache: drawn sheets are kept here; default, a temporary folder.
        each_round: gets the figures after every turn.
        out: result file.

    Raises:
        UsageError: too few steps or records.
    """
    if steps <= WARM_UP or rounds < 1:
        raise UsageError(f"{steps} steps are too few: the first {WARM_UP} are not counted")
    records = source.limited(steps * config.batch_size)
    if len(records) < steps * config.batch_size:
        raise UsageError(
            f"{steps} steps of {config.batch_size} need more than the {len(records)} records of {source.name}"
        )
    if threads:
        torch.set_num_threads(threads)
    config = computed_precision(config.model_copy(update={"epochs": 1}), cuda=on_cuda(accelerator))
    with tempfile.TemporaryDirectory() as scratch:
        folder = cache or Path(scratch) / "cache"
        options = {"cache": folder, "workers": workers, "threads": threads, "accelerator": accelerator}
        kept = open_cache(folder, "train", source=records, config=config, workers=workers)
        bound = StepBound.of(kept, config, accelerator=accelerator)
        times: dict[str, list[float]] = {"bound": [], "real": []}
        for number in range(rounds):
            times["bound"].append(bound.seconds_per_step(steps))
            clock = _Clock(steps=steps, device=bound.device)
            train(
                config=config,
                training=records,
                # Validation comes after the last step and is not timed: a few records do.
                validation=records.limited(config.batch_size),
                options=RunOptions(out=Path(scratch) / f"run{number}", **options),  # type: ignore[arg-type]
                callbacks=(_Steps(clock),),
            )
            times["real"].append(clock.seconds_per_step)
            figures = _figures(times, config, bound.device)
            if each_round is not None:
                each_round(figures)
    write_result(out, kind="train_step", figures=figures)
    Console().print(_table(figures))
    return figures


class StepBound:
    """The step of training on a batch in memory: forward, loss, backward, clipping, optimiser; no more than that."""

    def __init__(
        self, config: TrainConfig, batch: Sample | Parcel[SampleBatch], cache: InkCache, *, accelerator: str
    ) -> None:
        self.device = torch.device("cuda" if on_cuda(accelerator) else "cpu")
        self.config = config
        if isinstance(batch, Parcel):
            signals = signals_on_device(cache, self.device)
            batch = samples_on_device(batch.to(self.device), signals, config.preprocess_spec())
        self.batch = Sample(*(part.to(self.device) for part in batch))
        self.network = build_system(config.architecture, config.model, labels=len(config.label_set()))
        self.network = self.network.to(self.device)
        # The real run tells what is left out.
        wanted = config.modality.has_image and config.channels_last
        layout = training_layout(self.network, wanted=wanted, device=self.device, tell=False)
        if config.modality.has_image:
            self.batch = self.batch._replace(image=self.batch.image.contiguous(memory_format=layout))
        if config.compile:
            self.network.compile(options=compiler_options(self.network, device=self.device))
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=config.optimiser.final_learning_rate)

    @classmethod
    def of(cls, cache: InkCache, config: TrainConfig, *, accelerator: str) -> StepBound:
        """With the first batch that a training on a cache would see."""
        # Where traces lie, which is another head's task, the bound leaves out.
        plain = config.model_copy(update={"trace_weight": 0.0, "learn": "all"})
        batch = next(iter(training_loader(cache, plain, part=(0, 1), start=None, workers=0)))
        return cls(plain, batch, cache, accelerator=accelerator)

    def seconds_per_step(self, steps: int) -> float:
        clock = _Clock(steps=steps, device=self.device)
        for _ in range(steps):
            self._step()
            clock.step()
        return clock.seconds_per_step

    def _step(self) -> None:
        cross = torch.rand(len(self.batch.labels), device=self.device) >= self.config.modality_dropout
        half = self.config.precision == "bf16-mixed"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            modality = self.config.modality
            logits = as_system(self.network)(
                self.batch.signal if modality.has_signal else None,
                self.batch.image if modality.has_image else None,
                cross=cross,
            )
            terms = training_loss(logits, self.batch.labels, distillation_weight=self.config.distillation_weight)
        terms.total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.optimiser.gradient_clip)
        self.optimiser.step()
        self.optimiser.zero_grad()


def _finish(device: torch.device) -> None:
    """A GPU works on after the call returns."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def _figures(times: dict[str, list[float]], config: TrainConfig, device: torch.device) -> dict[str, Any]:
    seconds = {name: float(np.median(values)) for name, values in times.items()}
    shares = [bound / real for bound, real in zip(times["bound"], times["real"], strict=True)]
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "architecture": config.architecture,
        "precision": config.precision,
        "pictures": config.pictures,
        "batch_size": config.batch_size,
        "input": [config.preprocess["height"], config.preprocess["width"]],
        "images_per_s": {name: round(config.batch_size / value, 2) for name, value in seconds.items()},
        "share_of_bound": round(float(np.median(shares)), 4),
        "share_of_rounds": [round(share, 4) for share in shares],
        "wanted_share": WANTED,
    }


def _table(figures: dict[str, Any]) -> Table:
    height, width = figures["input"]
    turns = len(figures["share_of_rounds"])
    table = Table(
        "", "images/s", "share of the bound",
        title=f"Training step, batch {figures['batch_size']}, {width} x {height} px, {figures['precision']}",
        caption=f"{figures['device']}, {figures['threads']} thread(s), medians of {turns} turns",
    )  # fmt: skip
    table.add_row("one batch in memory (bound)", f"{figures['images_per_s']['bound']:.1f}", "")
    table.add_row("vizecg train", f"{figures['images_per_s']['real']:.1f}", f"{100 * figures['share_of_bound']:.1f} %")
    return table

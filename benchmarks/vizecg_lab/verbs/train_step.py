"""``train-step``: images per second of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from vizecg.spec.commands import takes
from vizecg.spec.options import (
    AcceleratorOption,
    FiguresOption,
    RecipeOption,
    RootOption,
    SetOption,
    SheetsCacheOption,
    TrainThreadsOption,
    WorkersOption,
)
from vizecg_lab.verbs.options import RoundsOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is trained on what, and for how many steps."""

    data: Annotated[str, typer.Option(help="synthetic, or ptbxl:FOLDER and the like.")] = "synthetic"
    root: RootOption = None
    recipe: RecipeOption = "small"
    assignment: SetOption = None
    rounds: RoundsOption = 5
    steps: Annotated[int, typer.Option(min=6, help="Optimiser steps of a turn.")] = 24
    workers: WorkersOption = 2
    threads: TrainThreadsOption = None
    accelerator: AcceleratorOption = "auto"
    cache: SheetsCacheOption = None
    figures: FiguresOption = None


@takes(Options)
def train_step(options: Options) -> None:
    """Images/s of training as it runs, beside the same step on one batch in memory."""
    from vizecg.data.registry import SourceRequest, build_source
    from vizecg.train.settings import resolve
    from vizecg_lab.training.train_step import measure_train_step

    config = resolve(recipe=options.recipe, assignments=options.assignment or ())
    request = SourceRequest(
        root=options.root,
        split="train",
        seed=config.seed,
        size=options.steps * config.batch_size,
        labels=config.label_set(),
    )
    measure_train_step(
        config=config, source=build_source(options.data, request), rounds=options.rounds, steps=options.steps,
        workers=options.workers, threads=options.threads, accelerator=options.accelerator, cache=options.cache,
        out=options.figures,
    )  # fmt: skip

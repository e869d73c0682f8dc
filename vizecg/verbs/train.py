"""``vizecg train``: train on the training split of any source."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vizecg.spec import UsageError
from vizecg.spec.commands import takes
from vizecg.spec.options import (
    AcceleratorOption,
    EpochsOption,
    IgnoreOption,
    JsonFlag,
    LimitOption,
    RecipeOption,
    RootOption,
    SetOption,
    TrainThreadsOption,
)
from vizecg.verbs.options import DataOption

if TYPE_CHECKING:
    from vizecg.train.config import TrainConfig
    from vizecg.train.loop import TrainingResult


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is trained on what, where, and how long."""

    out: Annotated[Path | None, typer.Option(help="Folder of the run: checkpoints, logs, configuration.")] = None
    data: DataOption = "ptbxl"
    root: RootOption = None
    ignore_columns: IgnoreOption = None
    recipe: RecipeOption = "small"
    config: Annotated[Path | None, typer.Option(help="YAML of what differs from the recipe.")] = None
    assignments: SetOption = None
    print_config: Annotated[bool, typer.Option("--print-config", help="Print the whole configuration and stop.")] = (
        False
    )
    architecture: Annotated[str | None, typer.Option(help="vizecgnet or a network it is compared with.")] = None
    streams: Annotated[str | None, typer.Option(help="Of vizecgnet: both, signal or image.")] = None
    epochs: EpochsOption = None
    seed: Annotated[int | None, typer.Option(help="Of weights, order, pictures and synthetic records; 0.")] = None
    start_from: Annotated[
        str | None,
        typer.Option(
            help="A checkpoint to begin with, or shipped: weights of the same name and shape, labels of the same name."
        ),
    ] = None
    freeze: Annotated[str | None, typer.Option(help="trunk: only the heads learn. none.")] = None
    limit: LimitOption = None
    cache: Annotated[Path | None, typer.Option(help="Where drawn sheets are kept; default OUT/cache.")] = None
    workers: Annotated[int, typer.Option(min=0, help="Processes that draw and load, per training process.")] = 2
    threads: TrainThreadsOption = None
    accelerator: AcceleratorOption = "auto"
    devices: Annotated[int | None, typer.Option(min=1, help="GPUs, or CPU processes; torchrun says it itself.")] = None
    nodes: Annotated[int | None, typer.Option(min=1, help="Machines; torchrun says it itself.")] = None
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUT/last.ckpt.")] = False
    force: Annotated[bool, typer.Option("--force", help="Replace a run that lies in OUT.")] = False
    validate_every: Annotated[int, typer.Option(min=1, help="Epochs between validations.")] = 1
    checkpoint_every: Annotated[float, typer.Option(min=0, help="Minutes between writings of OUT/last.ckpt.")] = 5.0
    stop_after: Annotated[
        float | None, typer.Option(min=0, help="Minutes of training, after which to stop so that --resume goes on.")
    ] = None
    as_json: JsonFlag = False

    def configured(self) -> TrainConfig:
        """The recipe with what was given over it."""
        from vizecg.train.settings import resolve

        asked = {
            "architecture": self.architecture,
            "model.streams": self.streams,
            "epochs": self.epochs,
            "seed": self.seed,
            "freeze": self.freeze,
        }
        given = {path: value for path, value in asked.items() if value is not None}
        config = resolve(recipe=self.recipe, file=self.config, assignments=self.assignments or (), options=given)
        if not self.ignore_columns:
            return config
        return config.model_copy(update={"labels": config.label_set().ignoring(self.ignore_columns).to_dict()})


@takes(Options)
def train(options: Options) -> None:
    """Train on the training split of the data (PTB-XL: folds 1-8), with the validation split for choosing."""
    from vizecg.train.settings import to_yaml

    config = options.configured()
    if options.print_config:
        print(to_yaml(config), end="")
        return
    if options.out is None:
        raise UsageError("name the folder of the run with --out")
    import logging

    from vizecg.data.registry import SourceRequest, build_source
    from vizecg.train.loop import RunOptions
    from vizecg.train.loop import train as trained

    # What it has to say about itself; its warnings stay.
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    asked = SourceRequest(root=options.root, seed=config.seed, labels=config.label_set())
    training, validation = (build_source(options.data, replace(asked, split=split)) for split in ("train", "val"))
    result = trained(
        config=config,
        training=training.limited(options.limit),
        validation=validation.limited(options.limit),
        options=RunOptions(
            out=options.out, cache=options.cache or options.out / "cache", start_from=options.start_from,
            workers=options.workers, threads=options.threads, accelerator=options.accelerator,
            devices=options.devices, nodes=options.nodes, resume=options.resume, force=options.force,
            validate_every=options.validate_every, checkpoint_every=options.checkpoint_every,
            stop_after=options.stop_after,
        ),
    )  # fmt: skip
    if result.first:
        _tell(result, options.out, as_json=options.as_json)
    if result.stopped:
        # As a process that the signal ended.
        sys.exit(128 + result.stopped)


def _tell(result: TrainingResult, out: Path, *, as_json: bool) -> None:
    if not result.finished:
        print(
            f"stopped after {result.steps} steps; {out / 'last.ckpt'} is written: "
            "go on with the same command and --resume",
            file=sys.stderr,
        )
    if as_json:
        figures = {
            "best_checkpoint": None if result.best is None else str(result.best),
            "figure": result.figure,
            "value": result.value,
            "best_epoch": result.best_epoch,
            "epochs": result.epochs,
            "steps": result.steps,
            "seconds": result.seconds,
            "finished": result.finished,
        }
        print(json.dumps(figures))
    elif result.best is None:
        print(f"no checkpoint was validated yet; {result.epochs} epochs, {result.seconds:.0f} s")
    else:
        print(
            f"best checkpoint: {result.best} ({result.figure} {result.value:.4f}, epoch {result.best_epoch});"
            f" {result.epochs} epochs, {result.seconds:.0f} s"
        )

"""``vizecg train``: train on the training split of any source."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vizecg.records.on_identity import OnIdentity
from vizecg.spec import UsageError
from vizecg.spec.commands import takes
from vizecg.spec.options import (
    AcceleratorOption,
    EpochsOption,
    IgnoreOption,
    JsonFlag,
    LimitOption,
    RootOption,
    SetOption,
    TrainThreadsOption,
    ValuesPerMvOption,
)
from vizecg.train.runs.folder import CACHE
from vizecg.verbs.options import DATA_HELP, ON_IDENTITY_HELP

DATA, RECIPE = "ptbxl", "small"
"""Where a run that begins names none."""
PLACES = ("root", "cache", "start_from", "validate_every")
"""What a run that goes on may have otherwise than it was started with: where things lie (which they are is checked by
their hashes), and when it is validated."""

if TYPE_CHECKING:
    from vizecg.train.config import TrainConfig
    from vizecg.train.loop import TrainingResult


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is trained on what, where, and how long. A run that goes on (``resume``) knows what is left out here, and
    may have more epochs, another place of its data, other processes and threads, and another time to stop."""

    out: Annotated[Path | None, typer.Option(help="Folder of the run: checkpoints, logs, configuration.")] = None
    data: Annotated[str | None, typer.Option(help=f"{DATA_HELP} Default: {DATA}.")] = None
    root: RootOption = None
    ignore_columns: IgnoreOption = None
    values_per_mv: ValuesPerMvOption = None
    on_identity: Annotated[OnIdentity | None, typer.Option(help=f"{ON_IDENTITY_HELP} skip.")] = None
    recipe: Annotated[
        str | None,
        typer.Option(help=f"small (two CPU cores), paper (its sizes), full (one GPU), finetune or reader; {RECIPE}."),
    ] = None
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
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from OUT/last.ckpt, with the options it was started with.")
    ] = False
    force: Annotated[bool, typer.Option("--force", help="Replace a run that lies in OUT.")] = False
    validate_every: Annotated[int | None, typer.Option(min=1, help="Epochs between validations; 1.")] = None
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
        config = resolve(
            recipe=self.recipe or RECIPE,
            base=self._begun(),
            file=self.config,
            assignments=self.assignments or (),
            options=given,
        )
        if not self.ignore_columns:
            return config
        return config.model_copy(update={"labels": config.label_set().ignoring(self.ignore_columns).to_dict()})

    def _begun(self) -> TrainConfig | None:
        """The configuration of the run that goes on; None where a recipe says more of it than the run's record."""
        if not self.resume or self.out is None:
            return None
        from vizecg.train.again import config_of, knows_recipe
        from vizecg.train.resume import check_resumable

        check_resumable(self.out)
        return config_of(self.out) if self.recipe is None or knows_recipe(self.out) else None

    def asked(self) -> dict[str, Any]:
        """By which options the data are found, now and by any start to come, in plain types.

        Raises:
            UsageError: they are not those that the run was started with.
        """
        from vizecg.train.again import asked_again, placed, told_start
        from vizecg.train.resume import check_resumable

        data, root = placed(self.data, self.root)
        given = {
            "data": data,
            "root": root,
            "recipe": self.recipe,
            "limit": self.limit,
            "ignore_columns": self.ignore_columns or None,
            "values_per_mv": self.values_per_mv,
            "on_identity": None if self.on_identity is None else self.on_identity.value,
            "start_from": told_start(self.start_from),
            "cache": None if self.cache is None else str(self.cache.resolve()),
            "validate_every": self.validate_every,
        }
        if not self.resume or self.out is None:
            return {**given, "data": data or DATA, "recipe": self.recipe or RECIPE}
        check_resumable(self.out)
        return asked_again(self.out, given, free=PLACES)


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
    from vizecg.data.registry import SourceRequest, build_source
    from vizecg.train.loop import RunOptions
    from vizecg.train.loop import train as trained
    from vizecg.train.quiet import one_line_warnings

    one_line_warnings()
    asked = options.asked()
    root = None if asked["root"] is None else Path(asked["root"])
    on_identity = OnIdentity(asked.get("on_identity") or OnIdentity.SKIP)
    wanted = SourceRequest(
        root=root, seed=config.seed, labels=config.label_set(), values_per_mv=asked["values_per_mv"],
        on_identity=on_identity,
    )  # fmt: skip
    training, validation = (build_source(asked["data"], replace(wanted, split=split)) for split in ("train", "val"))
    result = trained(
        config=config,
        training=training.limited(asked["limit"]),
        validation=validation.limited(asked["limit"]),
        options=RunOptions(
            out=options.out, cache=Path(asked["cache"] or options.out / CACHE),
            start_from=options.start_from, workers=options.workers, threads=options.threads,
            accelerator=options.accelerator, devices=options.devices, nodes=options.nodes,
            resume=options.resume, force=options.force,
            validate_every=asked["validate_every"] or 1, checkpoint_every=options.checkpoint_every,
            stop_after=options.stop_after, asked=asked,
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
            f"go on with vizecg train --resume --out {shlex.quote(str(out))}",
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

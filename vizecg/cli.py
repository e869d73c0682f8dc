"""The ``vizecg`` command: draw, photograph, train, evaluate. Heavy imports happen inside the verbs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import Condition
from vizecg.spec.console import run_app

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Training side of vizecg.", pretty_exceptions_enable=False
)


@app.callback()
def root_command() -> None:
    """Training side of vizecg."""


RootOption = Annotated[Path | None, typer.Option(help="Folder of the PTB-XL release (with ptbxl_database.csv).")]
DataOption = Annotated[str, typer.Option(help="Where records come from: ptbxl or synthetic.")]


@app.command()
def train(
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoints, logs, configuration.")],
    data: DataOption = "ptbxl",
    root: RootOption = None,
    recipe: Annotated[str, typer.Option(help="small or paper.")] = "small",
    epochs: Annotated[int | None, typer.Option(help="Instead of the recipe's number.")] = None,
    seed: int = 0,
    limit: Annotated[int | None, typer.Option(help="Use only the first N records of each split.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Where drawn sheets are kept; default OUT/cache.")] = None,
    workers: int = 2,
    threads: Annotated[int | None, typer.Option(help="Threads of the CPU computation.")] = None,
    accelerator: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUT/last.ckpt.")] = False,
    validate_every: Annotated[int, typer.Option(min=1, help="Epochs between validations.")] = 1,
) -> None:
    """Train VizECGNet: PTB-XL folds 1-8 with fold 9 for validation, or synthetic records."""
    from vizecg.train.commands import run_training

    run_training(
        out=out, data=data, root=root, recipe=recipe, epochs=epochs, seed=seed, limit=limit, cache=cache,
        workers=workers, threads=threads, accelerator=accelerator, resume=resume, validate_every=validate_every,
    )  # fmt: skip


@app.command()
def evaluate(
    checkpoint: Annotated[Path | None, typer.Option(help="A training checkpoint.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="A bundle made by vizecg-export.")] = None,
    data: DataOption = "ptbxl",
    root: RootOption = None,
    fold: Annotated[int, typer.Option(min=1, max=10, help="PTB-XL fold; 9 is validation.")] = 9,
    condition: Annotated[Condition, typer.Option(help="How the records are printed.")] = Condition.CLEAN,
    limit: Annotated[int | None, typer.Option(min=1, help="Use only the first N records.")] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Keep drawn sheets here for the next time.")] = None,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    seed: int = 0,
) -> None:
    """Macro and per-class figures with 95 % bootstrap intervals."""
    from vizecg.train.commands import run_evaluation

    run_evaluation(
        checkpoint=checkpoint, bundle=bundle, data=data, root=root, fold=fold, condition=condition, limit=limit,
        out=out, cache=cache, workers=workers, seed=seed,
    )  # fmt: skip


def main() -> None:
    """Entry point of ``vizecg``."""
    run_app(app, install="pip install 'vizecg[train]'")


if __name__ == "__main__":
    main()

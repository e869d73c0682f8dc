"""The ``vizecg`` command: prepare, synthesise, train, evaluate. Heavy imports happen inside the verbs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.data.choices import OnBad, SynthFormat
from vizecg.spec import Condition, UsageError
from vizecg.spec.console import run_app

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Training side of vizecg.", pretty_exceptions_enable=False
)


@app.callback()
def root_command() -> None:
    """Training side of vizecg."""


RootOption = Annotated[Path | None, typer.Option(help="Folder of the data, for all but synthetic.")]
DataOption = Annotated[
    str, typer.Option(help="Where records come from: ptbxl, code15, wfdb, challenge, store or synthetic.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one object.")]


@app.command()
def prepare(
    out: Annotated[Path, typer.Option(help="Folder of the store.")],
    data: Annotated[
        str | None, typer.Option(help="Where records come from; without it --verify reads a finished store.")
    ] = None,
    root: RootOption = None,
    split: Annotated[
        list[str] | None, typer.Option(help="train, val, test; again for more. Default: all there are.")
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="Labels of a WFDB folder; default ROOT/labels.csv.")] = None,
    resolution: Annotated[int, typer.Option(help="PTB-XL's files to read: 100 or 500 Hz.")] = 100,
    sampling_rate: Annotated[float, typer.Option(help="Of the store, Hz.")] = 400.0,
    seed: Annotated[int, typer.Option(help="Of the split by patients, and of synthetic records.")] = 0,
    val_fraction: Annotated[float, typer.Option(help="Of the patients, where the data have no split.")] = 0.1,
    test_fraction: Annotated[float, typer.Option(help="Of the patients, where the data have no split.")] = 0.1,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N records of each split.")] = None,
    on_bad: Annotated[OnBad, typer.Option(help="Records that fail their checks: list them, or stop.")] = OnBad.SKIP,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    shard_records: Annotated[int, typer.Option(min=1, help="Records per file of the store.")] = 512,
    verify: Annotated[bool, typer.Option("--verify", help="Read every byte of the finished store.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the records of any source and keep them in one store; goes on where it was stopped."""
    from vizecg.data.commands import run_prepare, run_verify

    if data is None:
        if not verify:
            raise UsageError("name the source with --data, or --verify a finished store")
        run_verify(out=out, as_json=as_json)
        return
    run_prepare(
        data=data, root=root, out=out, splits=split or (), labels=labels, resolution=resolution,
        sampling_rate=sampling_rate, seed=seed, val_fraction=val_fraction, test_fraction=test_fraction, limit=limit,
        on_bad=on_bad, workers=workers, shard_records=shard_records, verify=verify, as_json=as_json,
    )  # fmt: skip


@app.command()
def synth(
    out: Annotated[Path, typer.Option(help="Folder of the data set.")],
    n: Annotated[int, typer.Option(min=1, help="Number of records.")],
    kind: Annotated[SynthFormat, typer.Option("--format", help="Layout of the files.")] = SynthFormat.CODE15,
    seed: int = 0,
    labels: Annotated[
        list[str] | None,
        typer.Option(help="All records show this label (or: normal); again for more. Default: a mixture."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a synthetic data set in the layout of a real one."""
    from vizecg.data.commands import run_synth

    run_synth(out=out, n=n, kind=kind, seed=seed, labels=labels or (), as_json=as_json)


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
    """Train VizECGNet on the training split of the data (PTB-XL: folds 1-8), with the validation split for choosing."""
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
    split: Annotated[str | None, typer.Option(help="train, val or test; default: val, or the fold of PTB-XL.")] = None,
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
        checkpoint=checkpoint, bundle=bundle, data=data, root=root, fold=fold, split=split, condition=condition,
        limit=limit, out=out, cache=cache, workers=workers, seed=seed,
    )  # fmt: skip


def main() -> None:
    """Entry point of ``vizecg``."""
    run_app(app, install="pip install 'vizecg[train]'")


if __name__ == "__main__":
    main()

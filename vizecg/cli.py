"""The ``vizecg`` command: data, pictures, training, evaluation. Heavy imports happen inside the verbs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vizecg.data.choices import Look, OnBad, PictureFormat, SynthFormat
from vizecg.spec import Condition, UsageError
from vizecg.spec.commands import HELP, version_option
from vizecg.spec.console import run_app

if TYPE_CHECKING:
    from vizecg.data.pictures import Drawing

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Training side of vizecg.", pretty_exceptions_enable=False,
    context_settings=HELP,
)  # fmt: skip


@app.callback()
def root_command(version: Annotated[bool, version_option("vizecg")] = False) -> None:
    """Training side of vizecg."""


RootOption = Annotated[Path | None, typer.Option(help="Folder of the data, for all but synthetic.")]
DataOption = Annotated[
    str,
    typer.Option(
        help="Where records come from: ptbxl, code15, code-test, wfdb, challenge, store, synthetic or synthetic-varied."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one object.")]


@app.command()
def prepare(
    out: Annotated[Path | None, typer.Option(help="Folder of the store.")] = None,
    pack: Annotated[
        Path | None,
        typer.Option(help="In place of --out: one small file, for a machine that cannot fetch records itself."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Where records come from; without it --verify reads a finished store.")
    ] = None,
    root: RootOption = None,
    split: Annotated[
        list[str] | None, typer.Option(help="train, val, test; again for more. Default: all there are.")
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="Labels of a WFDB folder; default ROOT/labels.csv.")] = None,
    resolution: Annotated[int, typer.Option(help="PTB-XL's files to read: 100 or 500 Hz.")] = 100,
    sampling_rate: Annotated[
        float | None, typer.Option(help="Of the store, Hz; default 400, of a packed one that of the records.")
    ] = None,
    budget_mib: Annotated[
        float | None, typer.Option(help="Of --pack, MiB: negatives of the training split are left out for it.")
    ] = None,
    step_uv: Annotated[float | None, typer.Option(help="Of --pack: 10 or 20 microvolts a step.")] = None,
    seed: Annotated[
        int, typer.Option(help="Of the split by patients, of synthetic records, of the negatives that --pack takes.")
    ] = 0,
    val_fraction: Annotated[float, typer.Option(help="Of the patients, where the data have no split.")] = 0.1,
    test_fraction: Annotated[float, typer.Option(help="Of the patients, where the data have no split.")] = 0.1,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N records of each split.")] = None,
    on_bad: Annotated[OnBad, typer.Option(help="Records that fail their checks: list them, or stop.")] = OnBad.SKIP,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    shard_records: Annotated[
        int | None, typer.Option(min=1, help="Records per file of the store; default 512.")
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Read every byte of the finished store.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the records of any source and keep them in one store; goes on where it was stopped."""
    from vizecg.data.prepare import PrepareOptions, run_prepare

    run_prepare(
        PrepareOptions(
            out=out, pack=pack, data=data, root=root, splits=split or (), labels=labels, resolution=resolution,
            sampling_rate=sampling_rate, budget_mib=budget_mib, step_uv=step_uv, seed=seed, val_fraction=val_fraction,
            test_fraction=test_fraction, limit=limit, on_bad=on_bad, workers=workers, shard_records=shard_records,
            verify=verify, as_json=as_json,
        )
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


SplitOption = Annotated[str, typer.Option(help="train, val or test.")]
RecordOption = Annotated[list[str] | None, typer.Option("--record", help="Id of a record; again for more.")]
CountOption = Annotated[int, typer.Option("-n", "--count", min=1, help="The first so many records.")]
LayoutOption = Annotated[str, typer.Option(help="3x4, 3x4+R, 3x4+2R, 3x4+3R, 6x2, 6x2+R, 12x1, 4x3 or 4x3+R.")]
FormatOption = Annotated[PictureFormat, typer.Option("--format", help="Of the files in the folder OUT.")]
ScaleOption = Annotated[float, typer.Option(min=1, max=40, help="Pixels per millimetre of the sheet.")]
ContactOption = Annotated[bool, typer.Option("--contact-sheet", help="One picture with every kind on it.")]


@app.command()
def render(
    out: Annotated[Path, typer.Option(help="A file (.png, .jpg, .pdf) for one record, else a folder.")],
    data: DataOption = "synthetic",
    root: RootOption = None,
    split: SplitOption = "train",
    records: RecordOption = None,
    count: CountOption = 1,
    layout: LayoutOption = "3x4+R",
    cabrera: Annotated[bool, typer.Option("--cabrera", help="Limb leads in Cabrera's order, with -aVR.")] = False,
    simultaneous: Annotated[bool, typer.Option("--simultaneous", help="All columns begin together.")] = False,
    speed: Annotated[float, typer.Option(help="25 or 50 mm/s.")] = 25.0,
    gain: Annotated[float, typer.Option(help="5, 10 or 20 mm/mV.")] = 10.0,
    look: Annotated[Look, typer.Option("--style", help="plain; random; paper (ecg_plot 0.2.8's); ecg-plot.")] = (
        Look.PLAIN
    ),
    palette: Annotated[str, typer.Option(help="Colour of the grid, for plain.")] = "red",
    px_per_mm: ScaleOption = 4.0,
    seed: int = 0,
    kind: FormatOption = PictureFormat.PNG,
    contact: ContactOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw records as printed sheets; --json tells where each lead lies (mm)."""
    from vizecg.data.pictures import Chosen, run_render

    chosen = Chosen(data=data, root=root, split=split, seed=seed, n=count, records=tuple(records or ()))
    drawing = _drawing(look, layout, cabrera, simultaneous, speed, gain, palette, px_per_mm, seed)
    run_render(chosen=chosen, drawing=drawing, out=out, kind=kind, contact=contact, as_json=as_json)


@app.command()
def photograph(
    out: Annotated[Path, typer.Option(help="A file (.jpg, .png) for one picture, else a folder.")],
    image: Annotated[Path | None, typer.Argument(help="A sheet from vizecg render, in place of records.")] = None,
    data: DataOption = "synthetic",
    root: RootOption = None,
    split: SplitOption = "train",
    records: RecordOption = None,
    count: CountOption = 1,
    condition: Annotated[Condition, typer.Option(help="What the picture goes through.")] = Condition.PHOTO,
    strength: Annotated[float, typer.Option(min=0, max=1, help="Of every effect.")] = 1.0,
    width: Annotated[int, typer.Option(min=400, max=8000, help="Of the picture, pixels.")] = 2000,
    layout: LayoutOption = "3x4+R",
    look: Annotated[Look, typer.Option("--style", help="plain or random.")] = Look.RANDOM,
    px_per_mm: ScaleOption = 8.0,
    seed: int = 0,
    kind: FormatOption = PictureFormat.JPG,
    truth: Annotated[bool, typer.Option("--truth", help="Beside each picture, the mapping from sheet to photo.")] = (
        False
    ),
    contact: ContactOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw records and photograph the sheets, or photograph a sheet."""
    from vizecg.data.pictures import Chosen, run_photograph

    if look not in (Look.PLAIN, Look.RANDOM):
        raise UsageError(f"a sheet of style {look.value} has no place to be photographed in: plain or random")
    chosen = Chosen(data=data, root=root, split=split, seed=seed, n=count, records=tuple(records or ()))
    drawing = _drawing(look, layout, False, False, 25.0, 10.0, "red", px_per_mm, seed)
    run_photograph(
        image=image, chosen=chosen, drawing=drawing, condition=condition, strength=strength, width=(width, width + 1),
        out=out, kind=kind, truth=truth, contact=contact, as_json=as_json,
    )  # fmt: skip


def _drawing(
    look: Look, layout: str, cabrera: bool, simultaneous: bool, speed: float, gain: float, palette: str,
    px_per_mm: float, seed: int,
) -> Drawing:  # fmt: skip
    """The options of a sheet, checked."""
    from vizecg.data.pictures import Drawing
    from vizecg.render import Layout, LeadOrder, PrintStyle, Timing
    from vizecg.spec import SheetSpec

    try:
        chosen = Layout.named(
            layout,
            order=LeadOrder.CABRERA if cabrera else LeadOrder.STANDARD,
            timing=Timing.SIMULTANEOUS if simultaneous else Timing.SEQUENTIAL,
            speed_mm_s=speed,
            gain_mm_mv=gain,
        )
        style = None if look is Look.RANDOM else PrintStyle(palette=palette)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return Drawing(look=look, layout=chosen, style=style, spec=SheetSpec(px_per_mm=px_per_mm), seed=seed)


@app.command()
def train(
    out: Annotated[Path | None, typer.Option(help="Folder of the run: checkpoints, logs, configuration.")] = None,
    data: DataOption = "ptbxl",
    root: RootOption = None,
    recipe: Annotated[str, typer.Option(help="small (two CPU cores), paper (its sizes) or full (one GPU).")] = "small",
    config: Annotated[Path | None, typer.Option(help="YAML of what differs from the recipe.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="name=value, as optimiser.learning_rate=1e-3; again for more.")
    ] = None,
    print_config: Annotated[bool, typer.Option("--print-config", help="Print the whole configuration and stop.")] = (
        False
    ),
    architecture: Annotated[str | None, typer.Option(help="vizecgnet or a network it is compared with.")] = None,
    streams: Annotated[str | None, typer.Option(help="Of vizecgnet: both, signal or image.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Instead of the recipe's number.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, order, pictures and synthetic records; 0.")] = None,
    start_from: Annotated[
        Path | None, typer.Option(help="A checkpoint whose weights of the same name and shape to begin with.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Use only the first N records of each split.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Where drawn sheets are kept; default OUT/cache.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that draw and load, per training process.")] = 2,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the CPU computation.")] = None,
    accelerator: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    devices: Annotated[int | None, typer.Option(min=1, help="GPUs, or CPU processes; torchrun says it itself.")] = None,
    nodes: Annotated[int | None, typer.Option(min=1, help="Machines; torchrun says it itself.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUT/last.ckpt.")] = False,
    force: Annotated[bool, typer.Option(help="Replace a run that lies in OUT.")] = False,
    validate_every: Annotated[int, typer.Option(min=1, help="Epochs between validations.")] = 1,
    checkpoint_every: Annotated[float, typer.Option(min=0, help="Minutes between writings of OUT/last.ckpt.")] = 5.0,
    stop_after: Annotated[
        float | None, typer.Option(min=0, help="Minutes of training, after which to stop so that --resume goes on.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train on the training split of the data (PTB-XL: folds 1-8), with the validation split for choosing."""
    from vizecg.train.training_commands import run_training

    run_training(
        out=out, data=data, root=root, recipe=recipe, config_file=config, assignments=assignments or (),
        options={"architecture": architecture, "model.streams": streams, "epochs": epochs, "seed": seed},
        print_config=print_config, limit=limit, cache=cache, as_json=as_json, start_from=start_from, workers=workers,
        threads=threads, accelerator=accelerator, devices=devices, nodes=nodes, resume=resume, force=force,
        validate_every=validate_every, checkpoint_every=checkpoint_every, stop_after=stop_after,
    )  # fmt: skip


@app.command()
def evaluate(
    checkpoint: Annotated[Path | None, typer.Option(help="A training checkpoint.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="A bundle made by vizecg-export.")] = None,
    data: DataOption = "ptbxl",
    root: RootOption = None,
    fold: Annotated[int, typer.Option(min=1, max=10, help="PTB-XL fold; 9 is validation.")] = 9,
    split: Annotated[
        str | None,
        typer.Option(help="train, val or test; default: val, the fold of PTB-XL, test of code-test."),
    ] = None,
    condition: Annotated[
        list[Condition] | None, typer.Option(help="How the records are printed; again for more. Default: clean.")
    ] = None,
    all_conditions: Annotated[bool, typer.Option("--all-conditions", help="Every condition there is.")] = False,
    stream: Annotated[str, typer.Option(help="The checkpoint's image or signal stream; a signal is not drawn.")] = (
        "image"
    ),
    fit: Annotated[
        str,
        typer.Option(
            help="Calibration and thresholds also fitted: cross (on the other patients evaluated), "
            "val (on the validation split), or none."
        ),
    ] = "none",
    limit: Annotated[int | None, typer.Option(min=1, help="Use only the first N records of each split.")] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write tables and diagrams into this folder.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Keep drawn sheets here for the next time.")] = None,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    seed: int = 0,
) -> None:
    """Macro and per-class figures with 95 % bootstrap intervals, under one condition or several."""
    from vizecg.train.evaluation_commands import EvaluationRequest, run_evaluation

    run_evaluation(
        EvaluationRequest(
            checkpoint=checkpoint, bundle=bundle, data=data, root=root, fold=fold, split=split,
            conditions=condition or (), all_conditions=all_conditions, stream=stream, fit=fit, limit=limit, out=out,
            report=report, cache=cache, workers=workers, seed=seed,
        )
    )  # fmt: skip


@app.command()
def slim(
    checkpoint: Annotated[Path, typer.Argument(help="A training checkpoint.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    rest: Annotated[
        Path | None, typer.Option(help="Put into --out what is deployed alone, and what only training uses here.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Keep of a checkpoint what exporting (to the bit) and fine-tuning need, without the state of the optimiser."""
    from vizecg.train.slim_command import run_slim

    run_slim(checkpoint, out=out, rest=rest, as_json=as_json)


@app.command()
def join(
    image: Annotated[Path, typer.Argument(help="What is deployed, of `vizecg slim --rest`.")],
    rest: Annotated[Path, typer.Argument(help="What only training uses.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
) -> None:
    """Make a checkpoint of both streams whole again, to go on training from it."""
    from vizecg.train.slim_command import run_join

    run_join(image, rest, out=out)


def main() -> None:
    """Entry point of ``vizecg``."""
    run_app(app, extras=("train",))


if __name__ == "__main__":
    main()

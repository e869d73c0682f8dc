"""Options that verbs of several programs have: one name, one type and one meaning wherever they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.errors import UsageError


def writable(path: Path | None) -> Path | None:
    """The path itself: an hour of measuring must not be lost to a wrong one.

    Raises:
        UsageError: its folder does not exist, or it is a folder itself.
    """
    if path is not None and not path.parent.is_dir():
        raise UsageError(f"the folder of {path} does not exist")
    if path is not None and path.is_dir():
        raise UsageError(f"{path} is a folder; expected the name of a file")
    return path


def writable_png(path: Path | None) -> Path | None:
    """As ``writable``; a UsageError, too, where the name does not end in .png."""
    if path is not None and path.suffix.lower() != ".png":
        raise UsageError(f"--plot {path}: expected a name that ends in .png")
    return writable(path)


JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
FiguresOption = Annotated[
    Path | None, typer.Option("--figures", callback=writable, help="Write the figures to this JSON file.")
]
HtmlOption = Annotated[Path | None, typer.Option(callback=writable, help="Write a report with plots to this file.")]
MarkdownOption = Annotated[Path | None, typer.Option(callback=writable, help="Write the tables to this file.")]
PlotOption = Annotated[Path | None, typer.Option(callback=writable_png, help="Draw it to this PNG.")]
RootOption = Annotated[Path | None, typer.Option(help="Folder of the data, for all but synthetic.")]
RecipeOption = Annotated[
    str, typer.Option(help="small (two CPU cores), paper (its sizes), full (one GPU), finetune or reader.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="NAME=VALUE over the recipe, as optimiser.learning_rate=1e-3; repeatable."),
]
LimitOption = Annotated[int | None, typer.Option(min=1, help="Only the first N records of each split.")]
IgnoreOption = Annotated[
    list[str] | None,
    typer.Option("--ignore-columns", help="A column of the table that looks like a label and is none; repeatable."),
]
ValuesPerMvOption = Annotated[
    float | None,
    typer.Option(
        "--values-per-mv",
        help="code15, code-test: stored values of a millivolt. Default: 2, as in the releases; 1 for millivolts.",
    ),
]
SeedOption = Annotated[int, typer.Option(min=0, help="Of everything random.")]
WorkersOption = Annotated[int, typer.Option(min=1, help="Processes that read and draw.")]
AcceleratorOption = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
EpochsOption = Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's number.")]
SheetsCacheOption = Annotated[Path | None, typer.Option("--cache", help="Keep drawn sheets here for the next time.")]
BundleOption = Annotated[Path | None, typer.Option(help="Bundle of the model; default: the shipped one.")]
BundleArgument = Annotated[Path, typer.Argument(help="The bundle, a directory.")]
TrainThreadsOption = Annotated[int | None, typer.Option("--threads", min=1, help="Threads of the CPU computation.")]
ThreadsOption = Annotated[int, typer.Option(min=0, help="Computation threads; 0: one per core.")]

"""Options that verbs of several programs have: one name, one type and one meaning wherever they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
FiguresOption = Annotated[Path | None, typer.Option("--figures", help="Write the figures to this JSON file.")]
RootOption = Annotated[Path | None, typer.Option(help="Folder of the data, for all but synthetic.")]
RecipeOption = Annotated[str, typer.Option(help="small (two CPU cores), paper (its sizes) or full (one GPU).")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="NAME=VALUE over the recipe, as optimiser.learning_rate=1e-3; repeatable."),
]
LimitOption = Annotated[int | None, typer.Option(min=1, help="Only the first N records of each split.")]
SeedOption = Annotated[int, typer.Option(min=0, help="Of everything random.")]
WorkersOption = Annotated[int, typer.Option(min=1, help="Processes that read and draw.")]
AcceleratorOption = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
EpochsOption = Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's number.")]
SheetsCacheOption = Annotated[Path | None, typer.Option("--cache", help="Keep drawn sheets here for the next time.")]
BundleOption = Annotated[Path | None, typer.Option(help="Bundle of the model; default: the shipped one.")]
BundleArgument = Annotated[Path, typer.Argument(help="The bundle, a directory.")]
ThreadsOption = Annotated[int, typer.Option(min=0, help="Computation threads; 0: one per core.")]

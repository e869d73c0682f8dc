"""``vizecg photograph``: records drawn and photographed, or a sheet photographed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.data.choices import Look, PictureFormat
from vizecg.spec import Condition, UsageError
from vizecg.spec.commands import takes
from vizecg.spec.condition import Finish
from vizecg.verbs.options import FormatOption, PictureOptions, ScaleOption


@dataclass(frozen=True, kw_only=True)
class Options(PictureOptions):
    """How they or one sheet are photographed, and into which files."""

    out: Annotated[Path, typer.Option(help="A file (.jpg, .png) for one picture, else a folder.")]
    image: Annotated[Path | None, typer.Argument(help="A sheet from vizecg render, in place of records.")] = None
    condition: Annotated[Condition, typer.Option(help="What the picture goes through.")] = Condition.PHOTO
    strength: Annotated[float, typer.Option(min=0, max=1, help="Of every effect.")] = 1.0
    width: Annotated[int, typer.Option(min=400, max=8000, help="Of the picture, pixels.")] = 2000
    stretch: Annotated[float, typer.Option(min=0.5, max=2, help="So many times as wide as it should be.")] = 1.0
    finish: Annotated[Finish | None, typer.Option(help="What becomes of the picture afterwards.")] = None
    look: Annotated[Look, typer.Option("--style", help="plain, random or page.")] = Look.RANDOM
    px_per_mm: ScaleOption = 8.0
    kind: FormatOption = PictureFormat.JPG
    truth: Annotated[bool, typer.Option("--truth", help="Beside each picture, the mapping from sheet to photo.")] = (
        False
    )


@takes(Options)
def photograph(options: Options) -> None:
    """Draw records and photograph the sheets, or photograph a sheet."""
    from vizecg.data.drawing import Shot
    from vizecg.data.pictures import run_merge, run_photograph

    if options.look not in (Look.PLAIN, Look.RANDOM, Look.PAGE):
        raise UsageError(
            f"a sheet of style {options.look.value} has no place to be photographed in: plain, random or page"
        )
    drawing = options.drawing(look=options.look, px_per_mm=options.px_per_mm)
    shot = Shot(
        condition=options.condition, strength=options.strength, width=options.width, stretch=options.stretch,
        finish=options.finish,
    )  # fmt: skip
    if options.image is not None and (options.shard or options.merge):
        raise UsageError("one sheet is photographed by one process: leave --shard and --merge out")
    if options.merge:
        run_merge(
            chosen=options.chosen(), out=options.out, as_json=options.as_json, drawing=drawing, kind=options.kind,
            shot=shot, truth=options.truth,
        )  # fmt: skip
        return
    run_photograph(
        image=options.image, chosen=options.chosen(), drawing=drawing, shot=shot, out=options.out, kind=options.kind,
        truth=options.truth, contact=options.contact, as_json=options.as_json,
    )  # fmt: skip

"""``vizecg render``: records drawn as printed sheets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.data.choices import Look, PictureFormat
from vizecg.spec.commands import takes
from vizecg.verbs.options import FormatOption, PictureOptions, ScaleOption


@dataclass(frozen=True, kw_only=True)
class Options(PictureOptions):
    """How they are drawn, and into which files."""

    out: Annotated[Path, typer.Option(help="A file (.png, .jpg, .pdf) for one record, else a folder.")]
    look: Annotated[
        Look,
        typer.Option("--style", help="plain; random; page (as recorders print); paper (ecg_plot 0.2.8's); ecg-plot."),
    ] = Look.PLAIN
    palette: Annotated[str, typer.Option(help="Colour of the grid, for plain.")] = "red"
    px_per_mm: ScaleOption = 4.0
    kind: FormatOption = PictureFormat.PNG


@takes(Options)
def render(options: Options) -> None:
    """Draw records as printed sheets; --json tells where each lead lies (mm)."""
    from vizecg.data.pictures import run_merge, run_render

    drawing = options.drawing(look=options.look, px_per_mm=options.px_per_mm, palette=options.palette)
    if options.merge:
        run_merge(chosen=options.chosen(), out=options.out, as_json=options.as_json, drawing=drawing, kind=options.kind)
        return
    run_render(
        chosen=options.chosen(), drawing=drawing, out=options.out, kind=options.kind, contact=options.contact,
        as_json=options.as_json,
    )  # fmt: skip

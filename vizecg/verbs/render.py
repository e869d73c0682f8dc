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
    cabrera: Annotated[bool, typer.Option("--cabrera", help="Limb leads in Cabrera's order, with -aVR.")] = False
    simultaneous: Annotated[bool, typer.Option("--simultaneous", help="All columns begin together.")] = False
    speed: Annotated[float, typer.Option(help="25 or 50 mm/s.")] = 25.0
    gain: Annotated[float, typer.Option(help="5, 10 or 20 mm/mV.")] = 10.0
    look: Annotated[Look, typer.Option("--style", help="plain; random; paper (ecg_plot 0.2.8's); ecg-plot.")] = (
        Look.PLAIN
    )
    palette: Annotated[str, typer.Option(help="Colour of the grid, for plain.")] = "red"
    px_per_mm: ScaleOption = 4.0
    kind: FormatOption = PictureFormat.PNG


@takes(Options)
def render(options: Options) -> None:
    """Draw records as printed sheets; --json tells where each lead lies (mm)."""
    from vizecg.data.pictures import Drawing, run_render
    from vizecg.render import LeadOrder, Timing

    drawing = Drawing.named(
        options.layout,
        look=options.look,
        palette=options.palette,
        px_per_mm=options.px_per_mm,
        seed=options.seed,
        order=LeadOrder.CABRERA if options.cabrera else LeadOrder.STANDARD,
        timing=Timing.SIMULTANEOUS if options.simultaneous else Timing.SEQUENTIAL,
        speed_mm_s=options.speed,
        gain_mm_mv=options.gain,
    )
    run_render(
        chosen=options.chosen(), drawing=drawing, out=options.out, kind=options.kind, contact=options.contact,
        as_json=options.as_json,
    )  # fmt: skip

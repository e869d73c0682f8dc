"""``stages`` and ``startup``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

BundleOption = Annotated[Path | None, typer.Option(help="Default: the shipped bundle.")]
JsonOption = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]


def add_edge_verbs(app: typer.Typer) -> None:
    """Register them."""
    app.command()(stages)
    app.command()(startup)


def stages(
    images: Annotated[list[Path], typer.Option(help="A photograph, or a folder of them; repeatable.")],
    megapixels: Annotated[float, typer.Option(min=0.5, max=60, help="They are enlarged to this size.")] = 12.0,
    runs: Annotated[int, typer.Option(min=2, help="Over all photographs, in turn.")] = 100,
    threads: Annotated[int, typer.Option(min=0, help="0: one per core.")] = 0,
    bundle: BundleOption = None,
    out: JsonOption = None,
) -> None:
    """Milliseconds per stage of answering photographs, peak memory, and whether the machine was quiet."""
    from vizecg_lab.edge.stages import measure_stages

    measure_stages(images=images, megapixels=megapixels, runs=runs, threads=threads, bundle=bundle, out=out)


def startup(
    image: Annotated[Path, typer.Option(help="A photograph; it is enlarged to --megapixels.")],
    megapixels: Annotated[float, typer.Option(min=0.5, max=60)] = 12.0,
    repeats: Annotated[int, typer.Option(min=1)] = 7,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Process start to printed JSON, and peak memory, of ``vizecg-edge run`` on one photograph."""
    from vizecg_lab.edge.startup import measure_startup

    measure_startup(image=image, megapixels=megapixels, repeats=repeats, out=out)

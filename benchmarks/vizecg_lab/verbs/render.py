"""``render``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add_render_verb(app: typer.Typer) -> None:
    """Register it."""
    app.command()(render)


def render(
    ecg_plot_028: Annotated[
        Path | None,
        typer.Option("--ecg-plot-028", help="Python of an environment with ecg-plot 0.2.8, matplotlib, numpy, pillow."),
    ] = None,
    root: Annotated[Path | None, typer.Option(help="PTB-XL folder. Default: synthetic records.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Of all renderers in turn.")] = 12,
    pages: Annotated[int, typer.Option(min=1, help="Records that the quick ones draw in a round.")] = 20,
    compared: Annotated[int, typer.Option(min=1, help="Pages compared with ecg-plot 0.2.8.")] = 20,
    picture: Annotated[Path | None, typer.Option(help="Picture of a page of both, and the difference.")] = None,
    out: Annotated[Path | None, typer.Option("--json", "--out", help="Write the figures to this file.")] = None,
) -> None:
    """Drawing: images per second beside ecg_plot 0.3 and 0.2.8, and likeness to the latter."""
    from vizecg_lab.render.command import measure_render

    measure_render(
        root=root,
        python_028=ecg_plot_028,
        rounds=rounds,
        pages=pages,
        compared=compared,
        out=out,
        picture=picture,
    )

"""``render``: the renderer beside ecg_plot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.commands import takes
from vizecg.spec.options import FiguresOption
from vizecg_lab.verbs.options import RoundsOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which records are drawn how often, and beside what."""

    ecg_plot_028: Annotated[
        Path | None,
        typer.Option("--ecg-plot-028", help="Python of an environment with ecg-plot 0.2.8, matplotlib, numpy, pillow."),
    ] = None
    root: Annotated[Path | None, typer.Option(help="PTB-XL folder. Default: synthetic records.")] = None
    rounds: RoundsOption = 12
    count: Annotated[int, typer.Option(min=1, help="Records that the quick ones draw in a round.")] = 20
    compared: Annotated[int, typer.Option(min=1, help="Pages compared with ecg-plot 0.2.8.")] = 20
    picture: Annotated[Path | None, typer.Option(help="Picture of a page of both, and the difference.")] = None
    figures: FiguresOption = None


@takes(Options)
def render(options: Options) -> None:
    """Drawing: images per second beside ecg_plot 0.3 and 0.2.8, and likeness to the latter."""
    from vizecg_lab.render.command import measure_render

    measure_render(
        root=options.root, python_028=options.ecg_plot_028, rounds=options.rounds, pages=options.count,
        compared=options.compared, out=options.figures, picture=options.picture,
    )  # fmt: skip

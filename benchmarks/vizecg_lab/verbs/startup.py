"""``startup``: from process start to printed JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.options import FiguresOption
from vizecg_lab.verbs.options import MegapixelsOption, RoundsOption


def startup(
    image: Annotated[Path, typer.Argument(help="A photograph; it is enlarged to --megapixels.")],
    megapixels: MegapixelsOption = 12.0,
    rounds: RoundsOption = 7,
    figures: FiguresOption = None,
) -> None:
    """Process start to printed JSON, and peak memory, of ``vizecg-edge run`` on one photograph."""
    from vizecg_lab.edge.startup import measure_startup

    measure_startup(image=image, megapixels=megapixels, repeats=rounds, out=figures)

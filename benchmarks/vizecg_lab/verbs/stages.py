"""``stages``: the time of each stage of an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.options import BundleOption, FiguresOption, ThreadsOption
from vizecg_lab.verbs.options import MegapixelsOption


def stages(
    image: Annotated[list[Path], typer.Option(help="A photograph, or a folder of them; repeatable.")],
    megapixels: MegapixelsOption = 12.0,
    rounds: Annotated[int, typer.Option(min=2, help="Answers, over all photographs in turn.")] = 100,
    threads: ThreadsOption = 0,
    bundle: BundleOption = None,
    figures: FiguresOption = None,
    against: Annotated[
        Path | None, typer.Option(help="Another checkout, whose edge answers the same photographs by turns.")
    ] = None,
) -> None:
    """Milliseconds per stage of answering photographs, peak memory, and whether the machine was quiet."""
    from vizecg_lab.edge.stages import measure_stages

    measure_stages(
        images=image,
        megapixels=megapixels,
        runs=rounds,
        threads=threads,
        bundle=bundle,
        out=figures,
        against=against,
    )

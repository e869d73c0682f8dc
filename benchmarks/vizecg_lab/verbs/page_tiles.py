"""``page-tiles``: what the page network learns from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.options import SeedOption
from vizecg_lab.verbs.options import PtbxlOption, TilesOption


def page_tiles(
    root: PtbxlOption,
    out: TilesOption = Path("runs/page_tiles"),
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Files of 192 tiles; those there are kept.")] = 100,
    seed: SeedOption = 7,
) -> None:
    """Draw what the page network learns from: pages in many faces of type, spoilt as flattened photographs are."""
    from vizecg_lab.page_net.tiles import draw_tiles

    draw_tiles(ptbxl=root, out=out, files=count, seed=seed)

"""``page-train``: the network that looks at whole pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.options import SeedOption
from vizecg_lab.verbs.options import TilesOption


def page_train(
    tiles: TilesOption = Path("runs/page_tiles"),
    out: Annotated[Path, typer.Option(help="File of the weights.")] = Path("runs/page_net.pt"),
    steps: Annotated[int, typer.Option(min=1, help="Batches.")] = 4000,
    start: Annotated[Path | None, typer.Option(help="Weights to begin with.")] = None,
    rate: Annotated[float, typer.Option(min=1e-6, max=0.1, help="Greatest learning rate.")] = 4e-3,
    seed: SeedOption = 1,
    ship: Annotated[bool, typer.Option("--ship", help="Write the edge's ONNX file too.")] = False,
) -> None:
    """Train the page network on one thread."""
    from vizecg_edge.printed.page_net import WEIGHTS
    from vizecg_lab.page_net.export import export_page_net, sharpness_of, trained
    from vizecg_lab.page_net.tiles import Tiles
    from vizecg_lab.page_net.train import train_page_net

    train_page_net(tiles=tiles, out=out, steps=steps, seed=seed, start=start, rate=rate)
    if ship:
        sharpness = sharpness_of(trained(out), Tiles.read(min(tiles.glob("tiles_*.npz"))))
        export_page_net(weights=out, out=WEIGHTS, sharpness=sharpness)

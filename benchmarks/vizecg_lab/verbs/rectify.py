"""``rectify``: photographed renderings through rectifier and model."""

from __future__ import annotations

from typing import Annotated

import typer

from vizecg.spec.options import BundleOption, FiguresOption
from vizecg_lab.verbs.options import PtbxlOption


def rectify(
    root: PtbxlOption,
    fold: Annotated[int, typer.Option(min=1, max=10, help="PTB-XL fold; 9 is validation.")] = 9,
    count: Annotated[int, typer.Option("-n", "--count", min=10, help="Photographs.")] = 300,
    bundle: BundleOption = None,
    figures: FiguresOption = None,
) -> None:
    """Photographed renderings through rectifier and model: corner errors, answered share, time, AUROC."""
    from vizecg_lab.rectifier.renderings import measure_rectify

    measure_rectify(root=root, fold=fold, limit=count, bundle=bundle, out=figures)

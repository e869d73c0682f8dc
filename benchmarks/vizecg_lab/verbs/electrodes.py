"""``electrodes``: how many exchanges of electrodes are told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.options import FiguresOption, LimitOption
from vizecg_lab.verbs.options import PtbxlOption


def electrodes(
    root: PtbxlOption,
    fold: Annotated[list[int] | None, typer.Option(min=1, max=10, help="PTB-XL folds; default: 9, validation.")] = None,
    limit: LimitOption = None,
    fitted: Annotated[
        Path | None, typer.Option(help="Fit how usual beats are on these records, and write it to this .npz file.")
    ] = None,
    figures: FiguresOption = None,
) -> None:
    """Electrodes exchanged on recorded ECGs: how many are told, and of how many that are in their places."""
    from vizecg_lab.measuring.exchanges import measure_exchanges

    measure_exchanges(root=root, folds=fold or [9], limit=limit, fit=fitted, out=figures)

"""``records``: what the checks of a record find."""

from __future__ import annotations

from typing import Annotated

import typer

from vizecg.spec.options import FiguresOption, SeedOption
from vizecg_lab.verbs.options import PtbxlOption


def records(
    root: PtbxlOption,
    fold: Annotated[
        list[int] | None,
        typer.Option(min=1, max=10, help="PTB-XL fold of the records that are spoiled; repeatable. Default: 1 to 8."),
    ] = None,
    electrodes_fold: Annotated[
        int, typer.Option(min=1, max=10, help="PTB-XL fold of those whose electrodes are exchanged.")
    ] = 9,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="So many records of each fold.")] = 200,
    seed: SeedOption = 0,
    figures: FiguresOption = None,
) -> None:
    """Records spoiled on purpose: how many are found, and how many honest ones are flagged."""
    from vizecg_lab.records.count import count_records

    count_records(
        root=root, folds=fold or range(1, 9), electrodes_fold=electrodes_fold, limit=limit, seed=seed, figures=figures
    )  # fmt: skip

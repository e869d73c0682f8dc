"""``measure``: rate, PR and QRS of pages, and the evidence that they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.options import BundleOption, FiguresOption
from vizecg_lab.verbs.options import PtbxlOption


def measure(
    root: PtbxlOption,
    fold: Annotated[int, typer.Option(min=1, max=10, help="PTB-XL fold; 9 is validation.")] = 9,
    count: Annotated[int, typer.Option("-n", "--count", min=10, help="Records of the fold.")] = 500,
    hr_root: Annotated[Path | None, typer.Option(help="PTB-XL folder with records of 500 Hz.")] = None,
    hr_count: Annotated[int, typer.Option(min=10, help="Of these, so many are delineated.")] = 300,
    bundle: BundleOption = None,
    figures: FiguresOption = None,
) -> None:
    """Rate, PR and QRS of pages against other detectors and known intervals, and what they say about decisions."""
    from vizecg_lab.measuring.command import measure_measuring

    measure_measuring(root=root, fold=fold, count=count, hr_root=hr_root, hr_count=hr_count, bundle=bundle, out=figures)

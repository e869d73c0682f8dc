"""``not-ecg``: pictures that are not ECGs."""

from __future__ import annotations

from typing import Annotated

import typer

from vizecg.spec.options import BundleOption, FiguresOption
from vizecg_lab.verbs.options import SaveOption


def not_ecg(
    count: Annotated[int, typer.Option("-n", "--count", min=20, help="Pictures without an ECG.")] = 200,
    bundle: BundleOption = None,
    save: SaveOption = None,
    figures: FiguresOption = None,
) -> None:
    """Pictures that are not ECGs: at most 1 % may be answered (else exit code 5)."""
    from vizecg_lab.not_ecg.command import measure_not_ecg

    measure_not_ecg(limit=count, bundle=bundle, keep=save, out=figures)

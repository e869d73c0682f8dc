"""``rhythms``: what is none of the six, and what is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.options import BundleOption, FiguresOption
from vizecg_lab.verbs.options import PtbxlOption


def rhythms(
    root: PtbxlOption,
    findings: Annotated[Path, typer.Option(help="CSV with the columns ecg_id and cinc_diagnoses.")],
    fold: Annotated[list[int] | None, typer.Option(min=1, max=10, help="PTB-XL folds; default: 9, validation.")] = None,
    ordinary: Annotated[int, typer.Option(min=4, help="Records without such findings.")] = 400,
    bundle: BundleOption = None,
    figures: FiguresOption = None,
) -> None:
    """Paced, ventricular, fast and alternating rhythms: wrong decisions stopped, and ordinary records warned of."""
    from vizecg_lab.measuring.other import measure_rhythms

    measure_rhythms(
        root=root, findings=findings, folds=fold or [9], ordinary=ordinary, bundle=bundle, out=figures
    )  # fmt: skip

"""``not-ecg``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add_not_ecg_verb(app: typer.Typer) -> None:
    """Register it."""
    app.command(name="not-ecg")(not_ecg)


def not_ecg(
    limit: Annotated[int, typer.Option(min=20, help="Pictures without an ECG.")] = 200,
    others: Annotated[int, typer.Option(min=0, help="Of each unsupported layout, speed and gain.")] = 4,
    bundle: Annotated[Path | None, typer.Option(help="Default: the shipped bundle.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Save the pictures that were answered here.")] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Pictures that are not ECGs: at most 1 % may be answered (else exit code 5)."""
    from vizecg_lab.not_ecg.command import measure_not_ecg

    measure_not_ecg(limit=limit, others=others, bundle=bundle, keep=keep, out=out)

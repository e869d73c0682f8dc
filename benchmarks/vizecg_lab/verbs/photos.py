"""``photos`` and ``rectify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add_rectifier_verbs(app: typer.Typer) -> None:
    """Register them."""
    app.command()(photos)
    app.command()(rectify)


def photos(
    photos_dir: Annotated[Path, typer.Option("--photos", help="Folder with photos.csv's images.")],
    table: Annotated[Path, typer.Option(help="photos.csv: image, ecg_id.")],
    root: Annotated[Path, typer.Option(help="PTB-XL folder with the records behind the photographs.")],
    bundle: Annotated[Path | None, typer.Option(help="Default: the shipped bundle.")] = None,
    sheets: Annotated[Path | None, typer.Option(help="Save every rectified sheet and overlay here.")] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Real photographs of known records: answered share, and how far answers are from the clean rendering's."""
    from vizecg_lab.rectifier.photos import measure_photos

    measure_photos(photos_dir=photos_dir, table=table, root=root, bundle=bundle, sheets=sheets, out=out)


def rectify(
    root: Annotated[Path, typer.Option(help="PTB-XL folder.")],
    fold: Annotated[int, typer.Option(min=1, max=10)] = 9,
    limit: Annotated[int, typer.Option(min=10, help="Number of photographs.")] = 300,
    bundle: Annotated[Path | None, typer.Option(help="Default: the shipped bundle.")] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Photographed renderings through rectifier and model: corner errors, answered share, time, AUROC."""
    from vizecg_lab.rectifier.renderings import measure_rectify

    measure_rectify(root=root, fold=fold, limit=limit, bundle=bundle, out=out)

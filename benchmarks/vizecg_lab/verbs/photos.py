"""``photos``: real photographs of known records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.options import BundleOption, FiguresOption
from vizecg_lab.verbs.options import PtbxlOption, SaveOption


def photos(
    photos_dir: Annotated[Path, typer.Option("--photos", help="Folder with photos.csv's images.")],
    table: Annotated[Path, typer.Option(help="photos.csv: image, ecg_id.")],
    root: PtbxlOption,
    bundle: BundleOption = None,
    save: SaveOption = None,
    figures: FiguresOption = None,
) -> None:
    """Real photographs of known records: answered share, and how far answers are from the clean rendering's."""
    from vizecg_lab.rectifier.photos import measure_photos

    measure_photos(photos_dir=photos_dir, table=table, root=root, bundle=bundle, sheets=save, out=figures)

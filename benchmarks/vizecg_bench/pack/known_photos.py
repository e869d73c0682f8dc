"""Photographs of printed records that are at hand as signals, as a table names them."""

from __future__ import annotations

import csv
from pathlib import Path

from vizecg.spec import UsageError


def known_photos(photos_dir: Path, table: Path) -> list[tuple[Path, int]]:
    """Those of a folder whose record is known: (image, PTB-XL's id), in the order of the table.

    Args:
        photos_dir: the folder; paths in the table begin with one in its place, whatever that is called.
        table: ``photos.csv``: image, ecg_id (empty where the record is not known).

    Raises:
        UsageError: no table, or not such a one, or no photograph of a known record.
    """
    if not table.is_file():
        raise UsageError(f"{table} does not exist")
    with table.open(newline="") as handle:
        try:
            rows = [(row["image"], row["ecg_id"]) for row in csv.DictReader(handle)]
        except (KeyError, UnicodeDecodeError, csv.Error) as error:
            raise UsageError(f"{table} is no table with columns image and ecg_id") from error
    known = []
    for image, ecg_id in rows:
        path = photos_dir.joinpath(*Path(image).parts[1:])
        if ecg_id and path.is_file():
            known.append((path, int(float(ecg_id))))
    if not known:
        raise UsageError(f"{photos_dir} has no photograph of a record that {table} names")
    return known

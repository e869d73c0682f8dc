"""A folder of sheets that were read from photographs: how the edge hands them to training."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from vizecg.spec.checks import first_line
from vizecg.spec.errors import StoreError, UsageError
from vizecg.spec.files import write_atomically
from vizecg.spec.sheet import SheetSpec

TABLE, META = "sheets.csv", "sheets.json"
SCHEMA = 1
READ = "read"
"""``status`` of a photograph whose sheet is there; any other is the reason why it was refused."""


@dataclass(frozen=True, kw_only=True)
class SheetRow:
    """One page of one photograph.

    Attributes:
        photo: path of its file below the folder of photographs, with slashes.
        page: of a file of several, from 1; empty else.
        status: ``read``, or why it was refused.
        message: of the refusal, for people.
        sha256: of the photograph.
        file: of the sheet, PNG of uint8 RGB, in this folder; empty where it was refused.
        doubts: of the reading, with bars between.
    """

    photo: str
    page: str = ""
    status: str = READ
    message: str = ""
    sha256: str = ""
    file: str = ""
    doubts: str = ""


@dataclass(frozen=True, kw_only=True)
class SheetsMeta:
    """Of the whole folder: the sheets' geometry, what read them, and where the photographs lay."""

    sheet: SheetSpec
    rectifier: str
    photographs: str

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self), "sheet": self.sheet.to_dict()}


def write_sheets(folder: Path, meta: SheetsMeta, rows: Iterable[SheetRow]) -> None:
    """Write table and description; the pictures are there already."""
    text = io.StringIO()
    table = csv.DictWriter(text, [field.name for field in fields(SheetRow)], lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(row) for row in rows)
    write_atomically(folder / TABLE, text.getvalue())
    write_atomically(folder / META, json.dumps(meta.to_dict(), indent=1) + "\n")


def read_sheets(folder: Path) -> tuple[SheetsMeta, list[SheetRow]]:
    """What ``write_sheets`` wrote.

    Raises:
        UsageError: the folder holds no sheets.
        StoreError: it is damaged, or of another schema.
    """
    if not (folder / META).is_file() or not (folder / TABLE).is_file():
        raise UsageError(f"{folder} holds no {TABLE}: `vizecg-edge sheets PHOTOGRAPHS --out {folder}` makes it")
    try:
        told = json.loads((folder / META).read_text(encoding="utf-8"))
        if told["schema"] != SCHEMA:
            raise StoreError(f"{folder / META} has schema {told['schema']}, expected {SCHEMA}")
        meta = SheetsMeta(
            sheet=SheetSpec.from_dict(told["sheet"]), rectifier=str(told["rectifier"]),
            photographs=str(told["photographs"]),
        )  # fmt: skip
        with (folder / TABLE).open(newline="", encoding="utf-8") as handle:
            return meta, [_row(row) for row in csv.DictReader(handle)]
    except (KeyError, TypeError, ValueError, OSError, csv.Error) as error:
        raise StoreError(f"{folder} is damaged: {first_line(error)}") from error


def _row(row: Mapping[str, str | None]) -> SheetRow:
    found = SheetRow(**{field.name: row[field.name] or "" for field in fields(SheetRow)})
    if Path(found.file).name != found.file or bool(found.file) != (found.status == READ):
        raise ValueError(f"{found.photo}: file {found.file!r} of a photograph that is {found.status}")
    return found

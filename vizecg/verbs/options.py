"""Options that several verbs of ``vizecg`` have."""

from __future__ import annotations

from typing import Annotated

import typer

from vizecg.data.choices import PictureFormat

DataOption = Annotated[
    str,
    typer.Option(
        help="Where records come from: ptbxl, code15, code-test, wfdb, challenge, store, synthetic or synthetic-varied."
    ),
]
SplitOption = Annotated[str, typer.Option(help="train, val or test.")]
RecordOption = Annotated[list[str] | None, typer.Option("--record", help="Id of a record; repeatable.")]
CountOption = Annotated[int, typer.Option("-n", "--count", min=1, help="The first so many records.")]
LayoutOption = Annotated[str, typer.Option(help="3x4, 3x4+R, 3x4+2R, 3x4+3R, 6x2, 6x2+R, 12x1, 4x3 or 4x3+R.")]
FormatOption = Annotated[PictureFormat, typer.Option("--format", help="Of the files in the folder OUT.")]
ScaleOption = Annotated[float, typer.Option(min=1, max=40, help="Pixels per millimetre of the sheet.")]
ContactOption = Annotated[bool, typer.Option("--contact-sheet", help="One picture with every kind on it.")]

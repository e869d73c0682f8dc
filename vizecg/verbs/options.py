"""Options that several verbs of ``vizecg`` have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from vizecg.data.choices import PictureFormat
from vizecg.spec.options import JsonFlag, RootOption, SeedOption

if TYPE_CHECKING:
    from vizecg.data.pictures import Chosen

DataOption = Annotated[
    str,
    typer.Option(
        help="Where records come from: ptbxl, code15, code-test, wfdb, challenge or store, each as NAME:FOLDER or with"
        " --root; synthetic or synthetic-varied."
    ),
]
FormatOption = Annotated[PictureFormat, typer.Option("--format", help="Of the files in the folder OUT.")]
ScaleOption = Annotated[float, typer.Option(min=1, max=40, help="Pixels per millimetre of the sheet.")]


@dataclass(frozen=True, kw_only=True)
class PictureOptions:
    """Which records become pictures, in which layout."""

    data: DataOption = "synthetic"
    root: RootOption = None
    split: Annotated[str, typer.Option(help="train, val or test.")] = "train"
    record: Annotated[list[str] | None, typer.Option(help="Id of a record; repeatable.")] = None
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="The first so many records.")] = 1
    layout: Annotated[str, typer.Option(help="3x4, 3x4+R, 3x4+2R, 3x4+3R, 6x2, 6x2+R, 12x1, 4x3 or 4x3+R.")] = "3x4+R"
    seed: SeedOption = 0
    contact: Annotated[bool, typer.Option("--contact-sheet", help="One picture with every kind on it.")] = False
    as_json: JsonFlag = False

    def chosen(self) -> Chosen:
        from vizecg.data.pictures import Chosen

        return Chosen(
            data=self.data, root=self.root, split=self.split, seed=self.seed, n=self.count,
            records=tuple(self.record or ()),
        )  # fmt: skip

"""Options that several verbs of ``vizecg`` have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vizecg.data.choices import Look, PictureFormat
from vizecg.records.on_identity import OnIdentity
from vizecg.spec import UsageError
from vizecg.spec.options import JsonFlag, RootOption, SeedOption

if TYPE_CHECKING:
    from vizecg.data.drawing import Drawing
    from vizecg.data.pictures import Chosen

DATA_HELP = (
    "Where records come from: ptbxl, code15, code-test, wfdb, folder, challenge, sheets (photographs) or store, each"
    " as NAME:FOLDER or with --root; synthetic or synthetic-varied."
)
DataOption = Annotated[str, typer.Option(help=DATA_HELP)]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard", metavar="K/N", help="Only the K-th of N shares, as one job of an array does; then --merge."
    ),
]
ON_IDENTITY_HELP = (
    "Records whose limb leads do not fit each other: stop, leave them out, compute III, aVR, aVL and aVF from I and II,"
    " or take them as they are."
)
OnIdentityOption = Annotated[OnIdentity, typer.Option(help=ON_IDENTITY_HELP)]
MergeFlag = Annotated[bool, typer.Option("--merge", help="Make one result of what all shares have left.")]
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
    layout: Annotated[
        str | None,
        typer.Option(
            help="3x4, 6x2, 12x1, 4x3 or 6x1 (limb leads), with +R, +2R or +3R for rhythm strips. 3x4+R unless given,"
            " or the form's own with --style page."
        ),
    ] = None
    chest: Annotated[bool, typer.Option("--chest", help="The chest leads on a page of 6x1.")] = False
    strips: Annotated[
        str | None, typer.Option(help="Leads of the rhythm strips, as V1,II; else II, V1, V5 in this order.")
    ] = None
    strips_above: Annotated[bool, typer.Option("--strips-above", help="Rhythm strips above the other leads.")] = False
    cabrera: Annotated[bool, typer.Option("--cabrera", help="Limb leads in Cabrera's order, with -aVR.")] = False
    simultaneous: Annotated[bool, typer.Option("--simultaneous", help="All columns begin together.")] = False
    column_mm: Annotated[
        float | None, typer.Option(help="Width of a column, mm; else all together are 250 mm wide.")
    ] = None
    speed: Annotated[float, typer.Option(help="12.5, 25, 50 or 100 mm/s.")] = 25.0
    gain: Annotated[float, typer.Option(help="2.5, 5, 10 or 20 mm/mV.")] = 10.0
    chest_gain: Annotated[float | None, typer.Option(help="Of V1 to V6, where it is another.")] = None
    form: Annotated[str | None, typer.Option(help="Which recorder's page with --style page; any unless given.")] = None
    fonts: Annotated[
        Path | None, typer.Option(help="Folder of TrueType files for --style page; else matplotlib's, if installed.")
    ] = None
    on_identity: OnIdentityOption = OnIdentity.SKIP
    seed: SeedOption = 0
    contact: Annotated[bool, typer.Option("--contact-sheet", help="One picture with every kind on it.")] = False
    shard: ShardOption = None
    merge: MergeFlag = False
    as_json: JsonFlag = False

    def chosen(self) -> Chosen:
        from vizecg.data.pictures import Chosen
        from vizecg.data.sharding import Shard

        if self.contact and (self.shard or self.merge):
            raise UsageError("--contact-sheet is one picture: leave --shard and --merge out")
        return Chosen(
            data=self.data, root=self.root, split=self.split, seed=self.seed, n=self.count,
            records=tuple(self.record or ()), shard=None if self.shard is None else Shard.parse(self.shard),
            on_identity=self.on_identity,
        )  # fmt: skip

    def drawing(self, *, look: Look, px_per_mm: float, palette: str = "red") -> Drawing:
        """How they are drawn.

        Raises:
            UsageError: options that do not go together.
        """
        from vizecg.data.drawing import Drawing
        from vizecg.render import LeadGroup, LeadOrder, Timing

        changes = {
            "order": LeadOrder.CABRERA if self.cabrera else None,
            "timing": Timing.SIMULTANEOUS if self.simultaneous else None,
            "speed_mm_s": self.speed,
            "gain_mm_mv": self.gain,
            "chest_gain_mm_mv": self.chest_gain,
            "column_mm": self.column_mm,
            "group": LeadGroup.CHEST if self.chest else None,
            "rhythm": None if self.strips is None else tuple(filter(None, self.strips.split(","))),
            "strips_above": self.strips_above or None,
        }
        return Drawing.named(
            self.layout,
            look=look,
            px_per_mm=px_per_mm,
            seed=self.seed,
            palette=palette,
            form=self.form,
            fonts=self.fonts,
            **{name: value for name, value in changes.items() if value is not None},
        )

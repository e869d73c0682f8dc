"""``vizecg-bench pack``: an evaluation pack, for devices without data and torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vizecg.spec import UsageError
from vizecg.spec.commands import takes
from vizecg.spec.options import SeedOption, WorkersOption

if TYPE_CHECKING:
    from vizecg_bench.pack.build import Photographs


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which records are packed, as what, with whose logits."""

    data: Annotated[str, typer.Option(help="Labelled records: ptbxl:FOLDER, code15:FOLDER ... or synthetic.")]
    out: Annotated[Path, typer.Option(help="The pack.")]
    checkpoint: Annotated[Path | None, typer.Option(help="Default: the shipped model's.")] = None
    split: Annotated[str, typer.Option(help="train, val or test.")] = "val"
    limit: Annotated[int | None, typer.Option(min=12, help="Only the first N records.")] = None
    every: Annotated[bool, typer.Option("--all/--no-all", help="Hold all records, clean and photographed.")] = True
    robust: Annotated[
        int,
        typer.Option("--robustness", min=0, help="Records drawn at every strength of every condition, say 150."),
    ] = 0
    photos: Annotated[Path | None, typer.Option(help="Folder with photos.csv's images.")] = None
    table: Annotated[Path | None, typer.Option(help="photos.csv: image, ecg_id; for --photos.")] = None
    root: Annotated[Path | None, typer.Option(help="PTB-XL folder for --photos. Default: that of --data.")] = None
    rule_of: Annotated[
        Path | None, typer.Option(help="Take this bundle's thresholds for the float network; default: fit them.")
    ] = None
    bundle: Annotated[Path | None, typer.Option(help="Whose gate chooses the photographs. Default: shipped.")] = None
    cache: Annotated[
        Path | None, typer.Option(help="Drawn sheets are kept here.", show_default="~/.cache/vizecg/pack")
    ] = None
    workers: WorkersOption = 2
    seed: SeedOption = 0

    def photographs(self) -> Photographs | None:
        """Real photographs of known records, where there are to be some.

        Raises:
            UsageError: their table or their records are not named.
        """
        from vizecg_bench.pack.build import Photographs

        if self.photos is None:
            return None
        name, _, folder = self.data.partition(":")
        records = self.root or (Path(folder) if name == "ptbxl" else None)
        if self.table is None or records is None:
            raise UsageError("--photos needs --table and, unless --data is ptbxl:FOLDER, --root")
        return Photographs(folder=self.photos, table=self.table, root=records)


@takes(Options)
def pack(options: Options) -> None:
    """Make an evaluation pack: sheets, labels and the float network's logits, for devices without data and torch."""
    from vizecg.spec.files import user_cache
    from vizecg_bench.pack.build import PackRequest, build_pack

    made = build_pack(
        PackRequest(
            data=options.data, out=options.out, cache=options.cache or user_cache() / "pack",
            fitting_cache=options.cache or user_cache() / "export", checkpoint=options.checkpoint, split=options.split,
            limit=options.limit, drawn=options.every, robustness=options.robust, photographs=options.photographs(),
            rule_of=options.rule_of, bundle=options.bundle, workers=options.workers, seed=options.seed,
        ),
        say=lambda text: typer.echo(text, err=True),
    )  # fmt: skip
    sheets = sum(section.header.n for section in made.sections.values())
    size = options.out.stat().st_size / 2**20
    print(f"{options.out}: {len(made.sections)} sections, {sheets} sheets, {size:.0f} MiB, {made.sha256}")

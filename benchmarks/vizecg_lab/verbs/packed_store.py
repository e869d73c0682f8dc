"""``packed-store``: what a packed store costs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import Condition
from vizecg.spec.commands import takes
from vizecg.spec.options import FiguresOption, SeedOption, WorkersOption
from vizecg_lab.verbs.options import PtbxlOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which records are packed, and what is compared."""

    root: PtbxlOption
    out: Annotated[Path, typer.Option(help="Folder of the packed stores and drawn sheets, which are kept.")] = Path(
        "runs/packed"
    )
    checkpoint: Annotated[Path | None, typer.Option(help="Default: the shipped one.")] = None
    condition: Annotated[
        list[Condition] | None, typer.Option(help="How records are printed; repeatable. Default: clean.")
    ] = None
    sheets: Annotated[int, typer.Option(min=1, help="Clean sheets to compare pixel by pixel.")] = 200
    limit: Annotated[int | None, typer.Option(min=48, help="Only the first N records of each split.")] = None
    workers: WorkersOption = 2
    seed: SeedOption = 0
    figures: FiguresOption = None


@takes(Options)
def packed_store(options: Options) -> None:
    """Size of PTB-XL as a packed store at 10 and 20 microvolts a step, and what the steps change in answers."""
    from vizecg_bench.pack.build import shipped_checkpoint
    from vizecg_lab.training.packed_store import PackedStoreRequest, measure_packed_store

    request = PackedStoreRequest(
        root=options.root, out=options.out, checkpoint=options.checkpoint or shipped_checkpoint(),
        conditions=tuple(options.condition or (Condition.CLEAN,)), sheets=options.sheets, limit=options.limit,
        seed=options.seed, workers=options.workers,
    )  # fmt: skip
    measure_packed_store(request, json_path=options.figures)

"""``hostile``: pages that are spoilt, and pages that are only changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.commands import takes
from vizecg.spec.options import BundleOption, FiguresOption, JsonFlag
from vizecg_lab.verbs.options import PtbxlOption, SaveOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is drawn, of whom, and who answers."""

    root: PtbxlOption
    fold: Annotated[int, typer.Option(min=1, max=10, help="PTB-XL fold; 9 is validation.")] = 9
    records: Annotated[
        int, typer.Option(min=2, help="Records whose unspoilt page is decided rightly, of all classes and none.")
    ] = 20
    ecg_id: Annotated[
        list[int] | None, typer.Option("--id", help="ECG id of a record to take instead; repeatable.")
    ] = None
    kind: Annotated[
        list[str] | None, typer.Option(help="Only this kind, or family of kinds; repeatable. Default: all.")
    ] = None
    sample: Annotated[
        int | None, typer.Option(min=1, help="Pages, spread evenly over kinds. Default: all ways on all records.")
    ] = None
    checkout: Annotated[
        Path | None, typer.Option(help="Another checkout, whose edge and bundle answer the same pages.")
    ] = None
    log: Annotated[
        Path | None, typer.Option(help="File of what is done; run again with it, it goes on where it was stopped.")
    ] = None
    bundle: BundleOption = None
    save: SaveOption = None
    gate_rows: Annotated[
        Path | None, typer.Option(help="Add a row of each spoilt page to this file, for `fit-gate --spoilt`.")
    ] = None
    figures: FiguresOption = None
    as_json: JsonFlag = False


@takes(Options)
def hostile(options: Options) -> None:
    """Spoilt pages: how many turn a decision over with neither a warning nor a refusal. Benign changes: how many are
    answered alike."""
    from vizecg_lab.attacks.command import measure_hostile

    measure_hostile(
        root=options.root, fold=options.fold, count=options.records, ids=options.ecg_id or (),
        names=options.kind or (), sample=options.sample, bundle=options.bundle, checkout=options.checkout,
        log=options.log, save=options.save, gate_rows=options.gate_rows,
        out=options.figures, as_json=options.as_json,
    )  # fmt: skip

"""``recorders``: networks on records that other recorders made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.records.recorders.presets import NONE, PRESETS
from vizecg.spec import Condition
from vizecg.spec.commands import takes
from vizecg.spec.options import FiguresOption, LimitOption, SeedOption, SheetsCacheOption, WorkersOption
from vizecg_lab.verbs.options import PtbxlOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which networks are judged by which recorders, on which records."""

    root: PtbxlOption
    checkpoint: Annotated[list[Path] | None, typer.Option(help="A training checkpoint; repeatable.")] = None
    bundle: Annotated[list[Path] | None, typer.Option(help="A bundle made by vizecg-export; repeatable.")] = None
    signals: Annotated[
        list[Path] | None, typer.Option("--signal-checkpoint", help="One whose signal stream is judged; repeatable.")
    ] = None
    fold: Annotated[int, typer.Option(min=1, max=10, help="PTB-XL fold; 9 is validation.")] = 9
    condition: Annotated[
        list[Condition] | None, typer.Option(help="How the records are printed; repeatable. Default: clean and photo.")
    ] = None
    recorder: Annotated[
        list[str] | None, typer.Option(help=f"Beside {NONE}; repeatable. Default: {', '.join(list(PRESETS)[1:])}.")
    ] = None
    limit: LimitOption = None
    cache: SheetsCacheOption = None
    workers: WorkersOption = 1
    seed: SeedOption = 0
    figures: FiguresOption = None


@takes(Options)
def recorders(options: Options) -> None:
    """AUROC and AUPRC under recorders that training never draws, beside none; paired differences with intervals."""
    from vizecg_lab.training.recorders import RecordersRequest, measure_recorders

    request = RecordersRequest(
        root=options.root, checkpoints=tuple(options.checkpoint or ()), bundles=tuple(options.bundle or ()),
        signals=tuple(options.signals or ()), fold=options.fold,
        conditions=tuple(dict.fromkeys(options.condition or (Condition.CLEAN, Condition.PHOTO))),
        recorders=tuple(dict.fromkeys(options.recorder or PRESETS)), limit=options.limit, cache=options.cache,
        workers=options.workers, seed=options.seed,
    )  # fmt: skip
    measure_recorders(request, json_path=options.figures)

"""``finetune``: the shipped weights against training from nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import Condition
from vizecg.spec.commands import takes
from vizecg.spec.options import EpochsOption, FiguresOption, RootOption, SeedOption, TrainThreadsOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is trained on how few records, and what judges it."""

    labels: Annotated[
        str | None,
        typer.Option(help="Label set, as of vizecg labels check; VEB, LVH and IRBBB of a column cinc_diagnoses else."),
    ] = None
    data: Annotated[str, typer.Option(help="Source of the records, as of vizecg train.")] = "ptbxl"
    root: RootOption = None
    table: Annotated[
        Path | None,
        typer.Option(help="Of PTB-XL: ecg_id and the label set's columns, in place of the codes in its own table."),
    ] = None
    out: Annotated[Path, typer.Option(help="Folder of the runs; what is finished there is not run again.")] = Path(
        "runs/finetune"
    )
    records: Annotated[int, typer.Option(min=16, help="Of every draw.")] = 200
    draws: Annotated[int, typer.Option(min=1, help="From the training split.")] = 5
    epochs: EpochsOption = None
    nothing_epochs: Annotated[
        int | None, typer.Option(min=1, help="Of training from nothing; the same unless given.")
    ] = None
    validation: Annotated[int | None, typer.Option(min=16, help="Only the first N validation records.")] = None
    condition: Annotated[Condition, typer.Option(help="How the validation records are printed.")] = Condition.PHOTO
    threads: TrainThreadsOption = None
    seed: SeedOption = 0
    figures: FiguresOption = None


@takes(Options)
def finetune(options: Options) -> None:
    """Own labels on few records: from the shipped weights against from nothing, with paired intervals."""
    from vizecg.records.label_files import parsed_label_set
    from vizecg_lab.training.finetune import FINDINGS, FinetuneRequest, measure_finetune

    request = FinetuneRequest(
        data=options.data, root=options.root, labels=parsed_label_set(options.labels or str(FINDINGS), told="--labels"),
        table=options.table, out=options.out, records=options.records, draws=options.draws, epochs=options.epochs,
        nothing_epochs=options.nothing_epochs,
        validation=options.validation, condition=options.condition, seed=options.seed, threads=options.threads,
    )  # fmt: skip
    measure_finetune(request, json_path=options.figures)

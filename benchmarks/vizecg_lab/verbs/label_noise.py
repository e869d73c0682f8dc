"""``label-noise``: how many labels of PTB-XL are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.commands import takes
from vizecg.spec.options import FiguresOption, LimitOption, TrainThreadsOption, WorkersOption
from vizecg_lab.verbs.options import PtbxlOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """Whose labels, and how long each network learns."""

    root: PtbxlOption
    out: Annotated[Path, typer.Option(help="Folder of the runs; what is finished there is not run again.")] = Path(
        "runs/label-noise"
    )
    epochs: Annotated[int, typer.Option(min=1, help="Of each of the four networks.")] = 10
    limit: LimitOption = None
    workers: WorkersOption = 1
    threads: TrainThreadsOption = None
    figures: FiguresOption = None


@takes(Options)
def label_noise(options: Options) -> None:
    """Labels that networks contradict which never saw their records: shares by the confident joint, and the records."""
    from rich.console import Console

    from vizecg.spec.results import write_result
    from vizecg_lab.training.label_noise import NoiseRequest, estimate_noise
    from vizecg_lab.training.label_noise_table import noise_table

    request = NoiseRequest(
        root=options.root, out=options.out, epochs=options.epochs, limit=options.limit, workers=options.workers,
        threads=options.threads,
    )  # fmt: skip
    found = estimate_noise(request, tell=lambda name: Console(stderr=True).rule(name))
    write_result(options.figures, kind="label_noise", figures=found)
    Console().print(noise_table(found))

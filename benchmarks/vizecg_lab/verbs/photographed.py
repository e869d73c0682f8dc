"""``photographed``: systems from camera to answer, beside streams that saw the recordings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.commands import takes
from vizecg.spec.options import FiguresOption, WorkersOption
from vizecg_lab.verbs.options import PtbxlOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """Whose answers, to which photographs, beside which streams."""

    root: PtbxlOption
    photographs: Annotated[Path, typer.Option(help="Folder that `photographs` made.")]
    answers: Annotated[
        list[Path],
        typer.Option(help="What `vizecg-edge run PHOTOGRAPHS --json` printed; repeatable, the first is compared with."),
    ]
    signals: Annotated[
        list[Path] | None,
        typer.Option("--signal-checkpoint", help="One whose signal stream is set beside them; repeatable."),
    ] = None
    fold: Annotated[int, typer.Option(min=1, max=10, help="That the photographs are of.")] = 9
    workers: WorkersOption = 2
    figures: FiguresOption = None


@takes(Options)
def photographed(options: Options) -> None:
    """AUROC, AUPRC, F1 and coverage on photographs, with intervals and paired differences; who was missed for sure."""
    from vizecg.data.source import ptbxl_source
    from vizecg.models import Modality
    from vizecg.spec import CODE6
    from vizecg.train.evaluation.predict import checkpoint_classifier
    from vizecg_lab.photographed.answers import read_answers, read_truth
    from vizecg_lab.photographed.compare import compare
    from vizecg_lab.photographed.signals import signal_predictions

    truth = read_truth(options.photographs, names=CODE6.names)
    answers = [read_answers(path, truth) for path in options.answers]
    networks = [checkpoint_classifier(path, looks_at=Modality.SIGNAL) for path in options.signals or ()]
    source = ptbxl_source(options.root, folds=(options.fold,), labels=CODE6)
    compare(
        truth, answers, signal_predictions(networks, source, workers=options.workers), out=options.figures
    )  # fmt: skip

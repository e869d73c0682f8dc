"""``vizecg experts``: CODE-test's annotators against its gold standard and against each other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.commands import takes
from vizecg.spec.options import FiguresOption, JsonFlag, SeedOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """Whose tables, and what is made of them."""

    folder: Annotated[Path, typer.Argument(help="gold_standard.csv, cardiologist1.csv and so on: CODE-test's tables.")]
    bootstraps: Annotated[int, typer.Option(min=10, help="Resamples of the tracings.")] = 1000
    seed: SeedOption = 0
    figures: FiguresOption = None
    report: Annotated[Path | None, typer.Option(help="Write tables and a diagram into this folder.")] = None
    as_json: JsonFlag = False


@takes(Options)
def experts(options: Options) -> None:
    """Annotators of CODE-test beside each other, without tracings; vizecg evaluate --experts sets a network beside."""
    from vizecg.records.annotators import read_annotations
    from vizecg.spec.provenance import provenance
    from vizecg.spec.results import write_result
    from vizecg.train.evaluation.experts import experts_alone, experts_text

    annotations = read_annotations(options.folder)
    figures = experts_alone(annotations, bootstraps=options.bootstraps, seed=options.seed)
    write_result(options.figures, kind="experts", figures=figures)
    if options.report is not None:
        from vizecg.train.evaluation.experts_report import write_experts_report

        report = write_experts_report(options.report, {**figures, "kind": "experts", **provenance()})
    if options.as_json:
        print(json.dumps(figures))
        return
    print(experts_text(figures))
    if options.report is not None:
        print(f"report: {report}")

"""``study``: a question that the paper leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import UsageError
from vizecg.spec.commands import takes
from vizecg_lab.verbs.options import PlanOptions


@dataclass(frozen=True, kw_only=True)
class Options(PlanOptions):
    """Which question, and where its report goes."""

    question: Annotated[str, typer.Argument(help="distillation, cmam, saliency, agreement or robustness.")]
    report: Annotated[Path | None, typer.Option(help="Folder of the report. Default: OUT/QUESTION.")] = None
    per_class: Annotated[int, typer.Option(min=1, help="saliency: records of each diagnosis.")] = 40


@takes(Options)
def study(options: Options) -> None:
    """A question that the paper leaves open, answered by training what it takes; rows trained before are reused."""
    from vizecg_lab.tables.commands import run_study
    from vizecg_lab.tables.rows import Study

    try:
        asked = Study(options.question)
    except ValueError:
        known = ", ".join(member.value for member in Study)
        raise UsageError(f"unknown question {options.question!r}: expected one of {known}") from None
    run_study(
        asked, plan=options.plan(), names=options.row, report=options.report or options.out / asked.value,
        limit=options.per_class,
    )  # fmt: skip

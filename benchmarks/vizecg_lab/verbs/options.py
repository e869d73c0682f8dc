"""Options that several verbs of the lab have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vizecg.spec import UsageError
from vizecg.spec.options import FiguresOption, LimitOption, MarkdownOption, TrainThreadsOption, WorkersOption

if TYPE_CHECKING:
    from vizecg_lab.tables.training import Plan

MegapixelsOption = Annotated[float, typer.Option(min=0.5, max=60, help="Photographs are enlarged to this size.")]
PtbxlOption = Annotated[Path, typer.Option(help="PTB-XL folder.")]
RoundsOption = Annotated[int, typer.Option(min=1, help="How many times, in turn.")]
SaveOption = Annotated[Path | None, typer.Option(help="Save the pictures in question in this folder.")]
TilesOption = Annotated[Path, typer.Option(help="Folder of the tiles.")]
AllWorkersOption = Annotated[int | None, typer.Option(min=0, help="Processes that draw and load. Default: one a core.")]


@dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """What is trained for a table or a study, and how long."""

    out: Annotated[Path, typer.Option(help="Folder of the runs; what is finished there is not run again.")] = Path(
        "runs/tables"
    )
    budget: Annotated[
        str,
        typer.Option(
            help="smoke: synthetic ECGs, tiny networks. cpu: PTB-XL, 1 px/mm, small networks. gpu: the paper's sizes."
        ),
    ] = "smoke"
    root: Annotated[Path | None, typer.Option(help="PTB-XL folder, for all budgets but smoke.")] = None
    row: Annotated[list[str] | None, typer.Option("--row", help="Only this row; repeatable. Default: all.")] = None
    seeds: Annotated[int, typer.Option(min=1, help="Runs of every row.")] = 1
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the budget's.")] = None
    limit: LimitOption = None
    train_precision: Annotated[str | None, typer.Option(help="32-true or bf16-mixed, instead of the budget's.")] = None
    workers: WorkersOption = 2
    threads: TrainThreadsOption = None

    def plan(self) -> Plan:
        """Raises UsageError where there is no such budget."""
        from vizecg_lab.tables.budgets import Budget
        from vizecg_lab.tables.training import Plan

        try:
            budget = Budget(self.budget)
        except ValueError:
            known = ", ".join(member.value for member in Budget)
            raise UsageError(f"unknown budget {self.budget!r}: expected one of {known}") from None
        return Plan(
            budget=budget, out=self.out, root=self.root, seeds=self.seeds, epochs=self.epochs,
            precision=self.train_precision, records=self.limit, workers=self.workers, threads=self.threads,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TableOptions(PlanOptions):
    """Where a table goes."""

    figures: FiguresOption = None
    markdown: MarkdownOption = None
    finished: Annotated[
        bool, typer.Option("--finished", help="Of the rows those that are finished, and nothing is trained.")
    ] = False

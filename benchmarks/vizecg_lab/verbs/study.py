"""The verbs that train: the paper's tables, its open questions, and the speed of training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vizecg.spec import Condition

if TYPE_CHECKING:
    from vizecg_lab.tables.runner import Plan

BudgetOption = Annotated[
    str,
    typer.Option(
        help="smoke: synthetic ECGs, tiny networks. cpu: PTB-XL, 1 px/mm, small networks. gpu: the paper's sizes."
    ),
]
OutOption = Annotated[Path, typer.Option(help="Folder of the runs; what is finished there is not run again.")]
RootOption = Annotated[Path | None, typer.Option(help="PTB-XL folder, for all budgets but smoke.")]
RowsOption = Annotated[list[str] | None, typer.Option("--row", help="Only this row; repeatable. Default: all.")]
SeedsOption = Annotated[int, typer.Option(min=1, help="Runs of every row.")]
EpochsOption = Annotated[int | None, typer.Option(min=1, help="Instead of the budget's.")]
RecordsOption = Annotated[int | None, typer.Option(min=48, help="Only the first N records of each split.")]
PrecisionOption = Annotated[str | None, typer.Option(help="32-true or bf16-mixed, instead of the budget's.")]
WorkersOption = Annotated[int, typer.Option(min=1)]
ThreadsOption = Annotated[int | None, typer.Option(help="Threads of the CPU computation.")]
JsonOption = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]
MarkdownOption = Annotated[Path | None, typer.Option("--markdown", help="Write the table to this file.")]


def add_training_verbs(app: typer.Typer) -> None:
    """Register them."""
    app.command()(table1)
    app.command()(table2)
    app.command()(study)
    app.command(name="train-step")(train_step)
    app.command(name="packed-store")(packed_store)
    app.command(name="conv-layouts")(conv_layouts)


def table1(
    out: OutOption = Path("runs/tables"),
    budget: BudgetOption = "smoke",
    root: RootOption = None,
    row: RowsOption = None,
    seeds: SeedsOption = 1,
    epochs: EpochsOption = None,
    records: RecordsOption = None,
    precision: PrecisionOption = None,
    workers: WorkersOption = 2,
    threads: ThreadsOption = None,
    json_path: JsonOption = None,
    markdown_path: MarkdownOption = None,
) -> None:
    """Table 1 of the paper: eight peers, and VizECGNet by signal and by image, on the same data and budget."""
    from vizecg_lab.tables.commands import chosen, run_table
    from vizecg_lab.tables.rows import TABLE1

    plan = _plan(budget, out, root, seeds, epochs, records, precision, workers, threads)
    run_table(
        chosen(TABLE1, row), plan=plan, kind="table1", title="Table 1: systems", json_path=json_path,
        markdown_path=markdown_path,
    )  # fmt: skip


def table2(
    out: OutOption = Path("runs/tables"),
    budget: BudgetOption = "smoke",
    root: RootOption = None,
    row: RowsOption = None,
    seeds: SeedsOption = 1,
    epochs: EpochsOption = None,
    records: RecordsOption = None,
    precision: PrecisionOption = None,
    workers: WorkersOption = 2,
    threads: ThreadsOption = None,
    json_path: JsonOption = None,
    markdown_path: MarkdownOption = None,
) -> None:
    """Table 2 of the paper: VizECGNet without CMAM, SMAM, both; and, which the paper left out, without distillation."""
    from vizecg_lab.tables.commands import chosen, run_table
    from vizecg_lab.tables.rows import TABLE2

    plan = _plan(budget, out, root, seeds, epochs, records, precision, workers, threads)
    run_table(
        chosen(TABLE2, row), plan=plan, kind="table2", title="Table 2: ablation", json_path=json_path,
        markdown_path=markdown_path,
    )  # fmt: skip


def _plan(
    budget: str,
    out: Path,
    root: Path | None,
    seeds: int,
    epochs: int | None,
    records: int | None,
    precision: str | None,
    workers: int,
    threads: int | None,
) -> Plan:
    from vizecg.spec import UsageError
    from vizecg_lab.tables.budgets import Budget
    from vizecg_lab.tables.runner import Plan

    try:
        chosen = Budget(budget)
    except ValueError:
        known = ", ".join(member.value for member in Budget)
        raise UsageError(f"unknown budget {budget!r}: expected one of {known}") from None
    return Plan(
        budget=chosen, out=out, root=root, seeds=seeds, epochs=epochs, precision=precision, records=records,
        workers=workers, threads=threads,
    )  # fmt: skip


def study(
    question: Annotated[str, typer.Argument(help="distillation, cmam, saliency, agreement or robustness.")],
    out: OutOption = Path("runs/tables"),
    report: Annotated[Path | None, typer.Option(help="Folder of the report. Default: OUT/QUESTION.")] = None,
    budget: BudgetOption = "smoke",
    root: RootOption = None,
    row: RowsOption = None,
    seeds: SeedsOption = 1,
    epochs: EpochsOption = None,
    records: RecordsOption = None,
    precision: PrecisionOption = None,
    workers: WorkersOption = 2,
    threads: ThreadsOption = None,
    limit: Annotated[int, typer.Option(min=1, help="saliency: records per class.")] = 40,
) -> None:
    """A question that the paper leaves open, answered by training what it takes; rows trained before are reused."""
    from vizecg.spec import UsageError
    from vizecg_lab.tables.commands import run_study
    from vizecg_lab.tables.rows import Study

    try:
        asked = Study(question)
    except ValueError:
        known = ", ".join(member.value for member in Study)
        raise UsageError(f"unknown question {question!r}: expected one of {known}") from None
    plan = _plan(budget, out, root, seeds, epochs, records, precision, workers, threads)
    run_study(asked, plan=plan, names=row, report=report or out / asked.value, limit=limit)


def conv_layouts(
    limit: Annotated[
        list[str] | None,
        typer.Option(help="ONEDNN_MAX_CPU_ISA of a turn; repeatable. Default: DEFAULT, AVX512_CORE, AVX2, SSE41."),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the CPU computation.")] = 2,
    json_path: JsonOption = None,
) -> None:
    """Which convolutions hang, crash or have wrong gradients in which memory layout on this x86 (half an hour)."""
    from vizecg_lab.training.conv_layouts import ISAS, measure_conv_layouts

    measure_conv_layouts(isas=tuple(limit or ISAS), threads=threads, out=json_path)


def train_step(
    data: Annotated[str, typer.Option(help="synthetic, or ptbxl and the like with --root.")] = "synthetic",
    root: Annotated[Path | None, typer.Option(help="Folder of the data, for all but synthetic.")] = None,
    recipe: Annotated[str, typer.Option(help="paper, small or full.")] = "small",
    assignment: Annotated[
        list[str] | None, typer.Option("--set", help="PATH=VALUE over the recipe; repeatable.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    steps: Annotated[int, typer.Option(min=6, help="Optimiser steps of a turn.")] = 24,
    workers: WorkersOption = 2,
    threads: ThreadsOption = None,
    accelerator: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    cache: Annotated[Path | None, typer.Option(help="Keep drawn sheets here for the next time.")] = None,
    json_path: JsonOption = None,
) -> None:
    """Images/s of training as it runs, beside the same step on one batch in memory."""
    from vizecg.data.registry import SourceRequest, build_source
    from vizecg.train.settings import resolve
    from vizecg_lab.training.train_step import measure_train_step

    config = resolve(recipe=recipe, assignments=assignment or ())
    size = steps * config.batch_size
    source = build_source(data, SourceRequest(root=root, split="train", seed=config.seed, size=size))
    measure_train_step(
        config=config, source=source, rounds=rounds, steps=steps, workers=workers, threads=threads,
        accelerator=accelerator, cache=cache, out=json_path,
    )  # fmt: skip


def packed_store(
    root: Annotated[Path, typer.Option(help="PTB-XL folder.")],
    out: Annotated[Path, typer.Option(help="Folder of the packed stores and drawn sheets, which are kept.")] = Path(
        "runs/packed"
    ),
    checkpoint: Annotated[Path | None, typer.Option(help="Default: the shipped one.")] = None,
    condition: Annotated[
        list[Condition] | None, typer.Option(help="How records are printed; again for more. Default: clean.")
    ] = None,
    sheets: Annotated[int, typer.Option(min=1, help="Clean sheets to compare pixel by pixel.")] = 200,
    limit: Annotated[int | None, typer.Option(min=48, help="Only the first N records of each split.")] = None,
    workers: WorkersOption = 2,
    seed: int = 0,
    json_path: JsonOption = None,
) -> None:
    """Size of PTB-XL as a packed store at 10 and 20 microvolts a step, and what the steps change in answers."""
    from vizecg_bench.pack.build import shipped_checkpoint
    from vizecg_lab.training.packed_store import PackedStoreRequest, measure_packed_store

    request = PackedStoreRequest(
        root=root, out=out, checkpoint=checkpoint or shipped_checkpoint(), conditions=condition or (Condition.CLEAN,),
        sheets=sheets, limit=limit, seed=seed, workers=workers,
    )  # fmt: skip
    measure_packed_store(request, json_path=json_path)

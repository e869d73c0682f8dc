"""``sweep``: short trainings of several networks, side by side."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import Condition
from vizecg.spec.commands import takes
from vizecg.spec.options import FiguresOption, LimitOption, PlotOption, RootOption, TrainThreadsOption, WorkersOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is tried, on what and for how long."""

    plan: Annotated[Path, typer.Option(help="YAML: recipe, settings of all runs, and runs: name -> settings.")]
    data: Annotated[str, typer.Option(help="Source of the records, as of vizecg train.")] = "ptbxl"
    root: RootOption = None
    out: Annotated[Path, typer.Option(help="Folder of the runs; what is finished there is not run again.")] = Path(
        "runs/sweep"
    )
    minutes: Annotated[float, typer.Option(min=0.01, help="Of training, for every run.")] = 10.0
    network: Annotated[
        list[str] | None, typer.Option("--network", help="Only this run of the plan; repeatable. Default: all.")
    ] = None
    costs_only: Annotated[bool, typer.Option("--costs-only", help="What the networks cost; nothing is trained.")] = (
        False
    )
    limit: LimitOption = None
    condition: Annotated[Condition, typer.Option(help="How the validation records are printed.")] = Condition.PHOTO
    workers: WorkersOption = 2
    threads: TrainThreadsOption = None
    figures: FiguresOption = None
    plot: PlotOption = None


@takes(Options)
def sweep(options: Options) -> None:
    """Networks and ways of training, each for the same few minutes: cost, AUROC, AUPRC and F1 in one table."""
    from rich.console import Console

    from vizecg.data.registry import SourceRequest, build_source
    from vizecg.spec.results import write_result
    from vizecg_lab.training.sweep import SweepRequest, run_sweep
    from vizecg_lab.training.sweep_costs import network_costs
    from vizecg_lab.training.sweep_plan import read_plan
    from vizecg_lab.training.sweep_plot import plot_sweep
    from vizecg_lab.training.sweep_table import costs_table, sweep_table

    candidates = read_plan(options.plan, names=tuple(options.network or ()))
    costs = network_costs({one.name: one.config for one in candidates})
    if options.costs_only:
        write_result(
            options.figures, kind="sweep_costs", figures={"runs": [{"name": n, "costs": c} for n, c in costs.items()]}
        )
        Console().print(costs_table(costs))
        return
    labels = candidates[0].config.label_set()
    training, validation = (
        build_source(options.data, SourceRequest(root=options.root, split=split, labels=labels)).limited(options.limit)
        for split in ("train", "val")
    )
    request = SweepRequest(
        candidates=candidates, training=training, validation=validation, out=options.out, minutes=options.minutes,
        condition=options.condition, workers=options.workers, threads=options.threads,
    )  # fmt: skip
    found = run_sweep(request, tell=lambda name: Console(stderr=True).rule(name))
    found["runs"] = [{**run, "costs": costs[run["name"]]} for run in found["runs"]]
    write_result(options.figures, kind="sweep", figures=found)
    if options.plot is not None:
        plot_sweep(found["runs"], options.plot, title=f"{options.minutes:g} minutes of training each")
    Console(file=sys.stdout).print(sweep_table(found))

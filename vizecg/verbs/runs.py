"""``vizecg runs``: the runs of training in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import UsageError
from vizecg.spec.commands import HELP
from vizecg.spec.options import JsonFlag, PlotOption

runs = typer.Typer(no_args_is_help=True, context_settings=HELP, help="The runs of training in a folder.")


@runs.command("list")
def list_runs(
    folder: Annotated[Path, typer.Argument(help="Where runs lie, at any depth.")] = Path("runs"),
    as_json: JsonFlag = False,
) -> None:
    """A line for each run: state, data, epochs, best figure, time, size, commit."""
    from vizecg.train.runs.folder import find_runs
    from vizecg.train.runs.summary import open_run
    from vizecg.train.runs.tables import console, runs_table

    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: name the one where runs lie")
    summaries = [open_run(path).summary for path in find_runs(folder)]
    if as_json:
        print(json.dumps({"runs": [one.to_dict() for one in summaries]}))
    elif not summaries:
        print(f"{folder} holds no run")
    else:
        console().print(runs_table(summaries, folder=folder))


@runs.command()
def show(
    run: Annotated[Path, typer.Argument(help="Folder of the run.")],
    as_json: JsonFlag = False,
) -> None:
    """All of one run: configuration, epochs, files, and how it goes on."""
    from dataclasses import asdict

    from vizecg.train.runs.summary import open_run
    from vizecg.train.runs.tables import console, how_to_go_on, run_page

    opened = open_run(run)
    if as_json:
        record = None if opened.record is None else opened.record.to_dict()
        whole = {
            **opened.summary.to_dict(),
            "config": opened.config,
            "per_epoch": [asdict(epoch) for epoch in opened.epochs],
            "record": record,
            "next": how_to_go_on(opened.summary),
        }
        print(json.dumps(whole))
    else:
        console().print(run_page(opened))


@runs.command()
def compare(
    several: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of two runs or more.")],
    plot: PlotOption = None,
    as_json: JsonFlag = False,
) -> None:
    """What runs differ in, in settings and in figures; with --plot their curves."""
    from vizecg.train.quiet import one_line_warnings
    from vizecg.train.runs.compare import compared
    from vizecg.train.runs.curves import draw_curves
    from vizecg.train.runs.summary import open_run
    from vizecg.train.runs.tables import comparison_tables, console

    one_line_warnings()
    if len(several) < 2:
        raise UsageError("name two runs or more")
    opened = [open_run(path) for path in several]
    comparison = compared(opened)
    if plot is not None:
        draw_curves(opened, plot)
    if as_json:
        print(json.dumps(comparison.to_dict()))
    else:
        console().print(comparison_tables(comparison))

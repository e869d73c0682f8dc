"""Runs as tables for people."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from vizecg.data.progress import duration
from vizecg.train.runs.compare import Comparison
from vizecg.train.runs.folder import BEST, CONFIG, LAST, LOGS, RECORD, log_folders
from vizecg.train.runs.summary import Run, RunSummary, State

_COLOURS = {State.RUNNING: "cyan", State.FINISHED: "green", State.STOPPED: "yellow", State.BROKEN: "red"}
_WIDE = 200
"""Characters of a line where nobody looks at a terminal."""
_LABELS_SHOWN = 8


def console() -> Console:
    # Paths and commands hold brackets, which are no markup.
    return Console(width=None if sys.stdout.isatty() else _WIDE, markup=False, highlight=False)


def runs_table(summaries: Sequence[RunSummary], *, folder: Path) -> Table:
    """A line each, named by where it lies in ``folder``."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("run", "state", "recipe", "data", "labels", "epochs", "best in validation", "time", "size", "commit"):
        table.add_column(title, no_wrap=title in ("state", "epochs", "time", "commit"), overflow="fold")
    for one in summaries:
        table.add_row(
            _below(one.run, folder), _state(one), _or_dash(one.recipe), _data(one), _labels(one), _epochs(one), _best(one.best),
            "-" if one.seconds is None else duration(one.seconds), _size(one), _commit(one),
        )  # fmt: skip
    return table


def run_page(run: Run) -> RenderableType:
    """All of one run: how it stands, its epochs, its configuration, its files, how it goes on."""
    one = run.summary
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in (
        ("run", one.run),
        ("state", Text.assemble(_state(one), f"  {one.why}" if one.why else "")),
        ("recipe", _or_dash(one.recipe)),
        ("network", _or_dash(one.architecture)),
        ("data", _data(one)),
        ("labels", ", ".join(one.labels) or "-"),
        ("epochs", _epochs(one)),
        ("best", _best(one.best)),
        ("time", "-" if one.seconds is None else duration(one.seconds)),
        ("size", _size(one)),
        ("commit", _commit(one)),
    ):
        facts.add_row(name, value)
    parts: list[RenderableType] = [facts]
    if run.record is not None:
        parts += [Text("\nstarts", style="bold"), _starts(run)]
    if run.epochs:
        parts += [Text("\nepochs", style="bold"), _epoch_table(run)]
    parts += [Text("\nconfiguration", style="bold"), _configuration(run.config)]
    parts += [Text("\nfiles", style="bold"), _files(run)]
    parts.append(Text(f"\n{how_to_go_on(one)}"))
    return Group(*parts)


def how_to_go_on(one: RunSummary) -> str:
    """What can be done with a run now."""
    place = shlex.quote(one.run)
    if one.state is State.RUNNING:
        return "it trains now: Ctrl-C or SIGTERM to its process stops it so that --resume goes on"
    if one.state is State.STOPPED:
        return f"go on: vizecg train --resume --out {place}"
    if one.state is State.FINISHED and one.last_step is not None:
        return f"all of its {one.last_step} steps are done: vizecg train --start-from {place}/{BEST} begins another run"
    if one.state is State.FINISHED:
        return f"prolong: vizecg train --resume --out {place} --epochs {2 * (one.epochs or 1)}"
    return f"broken ({one.why}): copy a whole checkpoint to {LAST} and --resume, or start again with --force"


def comparison_tables(comparison: Comparison) -> RenderableType:
    """Figures, then the settings that differ; a column per run."""
    figures = Table(box=None, pad_edge=False, header_style="bold")
    settings = Table(box=None, pad_edge=False, header_style="bold")
    for table, title in ((figures, "at the best epoch"), (settings, "settings that differ")):
        table.add_column(title, no_wrap=True)
        for name in comparison.runs:
            table.add_column(name, overflow="fold")
    for name, values in comparison.figures.items():
        whole = name in ("best_epoch", "epochs_done")
        figures.add_row(name, *("-" if value is None else f"{value:.{0 if whole else 4}f}" for value in values))
    for name, found in comparison.settings.items():
        settings.add_row(name, *map(_or_dash, found))
    if not comparison.settings:
        settings.add_row("none", *("" for _ in comparison.runs))
    return Group(figures, Text(""), settings)


def _starts(run: Run) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("began (UTC)", "time", "steps", "processes", "ended", "command"):
        table.add_column(title, no_wrap=title != "command", overflow="fold")
    assert run.record is not None
    for number, start in enumerate(run.record.starts, 1):
        last = number == len(run.record.starts)
        state = "runs" if last and run.summary.state is State.RUNNING else start.ending.value
        told = f"{state}: {start.why}" if start.why else state
        table.add_row(
            start.began.partition("+")[0], duration(start.seconds), str(start.steps), str(start.processes),
            told if state != "none" else "without a word", start.command,
        )  # fmt: skip
    return table


def _epoch_table(run: Run) -> Table:
    names = list(dict.fromkeys(name for epoch in run.epochs for name in epoch.figures))
    table = Table(box=None, pad_edge=False)
    for title in ("epoch", "loss", "rate", *names, "time"):
        table.add_column(title, justify="right", no_wrap=True)
    took = {} if run.record is None else run.record.epoch_seconds
    best = (run.summary.best or {}).get("epoch")
    for epoch in run.epochs:
        seconds = took.get(str(epoch.number))
        table.add_row(
            f"{epoch.number}{'*' if epoch.number == best else ''}",
            _number(epoch.loss), "-" if epoch.learning_rate is None else f"{epoch.learning_rate:.1e}",
            *(_number(epoch.figures.get(name)) for name in names),
            "-" if seconds is None else duration(seconds),
        )  # fmt: skip
    if best is not None:
        table.caption, table.caption_justify = f"* {BEST}", "left"
    return table


def _configuration(config: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in config.items():
        if name != "labels":
            inner = ", ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
            table.add_row(name, inner)
    return table


def _files(run: Run) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    told = {
        BEST: "the best epoch: what is exported and evaluated",
        LAST: "all that --resume needs",
        CONFIG: "the configuration",
        RECORD: "what it was asked for, and its starts",
    }
    for name, what in told.items():
        path = run.folder / name
        table.add_row(name, f"{path.stat().st_size / 2**20:.1f} MiB" if path.is_file() else "is not there", what)
    logs = log_folders(run.folder)
    table.add_row(LOGS, f"{len(logs)} starts", "metrics.csv, train.log, and TensorBoard's where it is installed")
    return table


def _below(run: str, folder: Path) -> str:
    return run if Path(run) == folder else str(Path(run).relative_to(folder))


def _state(one: RunSummary) -> Text:
    return Text(one.state.value, style=_COLOURS[one.state])


def _data(one: RunSummary) -> str:
    return _or_dash(one.data) if one.records is None else f"{one.data}, {one.records} records"


def _labels(one: RunSummary) -> str:
    shown = " ".join(one.labels[:_LABELS_SHOWN])
    return f"{shown} and {len(one.labels) - _LABELS_SHOWN} more" if len(one.labels) > _LABELS_SHOWN else shown or "-"


def _epochs(one: RunSummary) -> str:
    return f"{one.epochs_done}/{'?' if one.epochs is None else one.epochs}"


def _best(best: dict[str, Any] | None) -> str:
    return "-" if best is None else f"{best['figure']} {_number(best['value'])} (epoch {best['epoch']})"


def _size(one: RunSummary) -> str:
    drawn = f" + {one.drawn_bytes / 2**20:.0f} drawn" if one.drawn_bytes else ""
    return f"{one.bytes / 2**20:.1f}{drawn} MiB"


def _commit(one: RunSummary) -> str:
    return "-" if one.commit is None else f"{one.commit[:10]}{'+' if one.dirty else ''}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _or_dash(value: Any) -> str:
    return "-" if value is None else str(value)

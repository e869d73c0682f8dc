"""A run in the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from vizecg_bench.report.accuracy import macro_tables
from vizecg_bench.report.contents import (
    environment_line,
    handicaps,
    latency_table,
    left_out_table,
    monitor_line,
    reasons,
    start_table,
    title,
    validity,
)
from vizecg_bench.report.text import Table
from vizecg_bench.run.schema import Result

_WIDEST = 44
"""Characters. Longer cells are broken."""
_AIR = 2
_LONG_ONLY = ("macro AUPRC", "macro precision", "macro recall", "AUROC kept")


def print_result(result: Result, console: Console) -> None:
    """Tables of a run; whether it is valid stands first and last, since the middle scrolls away."""
    console.print(Text(title(result), style="bold"))
    console.print(Text(environment_line(result.environment), style="dim"))
    console.print(Text(monitor_line(result.monitor), style="dim"))
    _print_validity(result, console)
    tables = [
        latency_table(result).brief(drop=("p50 in the engine", "CPU over wall"), bare=("p90", "p99", "of float")),
        start_table(result).brief(drop=("loading, ms",), bare=("macro AUROC kept",)),
        *(table.brief(drop=_LONG_ONLY) for table in macro_tables(result)),
        left_out_table(result),
    ]
    for table in tables:
        if table is not None:
            print_table(table, console)
    if not result.is_valid or handicaps(result):
        _print_validity(result, console)


def print_table(table: Table, console: Console) -> None:
    """Cells are shown as they are: a bracket in them is no markup. What is too wide goes on in a second table."""
    for number, columns in enumerate(parts_of(table, console.width)):
        title = Text(table.title + (", continued" if number else ""), style="bold")
        grid = RichTable(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for place in columns:
            grid.add_column(
                Text(table.head[place]), justify="left" if place < table.left else "right", overflow="fold",
                min_width=min(_widths(table)[place], _WIDEST),
            )  # fmt: skip
        for row in table.rows:
            grid.add_row(*(Text(row[place]) for place in columns))
        # Where even that does not fit, the terminal breaks lines; rich would leave columns out.
        need = sum(min(_widths(table)[place], _WIDEST) + _AIR for place in columns) + _AIR
        console.print(grid, width=max(need, console.width), crop=False)
    if table.note:
        console.print(Padding(Text(table.note, style="dim"), (0, 0, 1, 1)))


def parts_of(table: Table, width: int) -> list[list[int]]:
    """Columns of the tables that it is cut into, so that each is no wider than the terminal; all say whose they are."""
    widths = [min(found, _WIDEST) + _AIR for found in _widths(table)]
    keys = list(range(table.keys))
    start = sum(widths[place] for place in keys) + _AIR
    parts, used = [list(keys)], start
    for place in range(table.keys, len(table.head)):
        if used + widths[place] > width and len(parts[-1]) > len(keys):
            parts.append(list(keys))
            used = start
        parts[-1].append(place)
        used += widths[place]
    return parts


def _widths(table: Table) -> list[int]:
    """A head may be broken between words, a cell may not."""
    return [
        max(max(map(len, head.split())), *(len(row[place]) for row in table.rows), 1)
        for place, head in enumerate(table.head)
    ]


def _print_validity(result: Result, console: Console) -> None:
    if result.is_valid:
        console.print(Text(validity(result), style="green"))
    else:
        console.print(Text(f" {validity(result)} ", style="bold white on red"))
    for reason in (*reasons(result), *handicaps(result)):
        console.print(Text(f"  - {reason}", style="red"))

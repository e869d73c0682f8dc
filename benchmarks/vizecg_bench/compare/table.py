"""A comparison in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from vizecg_bench.compare.changes import Pair, Row
from vizecg_bench.compare.runs import By, Comparison, failed
from vizecg_bench.report.select import is_strength
from vizecg_bench.report.table import print_table
from vizecg_bench.report.text import NONE, Table, decimals, interval, number, percent_interval


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Tables, then notes, then what failed: the end is what is read."""
    for table in comparison_tables(comparison):
        print_table(table, console)
    for key in comparison.new:
        console.print(Text(f"new in B: {key}"))
    for note in comparison.notes:
        console.print(Text(f"note: {note}", style="yellow"))
    for line in failed(comparison):
        console.print(Text(f"FAILED {line}", style="bold red"))


def comparison_tables(comparison: Comparison) -> list[Table]:
    """Times and sizes, and accuracy where both have it."""
    rows = comparison.rows
    times = Table(
        title=f"p50 over {comparison.baseline}'s" if comparison.by is By.RATIO else "p50, ms",
        head=("contender", "A", "B", "change", "decisions flipped: A", "decisions flipped: B"),
        rows=tuple((row.key, *_cells(row.time), *_flips(row)) for row in rows),
        note="In brackets 95 % intervals; that of the change takes both runs as independent.",
    )
    sizes = Table(
        title="Size of the file, KiB, and peak memory, MiB",
        head=("contender", "KiB: A", "KiB: B", "change of size", "MiB: A", "MiB: B", "change of memory"),
        rows=tuple((row.key, *_cells(row.size, unit=1024), *_cells(row.memory)) for row in rows),
    )
    names = list(dict.fromkeys(name for row in rows for name in row.accuracy))
    accuracy = [
        Table(
            title=f"Macro {name.rsplit(' ', 1)[1]} on {name.rsplit(' ', 1)[0]}",
            head=("contender", "A", "B", "change"),
            rows=tuple(
                (row.key, decimals(pair.a), decimals(pair.b), decimals(pair.change, digits=4, signed=True))
                for row in rows
                if (pair := row.accuracy.get(name)) is not None
            ),
        )
        for name in names
        if not is_strength(name.rsplit(" ", 1)[0])
    ]
    return [times.without_empty(), sizes.without_empty(), *accuracy]


def _cells(pair: Pair | None, *, unit: float = 1.0) -> tuple[str, str, str]:
    if pair is None:
        return NONE, NONE, NONE
    if unit != 1.0:
        return number((pair.a.value or 0) / unit), number((pair.b.value or 0) / unit), percent_interval(pair.change)
    return interval(pair.a), interval(pair.b), percent_interval(pair.change)


def _flips(row: Row) -> tuple[str, str]:
    return (NONE, NONE) if row.flips is None else (str(row.flips[0]), str(row.flips[1]))

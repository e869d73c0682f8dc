"""A run as Markdown, for ``benchmarks/results`` and the pages on benchmarks."""

from __future__ import annotations

from vizecg.spec import INTENDED_USE
from vizecg_bench.report.accuracy import class_tables, macro_tables, strength_table
from vizecg_bench.report.contents import (
    facts,
    handicaps,
    latency_table,
    left_out_table,
    peaks_table,
    reasons,
    start_table,
    title,
    validity,
)
from vizecg_bench.report.text import Table, markdown_table
from vizecg_bench.run.schema import Result


def render_markdown(result: Result) -> str:
    """The whole document; validity first."""
    state = validity(result)
    lines = [f"# {escaped(title(result))}", "", f"**{state[0].upper()}{state[1:]}.**", ""]
    lines += [f"- {escaped(reason)}" for reason in (*reasons(result), *handicaps(result))]
    lines += ["", *(f"- {name}: {escaped(text)}" for name, text in facts(result))]
    tables = [
        latency_table(result),
        start_table(result),
        *macro_tables(result),
        *class_tables(result),
        strength_table(result),
        peaks_table(result),
        left_out_table(result),
    ]
    for table in tables:
        if table is not None:
            lines += ["", f"## {escaped(table.title)}", "", table_markdown(table)]
            lines += ["", escaped(table.note)] if table.note else []
    lines += ["", INTENDED_USE]
    text = "\n".join(lines) + "\n"
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text


def table_markdown(table: Table) -> str:
    """Its lines, cells escaped."""
    return markdown_table(
        [escaped(name) for name in table.head], [[escaped(cell) for cell in row] for row in table.rows]
    )


def escaped(text: str) -> str:
    """Names come from devices and command lines: none ends a cell, a line, or opens a tag."""
    safe = " ".join(text.split()).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return safe.replace("`", "\\`").replace("*", "\\*").replace("_", "\\_")

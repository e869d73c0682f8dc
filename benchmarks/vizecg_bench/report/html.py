"""A run as one HTML file: plots inside, no scripts, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from html import escape

from matplotlib.figure import Figure

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
from vizecg_bench.report.plots.run import front_figure, latency_figure, peak_figure, recall_figure
from vizecg_bench.report.plots.style import svg
from vizecg_bench.report.plots.time import machine_figure, sustained_figure
from vizecg_bench.report.robustness import strength_figure
from vizecg_bench.report.text import Table
from vizecg_bench.run.schema import Result

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1c2026; max-width: 1280px; margin: 1.2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; font-weight: 500; margin: .6em 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1em; font-weight: 600; margin: 1.6em 0 .4em; }
.state { border-left: 8px solid; padding: .5em 1em; font-weight: 600; }
.state ul { margin: .3em 0 0; padding-left: 1.2em; font-weight: 400; }
.good { color: #14532d; background: #e7f5ec; border-color: #1a7f42; }
.bad { color: #7f1d1d; background: #fdeaea; border-color: #be1e2d; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .87em; }
td, th { text-align: left; padding: .3em .9em .3em 0; vertical-align: top; border-bottom: 1px solid #e8ebef; }
th { color: #606872; font-weight: 400; } td.figure, th.figure { text-align: right; }
td.figure { font-variant-numeric: tabular-nums; white-space: nowrap; } td:first-child { white-space: nowrap; }
.facts td { overflow-wrap: anywhere; white-space: normal; }
.facts th { white-space: nowrap; }
.wide th:first-child, .wide td:first-child { position: sticky; left: 0; background: #fff; }
@media (max-width: 640px) { .facts th, .facts td { display: block; } .facts th { border: 0; padding-bottom: 0; } }
.wide img { width: 100%; min-width: 520px; max-width: 900px; height: auto; display: block; }
.note { font-size: .87em; color: #606872; } summary { cursor: pointer; margin-top: 1.2em; }
pre { font-size: .8em; white-space: pre-wrap; overflow-wrap: anywhere; }
.use { color: #be1e2d; font-weight: 600; }
@page { size: A4 landscape; margin: 12mm; }
@media print {
 body { font-size: 11px; margin: 0; max-width: none; } .wide { overflow: visible; }
 .figure-part, tr, .state { break-inside: avoid; } h2 { break-after: avoid; }
 td.figure, td:first-child { white-space: normal; } td, th { padding-right: .5em; }
 .wide img { width: auto; min-width: 0; max-width: 100%; max-height: 158mm; }
 .state { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
"""
_FIGURES: tuple[tuple[str, Callable[[Result], Figure | None]], ...] = (
    ("How long sheets took", latency_figure),
    ("Accuracy against time", front_figure),
    ("Share of the arithmetic peak", peak_figure),
    ("Recall of every class", recall_figure),
    ("Conditions of growing strength", strength_figure),
    ("Without pause", sustained_figure),
    ("The machine during the run", machine_figure),
)


def render_html(result: Result) -> str:
    """The whole document; validity first."""
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{escape(title(result))}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title(result))}</h1>",
        _state(result),
        '<h2>What was measured</h2><table class="facts">',
        *(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in facts(result)),
        "</table>",
        *map(_table, (latency_table(result), start_table(result))),
        *(_figure(name, drawn) for name, draw in _FIGURES if (drawn := draw(result)) is not None),
        *map(_table, macro_tables(result)),
        *map(_table, class_tables(result)),
        *map(_table, (strength_table(result), peaks_table(result), left_out_table(result))),
        _details(result),
        f'<p class="use">{escape(INTENDED_USE)}</p></body></html>\n',
    ]
    return "\n".join(part for part in parts if part)


def _state(result: Result) -> str:
    why = (*reasons(result), *handicaps(result))
    text = validity(result)
    listed = f"<ul>{''.join(f'<li>{escape(reason)}</li>' for reason in why)}</ul>" if why else ""
    return (
        f'<div class="state {"good" if result.is_valid else "bad"}">{escape(text[0].upper() + text[1:])}{listed}</div>'
    )


def _table(table: Table | None) -> str:
    if table is None:
        return ""
    kinds = ["" if place < table.left else ' class="figure"' for place in range(len(table.head))]
    head = "".join(f"<th{kind}>{escape(name)}</th>" for kind, name in zip(kinds, table.head, strict=True))
    rows = "".join(
        "<tr>" + "".join(f"<td{kind}>{escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in table.rows
    )
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f'<h2>{escape(table.title)}</h2><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{note}"
    )


def _figure(name: str, figure: Figure) -> str:
    # In an <img>, identifiers of one drawing cannot meet those of another.
    data = base64.b64encode(svg(figure)).decode()
    return (
        f'<div class="figure-part"><h2>{escape(name)}</h2><div class="wide">'
        f'<img alt="{escape(name)}" src="data:image/svg+xml;base64,{data}"></div></div>'
    )


def _details(result: Result) -> str:
    """What devices and engines tell of themselves, as it came."""
    told = {"device": result.environment.details}
    told |= {found.key: found.details for found in result.contenders}
    files = {found.name: found.file_sha256 for found in result.contenders if found.file_sha256 is not None}
    told["sha256 of files"] = dict(files)
    kept = {name: found for name, found in told.items() if found}
    if not kept:
        return ""
    text = json.dumps(kept, indent=1, ensure_ascii=False, default=str)
    return f"<details><summary>Details of device and contenders</summary><pre>{escape(text)}</pre></details>"

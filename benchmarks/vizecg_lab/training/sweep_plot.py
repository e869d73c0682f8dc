"""Everything that a sweep tried, in one picture: how slow against how good."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vizecg_bench.report.plots.colours import BASELINE_COLOUR, COLOURS
from vizecg_bench.report.plots.style import dress, new_figure


def plot_sweep(runs: Sequence[dict[str, Any]], path: Path, *, title: str) -> None:
    """A point a run, with the 95 % interval of its macro AUPRC; the first run, which times refer to, is grey."""
    figure = new_figure(height=5.0)
    ax = figure.subplots()
    for place, run in enumerate(runs):
        auprc, slower = run["macro"]["auprc"], run["costs"]["of_first"]
        colour = BASELINE_COLOUR if place == 0 else COLOURS[(place - 1) % len(COLOURS)]
        reach = [[auprc["value"] - auprc["low"]], [auprc["high"] - auprc["value"]]]
        ax.errorbar(slower, auprc["value"], yerr=reach, fmt="o", color=colour, capsize=3)
        ax.annotate(run["name"], (slower, auprc["value"]), xytext=(6, 5), textcoords="offset points", fontsize=9)
    dress(ax, title=title, x=f"time of one sheet, times that of {runs[0]['name']}", y="macro AUPRC")
    figure.savefig(path, dpi=110)

"""The risk-coverage curves as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TITLES = {"flips": "decisions unlike the clean rendering's", "misplaced": "sheets more than 2 mm off"}


def save_plot(path: Path, figures: dict[str, Any]) -> None:
    """Both risks against coverage, before and after, with the chosen point; ``figures`` as in the result file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    reported = figures["reported_on"]
    points = {"flips": "pair_flips", "misplaced": "misplaced"}
    for place, (risk, title) in enumerate(TITLES.items(), start=1):
        axes = figure.add_subplot(1, 2, place)
        for name, colour in (("before", "tab:grey"), ("after", "tab:blue")):
            curve = figures["curves"][name][risk]
            area = reported[name][f"aurc_{risk}"]
            told = f"{name}: AURC {area['value']:.4f} ({area['low']:.4f} to {area['high']:.4f})"
            axes.plot(curve["coverage"], curve["risk"], color=colour, label=told)
            at = reported[name]
            axes.plot(at["coverage"]["value"], at[points[risk]]["value"], "o", color=colour)
        axes.set(xlabel="coverage (share of the rectified photographs)", ylabel="risk", title=title, xlim=(0, 1))
        axes.set_ylim(bottom=0)
        axes.legend(fontsize=8)
        axes.grid(alpha=0.3)
    data = figures["data"]
    told = f"{data['source']} (validation), half of {data['records']} records"
    figure.suptitle(f"Quality gate, {told}; points: the gates")
    figure.savefig(path, dpi=120)

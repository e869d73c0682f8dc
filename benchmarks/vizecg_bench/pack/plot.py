"""Accuracy against the strength of each condition, as one figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vizecg.spec import UsageError
from vizecg_bench.run.schema import Accuracy, Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 4
BASELINE = "clean@0"

Line = list[tuple[float, Section]]


def families(accuracy: Accuracy) -> dict[str, Line]:
    """Condition -> its (strength, section), the weakest first; sections without a strength are left out."""
    found: dict[str, Line] = {}
    for name, section in accuracy.sections.items():
        condition, at, strength = name.partition("@")
        if at:
            found.setdefault(condition, []).append((float(strength), section))
    return {condition: sorted(line, key=lambda point: point[0]) for condition, line in found.items()}


def flip_share(section: Section) -> float:
    """Decisions that are not the float network's, as a share of all."""
    return sum(flips.lost + flips.won for flips in section.flips.values()) / (section.n * len(section.flips))


def robustness_figure(accuracies: Mapping[str, Accuracy]) -> Figure:
    """Macro AUROC with its interval, and the share of turned decisions, against strength; a panel per condition.

    Args:
        accuracies: contender -> figures with sections called ``<condition>@<strength>``; its flips are against the
            float network, which has none itself.

    Raises:
        UsageError: there is no condition with several strengths.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = {name: families(accuracy) for name, accuracy in accuracies.items()}
    conditions = list(dict.fromkeys(c for found in lines.values() for c, line in found.items() if len(line) > 1))
    if not conditions:
        raise UsageError("no section of a condition at several strengths: build the pack with --robustness")
    columns = min(COLUMNS, len(conditions))
    rows = -(-len(conditions) // columns)
    figure = Figure(figsize=(3.4 * columns, 3.4 * rows + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    outer = figure.add_gridspec(rows, columns)
    most = max(flip_share(s) for found in lines.values() for c in conditions for _, s in found.get(c, []))
    handles: dict[str, Any] = {}
    for place, condition in enumerate(conditions):
        inner = outer[place // columns, place % columns].subgridspec(2, 1, height_ratios=[2, 1])
        top, bottom = figure.add_subplot(inner[0]), figure.add_subplot(inner[1])
        for number, (name, found) in enumerate(lines.items()):
            if condition in found:
                handles[name] = _draw(top, bottom, found[condition], colour=f"C{number % 10}", dodge=number)
        clean = next((a.sections[BASELINE] for a in accuracies.values() if BASELINE in a.sections), None)
        if clean is not None and clean.macro["auroc"].value is not None:
            handles["clean print"] = top.axhline(clean.macro["auroc"].value, color="grey", linestyle=":", linewidth=1)
        top.set(title=condition, ylim=(0.45, 1.01))
        top.tick_params(labelbottom=False)
        bottom.set(xlabel="strength", ylim=(0, max(1.1 * 100 * most, 0.1)))
        for axes in (top, bottom):
            axes.set_xlim(0, 1.06)
            axes.grid(alpha=0.3)
        if place % columns == 0:
            top.set_ylabel("macro AUROC")
            bottom.set_ylabel("flips, %")
    figure.legend(list(handles.values()), list(handles), loc="outside upper center", ncols=min(6, len(handles)))
    return figure


def _draw(top: Any, bottom: Any, line: Line, *, colour: str, dodge: int) -> Any:
    # A little beside each other: networks that agree would hide each other's intervals.
    known = [(strength + 0.012 * dodge, s.macro["auroc"]) for strength, s in line if s.macro["auroc"].value is not None]
    values = [interval.value or 0.0 for _, interval in known]
    below = [value - (i.low if i.low is not None else value) for value, (_, i) in zip(values, known, strict=True)]
    above = [(i.high if i.high is not None else value) - value for value, (_, i) in zip(values, known, strict=True)]
    # The middle of the resamples need not hold the figure itself.
    apart = [[max(0.0, one) for one in side] for side in (below, above)]
    drawn = top.errorbar(
        [x for x, _ in known], values, yerr=apart, color=colour, marker="o", markersize=3, linewidth=1, elinewidth=0.7
    )
    bottom.plot(
        [strength for strength, _ in line],
        [100 * flip_share(section) for _, section in line],
        color=colour,
        marker="o",
        markersize=3,
        linewidth=1,
    )
    return drawn


def save_robustness(path: Path, accuracies: Mapping[str, Accuracy]) -> None:
    """Write ``robustness_figure`` to a PNG."""
    robustness_figure(accuracies).savefig(path, dpi=110)

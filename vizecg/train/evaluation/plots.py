"""Diagrams of an evaluation: reliability of the probabilities, ROC and precision-recall curves, readers' F1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from vizecg.scoring.curves import precision_recall, reliability, roc
from vizecg.scoring.resamples import Interval

DPI = 110
_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")
"""Paul Tol's bright scheme: told apart by most colour-blind readers. Line styles change when it is used up."""
_STYLES = ("-", "--", ":")


def draw_reliability(
    path: Path, probabilities: Mapping[str, np.ndarray], labels: np.ndarray, *, names: Sequence[str], title: str
) -> None:
    """One panel per class: how often the class is present against the probability that was said, in the bins of ECE.

    Args:
        path: a PNG file.
        probabilities: name of the calibration -> (n, labels).
        labels: (n, labels) of 0 and 1.
        names: of the labels.
        title: over the panels.
    """
    across = min(3 if len(names) <= 12 else 6, len(names))
    down = -(-len(names) // across)
    figure = Figure(figsize=(4 * across, 4.2 * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False)
    for spare in panels.flat[len(names) :]:
        spare.set_axis_off()
    for column, (label, panel) in enumerate(zip(names, panels.flat, strict=False)):
        panel.plot([0, 1], [0, 1], color="0.6", linewidth=1)
        for number, (name, scores) in enumerate(probabilities.items()):
            said, share, count = reliability(scores[:, column], labels[:, column])
            colour = _COLOURS[number]
            # Points of few records jump: they are small, and the line that joins them is faint.
            panel.plot(said, share, "-", color=colour, linewidth=1, alpha=0.35)
            sizes = 10 + 250 * np.sqrt(count / count.sum())
            panel.scatter(said, share, s=sizes, color=colour, alpha=0.6, linewidth=0, label=name)
        panel.set_title(f"{label}, {int(labels[:, column].sum())} of {len(labels)}", fontsize=10)
        _frame(panel, "mean probability said", "share with the class")
    legend = panels.flat[0].legend(fontsize=9, loc="upper left")
    for handle in legend.legend_handles:
        handle.set_sizes([30])
    figure.suptitle(f"{title}; larger points: more records")
    _save(figure, path)


def draw_curves(path: Path, column: int, scores: Mapping[str, tuple[np.ndarray, np.ndarray]], *, title: str) -> None:
    """ROC and precision-recall curves of one class, a line per condition.

    Args:
        path: a PNG file.
        column: of the class.
        scores: condition -> probabilities and labels, (n, labels) each.
        title: over the panels.
    """
    figure = Figure(figsize=(12, 5.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for number, (name, (probabilities, labels)) in enumerate(scores.items()):
        said, truth = probabilities[:, column], labels[:, column]
        if not 0 < int(truth.sum()) < len(truth):
            continue
        line = {
            "color": _COLOURS[number % len(_COLOURS)],
            "linestyle": _STYLES[number // len(_COLOURS) % len(_STYLES)],
            "linewidth": 1.3,
            "label": name,
        }
        left.plot(*roc(said, truth), **line)
        precision, recall = precision_recall(said, truth)
        right.plot(recall, precision, drawstyle="steps-post", **line)
    _frame(left, "1 - specificity", "sensitivity (recall)")
    _frame(right, "recall", "precision")
    for panel, place in ((left, "lower right"), (right, "lower left")):
        if panel.lines:
            panel.legend(fontsize=8, loc=place, ncols=1 + len(scores) // 7)
    figure.suptitle(title)
    _save(figure, path)


def draw_readers(path: Path, readers: Mapping[str, Sequence[Interval]], *, classes: Sequence[str], title: str) -> None:
    """F1 of several readers with its intervals: a panel per class, a line per reader.

    Args:
        path: a PNG file.
        readers: title -> the intervals of each class.
        classes: titles of the panels.
        title: over them.
    """
    across = min(4, len(classes))
    down = -(-len(classes) // across)
    figure = Figure(figsize=(1.4 + 2.6 * across, (0.9 + 0.3 * len(readers)) * down + 0.4), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False, sharey=True)
    for spare in panels.flat[len(classes) :]:
        spare.set_axis_off()
    for column, (name, panel) in enumerate(zip(classes, panels.flat, strict=False)):
        for place, intervals in enumerate(readers.values()):
            value, low, high = (intervals[column][key] for key in ("value", "low", "high"))
            if value is None:
                continue
            colour = _COLOURS[place % len(_COLOURS)]
            panel.plot([low, high], [place, place], color=colour, linewidth=1.5)
            panel.plot([value], [place], "o", color=colour, markersize=5)
        panel.set_title(name, fontsize=10)
        panel.set(xlim=(-0.02, 1.02), ylim=(len(readers) - 0.5, -0.5), xlabel="F1")
        panel.set_yticks(range(len(readers)), list(readers))
        panel.grid(color="0.9")
        panel.set_axisbelow(True)
    figure.suptitle(title)
    _save(figure, path)


def _frame(panel: Any, horizontal: str, vertical: str) -> None:
    panel.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=horizontal, ylabel=vertical)
    panel.grid(color="0.9")
    panel.set_axisbelow(True)


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=DPI)

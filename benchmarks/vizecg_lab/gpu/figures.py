"""Curves of the training, from Lightning's table."""

from __future__ import annotations

import csv
from pathlib import Path

FIGURES = "figures.png"
_AUROC = ("photo/image_auroc", "clean/image_auroc", "signal/auroc")


def draw_training(run: Path, target: Path) -> str | None:
    """Loss by step, and AUROC by step, of all starts of a run; why there is no picture, where there is none."""
    rows = [row for path in sorted(run.glob("logs_*/metrics.csv")) for row in _read(path)]
    if not rows:
        return "no training was logged"
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return "matplotlib is not installed"
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(*_column(rows, "loss/total"), linewidth=0.8, color="tab:blue")
    left.set(xlabel="step", ylabel="loss", yscale="log")
    for name in _AUROC:
        steps, values = _column(rows, name)
        if steps:
            right.plot(steps, values, marker=".", label=name)
    right.set(xlabel="step", ylabel="macro AUROC in validation")
    if right.get_lines():
        right.legend(frameon=False)
    FigureCanvasAgg(figure).print_figure(str(target), dpi=110, format="png")
    return None


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def _column(rows: list[dict[str, str]], name: str) -> tuple[list[int], list[float]]:
    told = [(int(row["step"]), float(row[name])) for row in rows if row.get(name)]
    return [step for step, _ in told], [value for _, value in told]

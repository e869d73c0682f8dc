"""Curves of the training, from Lightning's table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vizecg.train.runs.logs import Column, logged

FIGURES = "figures.png"
_AUROC = ("photo/image_auroc", "clean/image_auroc", "signal/auroc")


def draw_training(run: Path, target: Path) -> str | None:
    """Loss by step, and AUROC by step, of all starts of a run; why there is no picture, where there is none."""
    columns = logged(run)
    if not columns:
        return "no training was logged"
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return "matplotlib is not installed"
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(*_course(columns, "loss/total"), linewidth=0.8, color="tab:blue")
    left.set(xlabel="step", ylabel="loss", yscale="log")
    for name in _AUROC:
        steps, values = _course(columns, name)
        if steps:
            right.plot(steps, values, marker=".", label=name)
    right.set(xlabel="step", ylabel="macro AUROC in validation")
    if right.get_lines():
        right.legend(frameon=False)
    FigureCanvasAgg(figure).print_figure(str(target), dpi=110, format="png")
    return None


def _course(columns: Mapping[str, Column], name: str) -> tuple[list[int], list[float]]:
    told = sorted(columns.get(name, {}).items())
    return [step for step, _ in told], [value for _, value in told]

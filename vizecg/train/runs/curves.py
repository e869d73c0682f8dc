"""The courses of runs as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vizecg.spec import MissingToolError
from vizecg.spec.install import pip_install
from vizecg.train.runs.summary import Run

_SMOOTH_SHARE = 0.05
"""Of the logged steps, over which the loss is averaged to be seen."""


def draw_curves(runs: Sequence[Run], path: Path) -> None:
    """Loss by step, and by epoch the figure that chooses the best checkpoint, of every run.

    Raises:
        MissingToolError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingToolError(f"matplotlib is not installed: {pip_install('train')}") from error
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    shown: set[str] = set()
    for run in runs:
        name = run.folder.name
        steps, values = _smoothed(run.columns.get("loss/total", {}))
        left.plot(steps, values, linewidth=1, label=name)
        chooses = "" if run.summary.best is None else str(run.summary.best["figure"])
        points = [(epoch.number, epoch.figures[chooses]) for epoch in run.epochs if chooses in epoch.figures]
        right.plot([x for x, _ in points], [y for _, y in points], marker=".", label=name)
        shown |= {chooses} if chooses else set()
    left.set(xlabel="step", ylabel="loss")
    right.set(xlabel="epoch", ylabel=f"{' or '.join(sorted(shown)) or 'figure'} in validation")
    right.legend(frameon=False)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    FigureCanvasAgg(figure).print_figure(str(path), dpi=110, format="png")


def _smoothed(column: dict[int, float]) -> tuple[list[int], list[float]]:
    """A centred mean, over fewer at the ends."""
    steps = sorted(column)
    half = round(len(steps) * _SMOOTH_SHARE / 2)
    values = [column[step] for step in steps]
    windows = [values[max(0, at - half) : at + half + 1] for at in range(len(values))]
    return steps, [sum(window) / len(window) for window in windows]

"""Accuracy under conditions of growing strength, as the pack's own figure shows it."""

from __future__ import annotations

from matplotlib.figure import Figure

from vizecg_bench.pack.plot import families, robustness_figure
from vizecg_bench.report.select import strengths
from vizecg_bench.run.schema import Result


def strength_figure(result: Result) -> Figure | None:
    """None where no condition has several strengths: a point is no curve."""
    found = strengths(result)
    if not any(len(line) > 1 for accuracy in found.values() for line in families(accuracy).values()):
        return None
    return robustness_figure(found)

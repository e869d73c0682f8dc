"""Pictures of what happened over time: contenders without pause, and the machine during the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vizecg_bench.report.plots.colours import COLOURS
from vizecg_bench.report.plots.style import Line, dress, legend_below, new_figure, styles_of
from vizecg_bench.run.schema import Contender, Result, Sample, SustainedPoint

_PANEL = 2.3
_LEAST_OTHERS = 0.25


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A field of samples, and its axis."""

    field: str
    label: str


_P50 = Quantity(field="p50", label="p50, ms")
_TEMPERATURE = Quantity(field="temperature", label="temperature, °C")
_CLOCK = Quantity(field="mhz", label="clock, MHz")
_OTHERS = Quantity(field="others_cores", label="cores kept busy\nby other programs")
_POWER = Quantity(field="power_w", label="power, W")


def sustained_figure(result: Result) -> Figure | None:
    """Time for a sheet, temperature and clock, as far as they are known, of contenders that ran without pause."""
    lasting = {
        found.key: found for found in result.contenders if found.sustained is not None and found.sustained.points
    }
    if not lasting:
        return None
    points = [point for found in lasting.values() for point in _points(found)]
    shown = [one for one in (_P50, _TEMPERATURE, _CLOCK) if _known(points, one)]
    styles = styles_of(result.contenders)
    figure = new_figure(height=_PANEL * len(shown) + 0.35 * -(-len(lasting) // 3))
    axes = figure.subplots(len(shown), 1, squeeze=False, sharex=True)[:, 0]
    handles: dict[str, Line2D] = {}
    for ax, quantity in zip(axes, shown, strict=True):
        for name, found in lasting.items():
            style = styles[found.name]
            drawn = _draw(ax, _points(found), quantity, colour=style.colour, line=style.line, mark=style.mark)
            handles.setdefault(name, drawn)
        dress(ax, x="time, s" if ax is axes[-1] else "", y=quantity.label)
        if quantity is _P50:
            # From 0: a slow-down of 1 % must not look like one of 100 %.
            ax.set_ylim(0, 1.15 * max(point.p50 for point in points))
    legend_below(figure, handles)
    return figure


def machine_figure(result: Result) -> Figure | None:
    """The machine's state during the whole run."""
    samples = result.monitor.samples
    shown = [one for one in (_OTHERS, _TEMPERATURE, _CLOCK, _POWER) if _known(samples, one)]
    if not shown:
        return None
    figure = new_figure(height=0.8 * _PANEL * len(shown) + 0.3)
    axes = figure.subplots(len(shown), 1, squeeze=False, sharex=True)[:, 0]
    for ax, quantity in zip(axes, shown, strict=True):
        _draw(ax, samples, quantity, colour=COLOURS[0], line="-", mark="")
        dress(ax, x="time since the run began, s" if ax is axes[-1] else "", y=quantity.label)
        if quantity is _OTHERS:
            # A hundredth of a core is nothing, and should look like it.
            ax.set_ylim(0, max(_LEAST_OTHERS, 1.05 * ax.get_ylim()[1]))
    figure.align_ylabels(axes)
    return figure


def _draw(
    ax: Axes,
    samples: Sequence[Sample] | Sequence[SustainedPoint],
    quantity: Quantity,
    *,
    colour: str,
    line: Line,
    mark: str,
) -> Line2D:
    """What is not known interrupts the line."""
    values = [getattr(sample, quantity.field) for sample in samples]
    return ax.plot(
        [sample.at_s for sample in samples],
        [float("nan") if value is None else value for value in values],
        color=colour, linestyle=line, marker=mark, markersize=3.5, linewidth=1.4,
    )[0]  # fmt: skip


def _known(samples: Sequence[Sample] | Sequence[SustainedPoint], quantity: Quantity) -> bool:
    return any(getattr(sample, quantity.field) is not None for sample in samples)


def _points(found: Contender) -> tuple[SustainedPoint, ...]:
    return () if found.sustained is None else found.sustained.points

"""How plots look: one colour for an engine in all of them, one line and mark for a contender."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from vizecg_bench.report.plots.colours import BASELINE_COLOUR, colours_of
from vizecg_bench.run.schema import Contender

Line = Literal["-", "--", ":", "-."] | tuple[float, Sequence[float]]
"""As matplotlib has them: by name, or lengths of dashes and gaps."""
WIDE = 8.0
"""Inches."""
FLOAT_ENGINE = "torch"
_LINES: tuple[Line, ...] = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)))
_MARKS = ("o", "s", "^", "D", "v", "P")
_GRID = "#e2e2e2"
_PNG_DPI = 110
_NARROW = 1.6
"""A range of a logarithmic axis in which a decade's usual steps may have no place."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """Of a contender."""

    colour: str
    line: Line
    mark: str


def styles_of(contenders: Sequence[Contender]) -> dict[str, Style]:
    """Name -> style: colour by engine, line and mark by the place among the engine's own. torch, which is what the
    others are compared with, is grey."""
    engines = list(dict.fromkeys(found.engine for found in contenders))
    others = [engine for engine in engines if not engine.startswith(FLOAT_ENGINE)]
    colours = {**dict.fromkeys(engines, BASELINE_COLOUR), **colours_of(others)}
    styles: dict[str, Style] = {}
    for engine in engines:
        names = dict.fromkeys(found.name for found in contenders if found.engine == engine)
        for place, name in enumerate(names):
            styles.setdefault(
                name,
                Style(
                    colour=colours[engine], line=_LINES[place % len(_LINES)], mark=_MARKS[place % len(_MARKS)]
                ),
            )  # fmt: skip
    return styles


def new_figure(*, height: float, wide: float = WIDE) -> Figure:
    """Nothing of it overlaps or is cut. Without pyplot: no window system, nothing global between two figures."""
    return Figure(figsize=(wide, height), layout="constrained")


def dress(ax: Axes, *, title: str = "", x: str = "", y: str = "") -> None:
    """Labels, a faint grid, no box."""
    ax.set_title(title, fontsize=11)
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.grid(color=_GRID, linewidth=0.7, which="both")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def log_milliseconds(ax: Axes) -> None:
    """A logarithmic abscissa with plain numbers: a range of less than a decade still has some."""
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    wide = high / low
    if wide < _NARROW:
        ax.xaxis.set_major_locator(MaxNLocator(5))
    else:
        steps = (
            (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0) if wide < 6 else (1.0, 2.0, 3.0, 5.0, 7.0) if wide < 60 else (1.0,)
        )
        ax.xaxis.set_major_locator(LogLocator(base=10, subs=steps))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


def legend_below(figure: Figure, handles: Mapping[str, Artist], *, columns: int = 3) -> None:
    """One for all panels."""
    figure.legend(
        list(handles.values()), list(handles), loc="outside lower center", ncols=columns, frameon=False, fontsize=9
    )


def svg(figure: Figure) -> bytes:
    """The same bytes for the same figure: without the time, and with identifiers that do not change."""
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "vizecg-bench"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def png(figure: Figure) -> bytes:
    """For viewers without SVG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_PNG_DPI)
    return buffer.getvalue()

"""Pictures of a run: time, accuracy against time, share of the arithmetic peak, recall."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vizecg_bench.report.plots.style import (
    Style,
    dress,
    legend_below,
    log_milliseconds,
    new_figure,
    styles_of,
)
from vizecg_bench.report.select import accuracies, accuracy_of, headline_sections, ordered
from vizecg_bench.run.schema import Accuracy, Contender, Interval, Result

_FRONT_FIGURES = {"f1": "macro F1", "auroc": "macro AUROC"}
_WORST = "photo"
_LEAST_DOT, _DOT_PER_MIB = 30.0, 22.0


def latency_figure(result: Result) -> Figure:
    """Share of the runs that took no longer than so many milliseconds, one panel for each number of threads."""
    styles, counts = styles_of(result.contenders), _thread_counts(result)
    figure = new_figure(height=3.0 * len(counts) + 0.35 * _legend_rows(styles))
    axes = figure.subplots(len(counts), 1, squeeze=False, sharex=True)[:, 0]
    for ax, threads in zip(axes, counts, strict=True):
        for found in _with(result, threads):
            quantiles = np.asarray(found.latency.quantiles)
            if not len(quantiles):
                continue
            style = styles[found.name]
            shares = np.linspace(0, 100, len(quantiles))
            ax.plot(quantiles, shares, color=style.colour, linestyle=style.line, linewidth=1.7)
            if found.latency.p50.value is not None:
                ax.plot(found.latency.p50.value, 50, marker=style.mark, color=style.colour, markersize=6)
        last = threads == counts[-1]
        dress(ax, title=_threads_text(threads), x="time for one sheet, ms" if last else "", y="share of runs, %")
        ax.set_ylim(0, 101)
    for ax in axes:
        log_milliseconds(ax)
    legend_below(figure, _legend(styles))
    return figure


def front_figure(result: Result) -> Figure | None:
    """Accuracy against time: a row for each figure, a column for each number of threads."""
    section = _front_section(result)
    counts = [count for count in _thread_counts(result) if any(_points(result, count, section, "auroc"))]
    if section is None or not counts:
        return None
    styles = styles_of(result.contenders)
    figure = new_figure(height=3.1 * len(_FRONT_FIGURES) + 0.35 * _legend_rows(styles) + 0.3)
    figure.suptitle(f"Accuracy on {section} against time; area of a dot: size of the file", fontsize=11)
    axes = figure.subplots(len(_FRONT_FIGURES), len(counts), squeeze=False, sharex="col", sharey="row")
    for row, (name, text) in enumerate(_FRONT_FIGURES.items()):
        for column, threads in enumerate(counts):
            ax = axes[row, column]
            points = _points(result, threads, section, name)
            _draw_front(ax, points, styles)
            dress(
                ax,
                title=_threads_text(threads) if row == 0 else "",
                x="p50, ms" if row == len(_FRONT_FIGURES) - 1 else "",
                y=text if column == 0 else "",
            )
            log_milliseconds(ax)
    legend = _legend(styles, lines=False)
    legend["not dominated"] = Line2D([], [], color="#333333", linewidth=1.0)
    legend_below(figure, legend)
    return figure


def peak_figure(result: Result) -> Figure | None:
    """How much of the measured arithmetic peak each contender reaches."""
    known = [found for found in ordered(result) if found.latency.peak_share is not None]
    if not known:
        return None
    styles = styles_of(result.contenders)
    figure = new_figure(height=0.34 * len(known) + 1.0)
    ax = figure.subplots()
    known.reverse()
    shares = [100 * (found.latency.peak_share or 0.0) for found in known]
    ax.barh(range(len(known)), shares, color=[styles[found.name].colour for found in known], height=0.66)
    for place, share in enumerate(shares):
        ax.text(share, place, f" {share:.0f} %", va="center", fontsize=9)
    ax.set_yticks(range(len(known)), [f"{found.name}, {_threads_text(found.threads)}" for found in known], fontsize=9)
    dress(ax, x="share of the multiply-accumulates per second of a large matrix product, %")
    ax.set_xlim(0, max(100.0, 1.1 * max(shares)))
    return figure


def recall_figure(result: Result) -> Figure | None:
    """Change of every class's recall from the float network's, with intervals, one panel for each section."""
    found = accuracies(result)
    sections = list(dict.fromkeys(name for one in found.values() for name in headline_sections(one)))
    changed = {name: one for name, one in found.items() if _changes(one, sections)}
    if not changed:
        return None
    styles = styles_of(result.contenders)
    figure = new_figure(height=2.9 * len(sections) + 0.35 * _legend_rows(changed))
    axes = figure.subplots(len(sections), 1, squeeze=False, sharex=True)[:, 0]
    step = 0.8 / len(changed)
    legend = {}
    for ax, section in zip(axes, sections, strict=True):
        for place, (name, one) in enumerate(changed.items()):
            style = styles[name if name in styles else name.rsplit(" x", 1)[0]]
            legend[name] = Line2D([], [], color=style.colour, marker=style.mark, linestyle="none", markersize=6)
            if section not in one.sections:
                continue
            for x, label in enumerate(result.labels):
                change = one.sections[section].recall_change.get(label)
                if change is not None and change.value is not None:
                    _error_bar(ax, x - 0.4 + step * (place + 0.5), change, style)
        ax.axhline(0, color="#555555", linewidth=0.9)
        for edge in np.arange(0.5, len(result.labels) - 1):
            ax.axvline(edge, color="#c9c9c9", linewidth=0.7)
        ax.set_xticks(range(len(result.labels)), result.labels)
        ax.set_xlim(-0.5, len(result.labels) - 0.5)
        dress(ax, title=f"{section}: change of recall from the float network's", y="change of recall")
        ax.grid(visible=False, axis="x")
    legend_below(figure, legend)
    return figure


def front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those (time, figure) that no other is both quicker and better than, by time."""
    kept: list[tuple[float, float]] = []
    for time, figure in sorted(points, key=lambda point: (point[0], -point[1])):
        if not kept or figure > kept[-1][1]:
            kept.append((time, figure))
    return kept


def _draw_front(ax: Axes, points: Sequence[tuple[Contender, float, Interval]], styles: dict[str, Style]) -> None:
    best = front([(time, figure.value) for _, time, figure in points if figure.value is not None])
    ax.plot(*zip(*best, strict=True), color="#333333", linewidth=1.0, zorder=1)
    for contender, time, figure in points:
        if figure.value is None:
            continue
        style = styles[contender.name]
        _error_bar(ax, time, figure, style, mark=False)
        size = _LEAST_DOT if contender.file_bytes is None else _LEAST_DOT + _DOT_PER_MIB * contender.file_bytes / 2**20
        ax.scatter(
            time, figure.value, s=size, marker=style.mark, edgecolor=style.colour, linewidth=1.4, zorder=3, alpha=0.85,
            facecolor="white" if contender.file_bytes is None else style.colour,
        )  # fmt: skip


def _error_bar(ax: Axes, x: float, found: Interval, style: Style, *, mark: bool = True) -> None:
    if found.low is not None and found.high is not None:
        ax.vlines(x, found.low, found.high, color=style.colour, linewidth=1.2, zorder=2)
    if mark and found.value is not None:
        ax.plot(x, found.value, marker=style.mark, color=style.colour, markersize=4.5, linestyle="none", zorder=3)


def _points(result: Result, threads: int, section: str | None, figure: str) -> list[tuple[Contender, float, Interval]]:
    points = []
    for found in _with(result, threads):
        accuracy = accuracy_of(result, found)
        time = found.latency.p50.value
        if accuracy is None or section not in accuracy.sections or time is None:
            continue
        value = accuracy.sections[section].macro.get(figure)
        if value is not None and value.value is not None:
            points.append((found, time, value))
    return points


def _front_section(result: Result) -> str | None:
    """Photographs where there are some: they are what is read."""
    names = [name for one in accuracies(result).values() for name in headline_sections(one)]
    return _WORST if _WORST in names else next(iter(names), None)


def _changes(accuracy: Accuracy, sections: Sequence[str]) -> bool:
    parts = [accuracy.sections[name] for name in sections if name in accuracy.sections]
    # The float network's changes from itself say nothing.
    return any(
        change.value not in (None, 0.0) or change.low for part in parts for change in part.recall_change.values()
    )


def _legend(styles: dict[str, Style], *, lines: bool = True) -> dict[str, Line2D]:
    return {
        name: Line2D([], [], color=style.colour, linestyle=style.line if lines else "", marker=style.mark)
        for name, style in styles.items()
    }


def _legend_rows(names: dict[str, Style] | dict[str, Accuracy]) -> int:
    return -(-len(names) // 3)


def _thread_counts(result: Result) -> list[int]:
    return sorted({found.threads for found in result.contenders})


def _with(result: Result, threads: int) -> list[Contender]:
    return [found for found in result.contenders if found.threads == threads]


def _threads_text(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"

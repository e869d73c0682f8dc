"""The studies' pictures. Without pyplot: no window system, and nothing global between two figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from vizecg_bench.report.plots.colours import COLOURS

_DPI = 110
_HEAT = (0.85, 0.15, 0.05)
_HEAT_PERCENTILE = 99.5


@dataclass(frozen=True, kw_only=True)
class HeatPanel:
    """A sheet with where a network looks: ``heat`` (H, W), not negative, over ``ink`` uint8 (H, W)."""

    title: str
    ink: np.ndarray
    heat: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A rectangle in millimetres of the sheet, with what it is."""

    name: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Curve:
    """``x`` and ``y`` (n,), with a faint unsmoothed ``raw`` (n,) where there is one."""

    name: str
    x: np.ndarray
    y: np.ndarray
    raw: np.ndarray | None = None


def heat_maps(
    path: Path,
    panels: Sequence[Sequence[HeatPanel]],
    *,
    title: str,
    outlines: Sequence[Outline],
    sheet_mm: tuple[float, float],
) -> None:
    """Rows of panels: ink in grey, heat in red over it, ``outlines`` in blue.

    Args:
        path: of the PNG.
        panels: rows of the same length.
        title: of the whole.
        outlines: drawn on every panel.
        sheet_mm: width and height of the sheet.
    """
    rows, columns = len(panels), len(panels[0])
    width, height = 7.2, 7.2 * sheet_mm[1] / sheet_mm[0]
    figure = Figure(figsize=(width * columns + 0.2, (height + 0.35) * rows + 0.5), dpi=_DPI, layout="constrained")
    figure.suptitle(title, fontsize=13)
    axes = figure.subplots(rows, columns, squeeze=False)
    for line, row in zip(axes, panels, strict=True):
        for ax, panel in zip(line, row, strict=True):
            _draw_heat(ax, panel, outlines, sheet_mm)
    figure.savefig(path)


def _draw_heat(ax: Axes, panel: HeatPanel, outlines: Sequence[Outline], sheet_mm: tuple[float, float]) -> None:
    extent = (0.0, sheet_mm[0], sheet_mm[1], 0.0)
    ax.imshow(255 - panel.ink, cmap="gray", vmin=0, vmax=255, extent=extent, interpolation="bilinear")
    top = float(np.percentile(panel.heat[panel.heat > 0], _HEAT_PERCENTILE)) if panel.heat.any() else 1.0
    layer = np.empty((*panel.heat.shape, 4), np.float32)
    layer[..., :3] = _HEAT
    layer[..., 3] = 0.75 * np.clip(panel.heat / top, 0, 1)
    ax.imshow(layer, extent=extent, interpolation="bilinear")
    for outline in outlines:
        ax.add_patch(
            Rectangle(
                (outline.left, outline.top), outline.width, outline.height, fill=False, edgecolor=COLOURS[0],
                linewidth=1.1, linestyle=(0, (4, 2)),
            )
        )  # fmt: skip
    ax.set_title(panel.title, fontsize=10)
    ax.set_xticks([])
    ax.set_yticks([])


def smoothed_heat(heat: np.ndarray, *, sigma_px: float) -> np.ndarray:
    """Single pixels are too small to be seen; the sum stays."""
    return np.asarray(cv2.GaussianBlur(heat.astype(np.float32), (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT))


def grouped_bars(
    path: Path,
    panels: Mapping[str, Mapping[str, Mapping[str, Mapping[str, Any]]]],
    *,
    title: str,
    ylabel: str,
    colours: Mapping[str, str],
    ylim: tuple[float, float] | None = None,
    from_zero: bool = True,
    wide: float = 10.0,
) -> None:
    """Bars with 95 % intervals, or points with them where ``from_zero`` is false.

    Args:
        path: of the PNG.
        panels: panel -> series -> group -> interval; every series has the same groups.
        title, ylabel: texts.
        colours: of the series.
        ylim: of every panel.
        from_zero: a bar's length says something only if it begins at 0.
        wide: inches.
    """
    figure = Figure(figsize=(wide, 3.1 * len(panels) + 0.8), dpi=_DPI, layout="constrained")
    figure.suptitle(title, fontsize=13)
    axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for ax, (name, series) in zip(axes, panels.items(), strict=True):
        groups = list(next(iter(series.values())))
        step = 0.8 / len(series)
        for place, (label, found) in enumerate(series.items()):
            x = np.arange(len(groups)) - 0.4 + step * (place + 0.5)
            values, errors = _with_errors([found[group] for group in groups])
            if from_zero:
                ax.bar(x, values, width=0.92 * step, color=colours[label], label=label)
                ax.errorbar(x, values, yerr=errors, fmt="none", ecolor="#222222", elinewidth=1, capsize=2)
            else:
                ax.errorbar(x, values, yerr=errors, fmt="o", color=colours[label], markersize=4, capsize=2, label=label)
        ax.set_xticks(np.arange(len(groups)), groups, rotation=0 if len(groups) <= 8 else 25)
        ax.set_ylabel(ylabel)
        ax.grid(axis="y", color="#dddddd", linewidth=0.7)
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
        if ylim is not None:
            ax.set_ylim(*ylim)
        if name:
            ax.set_title(name, fontsize=10, loc="left")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(5, len(labels)), frameon=False)
    figure.savefig(path)


def _with_errors(found: Sequence[Mapping[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Values (n,) and their errors (2, n); NaN, or no error, where not defined."""
    values = np.array([np.nan if item["value"] is None else item["value"] for item in found], float)
    low = np.array([v if item["low"] is None else item["low"] for v, item in zip(values, found, strict=True)], float)
    high = np.array([v if item["high"] is None else item["high"] for v, item in zip(values, found, strict=True)], float)
    # A percentile interval may, on few resamples, not hold the value itself.
    return values, np.maximum(0, np.stack([values - low, high - values]))


def curves(
    path: Path,
    panels: Mapping[str, Sequence[Curve]],
    *,
    title: str,
    ylabels: Mapping[str, str],
    colours: Mapping[str, str],
    logarithmic: Sequence[str] = (),
    columns: int = 4,
) -> None:
    """One panel after the other, curves over training steps.

    Args:
        path: of the PNG.
        panels: panel -> its curves; curves of one name have one colour, those of names with a second part after
            ``|`` the same in dashes.
        title: of the whole.
        ylabels: panel -> text.
        colours: of the names.
        logarithmic: panels with a logarithmic ordinate.
        columns: panels in a row.
    """
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(4.0 * columns, 3.0 * rows + 0.8), dpi=_DPI, layout="constrained")
    figure.suptitle(title, fontsize=13)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    legend: dict[str, Any] = {}
    for ax, (name, drawn) in zip(axes, panels.items(), strict=False):
        for curve in drawn:
            run, _, part = curve.name.partition("|")
            if curve.raw is not None:
                ax.plot(curve.x, curve.raw, color=colours[run], alpha=0.18, linewidth=0.6)
            line = ax.plot(
                curve.x, curve.y, color=colours[run], linewidth=1.6, linestyle="--" if part else "-",
                marker="o" if len(curve.x) < 30 else None, markersize=3,
            )  # fmt: skip
            legend.setdefault(f"{run}, {part}" if part else run, line[0])
        if name in logarithmic and any((curve.y > 0).any() for curve in drawn):
            ax.set_yscale("log")
        ax.set_title(name, fontsize=11)
        ax.set_xlabel("step")
        ax.set_ylabel(ylabels[name])
        ax.grid(color="#e2e2e2", linewidth=0.7)
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[len(panels) :]:
        ax.set_visible(False)
    figure.legend(list(legend.values()), list(legend), loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(path)

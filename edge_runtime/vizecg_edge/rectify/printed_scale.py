"""Pixels to a millimetre of a page without a grid, from what is printed: pulses and the length of the rows.

Every combination of what the pulses may be and how long the rows may be is weighed; millimetres are those of the paper.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np

from vizecg_edge.rectify.outlines import Outline
from vizecg_edge.rectify.reasons import Reason, refusal
from vizecg_edge.rectify.ruler import Ruler, RulerKind
from vizecg_edge.rectify.strips import Strip

ROWS_MM = {250.0: 0.0, 240.0: 1.0, 125.0: 2.5, 500.0: 3.0}
"""Lengths of rows (10 s, the same on recorders whose columns are shorter, 5 s, and 20 s), and how unlikely they are:
negative logarithms of their odds."""
HEIGHTS_MM = {10.0: 0.0, 5.0: 2.0, 20.0: 2.5}
WIDTHS_MM = {5.0: 0.0, 2.6: 1.0, 10.0: 2.0, 2.0: 2.0}
"""Heights (1 mV) and widths of pulses, likewise."""
SPACING_MM, SPACING_SD = 25.0, 0.4
"""Usual distance of rows, and the standard deviation of its logarithm."""
FOOT_MM = 1.5
"""From the edge of a pulse to the trace beside it."""
ROW_SD, PULSE_SD, WIDTH_SD = 0.015, 0.02, 0.07
"""Relative uncertainty of the length of rows and of the height and width of pulses."""
LEAST_SD = 0.012
STRETCHED = 3.5
"""How unlikely a picture is whose axes have been stretched by more than ``EVEN``; negative logarithm of the odds."""
MOST_STRETCH, EVEN = 0.22, 0.05
ALONE_SD = (0.04, 0.1)
"""Uncertainty across and down where rows alone are the ruler: 240 mm are possible, and so is a stretched picture."""
MOST_COST, AHEAD, OTHER = 7.0, 1.5, 0.08
"""Cost above which nothing fits; and by how much a reading is ahead of those whose scale differs by more than
``OTHER``."""


@dataclass(frozen=True, kw_only=True)
class PrintedScale:
    """``x``, ``y``: level pixels to a millimetre. ``cost``: how badly it fits."""

    x: float
    y: float
    cost: float
    ruler: Ruler


def printed_scale(strips: list[Strip], outlines: list[Outline]) -> PrintedScale:
    """The scale of a level page.

    Raises:
        InputRefusedError: scale_uncertain, where nothing plausible agrees with the pulses.
    """
    if outlines:
        readings = _with_pulses(strips, outlines)
        kind = RulerKind.PULSES
    else:
        readings = [_alone(strips, rows_mm) for rows_mm in ROWS_MM if rows_mm != 240.0]
        kind = RulerKind.COLUMNS
    best = min(readings, key=lambda reading: reading.cost)
    if best.cost > MOST_COST:
        raise refusal(Reason.SCALE_UNCERTAIN, "there is no grid, and pulses and rows do not agree")
    others = [r for r in readings if max(abs(np.log(r.x / best.x)), abs(np.log(r.y / best.y))) > OTHER]
    near = min(others, key=lambda reading: reading.cost, default=None)
    doubt = ""
    if near is not None and near.cost < best.cost + AHEAD:
        doubt = f"a millimetre may be {near.x / best.x:.2g} x {near.y / best.y:.2g} times as long"
    return replace(best, ruler=replace(best.ruler, kind=kind, doubt=doubt))


def _with_pulses(strips: list[Strip], outlines: list[Outline]) -> list[PrintedScale]:
    height, width = (float(np.median([getattr(o, name) for o in outlines])) for name in ("height", "width"))
    readings = []
    for (rows_mm, rows_cost), (tall, tall_cost), (wide, wide_cost) in product(
        ROWS_MM.items(), HEIGHTS_MM.items(), WIDTHS_MM.items()
    ):
        x, y = _length(strips, outlines) / (rows_mm + FOOT_MM), height / tall
        # Half a pixel of each edge.
        tall_sd, wide_sd = float(np.hypot(PULSE_SD, 0.5 / height)), float(np.hypot(WIDTH_SD, 0.6 / width))
        row_sd = ROW_SD
        prior = rows_cost + tall_cost + wide_cost
        apart = float(np.log(x / y))
        # Square millimetres.
        weight = row_sd**-2 / (row_sd**-2 + tall_sd**-2)
        both = float(np.exp(weight * np.log(x) + (1 - weight) * np.log(y)))
        cost = prior + apart**2 / (row_sd**2 + tall_sd**2) / 2 + _misfit(width / both, wide, wide_sd)
        sd = max(LEAST_SD, (row_sd**-2 + tall_sd**-2) ** -0.5) + abs(apart) / 2
        readings.append(_reading(strips, both, both, cost, sd, sd))
        if EVEN < abs(apart) <= MOST_STRETCH:
            cost = prior + STRETCHED + _misfit(width / x, wide, wide_sd)
            readings.append(_reading(strips, x, y, cost, row_sd + LEAST_SD, tall_sd + LEAST_SD))
    return readings


def _alone(strips: list[Strip], rows_mm: float) -> PrintedScale:
    scale = _length(strips, []) / rows_mm
    return _reading(strips, scale, scale, ROWS_MM[rows_mm], *ALONE_SD)


def _reading(strips: list[Strip], x: float, y: float, cost: float, sd_x: float, sd_y: float) -> PrintedScale:
    spacing = float(np.median([below.y - above.y for above, below in pairwise(strips)])) / y
    cost += float(np.log(spacing / SPACING_MM) / SPACING_SD) ** 2 / 2
    return PrintedScale(x=x, y=y, cost=cost, ruler=Ruler(sd_x=sd_x, sd_y=sd_y))


def _misfit(seen: float, wanted: float, sd: float) -> float:
    return float(np.log(seen / wanted) / sd) ** 2 / 2


def _length(strips: list[Strip], outlines: list[Outline]) -> float:
    """How long the traces are, in level pixels, without the pulses beside them."""
    left, right = (float(np.median([getattr(strip, name) for strip in strips])) for name in ("left", "right"))
    if outlines:
        first, last = (float(np.median([getattr(o, name) for o in outlines])) for name in ("left", "right"))
        if first - left < right - last:
            left = last
        else:
            right = first
    return right - left

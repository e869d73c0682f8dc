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
HEIGHTS_MM = {10.0: 0.0, 5.0: 2.0, 20.0: 2.5, 2.5: 7.0}
WIDTHS_MM = {5.0: 0.0, 2.6: 1.0, 10.0: 2.0, 2.0: 2.0, 20.0: 3.5}
"""Heights (1 mV) and widths of pulses, likewise; those of 2.5 mm measure nothing that the page does not state."""
WIDTHS_S = {0.2: 0.0, 0.104: 1.0, 0.08: 2.0}
"""Widths where the speed of the paper is known, in seconds."""
SPACING_MM, SPACING_SD = 25.0, 0.4
"""Usual distance of rows, and the standard deviation of its logarithm."""
FOOT_MM = 1.5
"""From the edge of a pulse to the trace beside it."""
ROW_SD, PULSE_SD, WIDTH_SD = 0.015, 0.02, 0.07
"""Relative uncertainty of the length of rows and of the height and width of pulses."""
LEAST_SD = 0.012
STATED_SD = 0.008
"""Of rows, and at least, where the page prints its speed and gain: 8 flat drawn pages are off by 0.006 in the median,
the worst by 0.017 where rows and pulses are that much apart."""
STRETCHED = 3.5
"""How unlikely a picture is whose axes have been stretched by more than ``EVEN``; negative logarithm of the odds."""
MOST_STRETCH, EVEN = 0.22, 0.05
ALONE_SD = (0.04, 0.1)
"""Uncertainty across and down where rows alone are the ruler: 240 mm are possible, and so is a stretched picture."""
MOST_COST, MOST_UNSURE, AHEAD, OTHER = 7.0, 14.0, 1.5, 0.08
"""Cost above which nothing fits, and above which nothing may; and by how much a reading is ahead of those whose scale
differs by more than ``OTHER``."""
MOST_WAYS, POSSIBLE = 3, 5.0
"""So many scales, no more unlikely than this beside the likeliest, may be tried on a page."""


@dataclass(frozen=True, kw_only=True)
class StatedScale:
    """What a page prints of itself: the speed of its paper and one gain or two. It makes the pulses a ruler."""

    speed_mm_s: float
    gains_mm_mv: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class PrintedScale:
    """``x``, ``y``: level pixels to a millimetre. ``cost``: how badly it fits."""

    x: float
    y: float
    cost: float
    ruler: Ruler


def printed_scales(
    strips: list[Strip], outlines: list[Outline], stated: StatedScale | None = None, *, unsure: bool = False
) -> list[PrintedScale]:
    """The scales that a level page may have, the likeliest first, and such as differ from it.

    Args:
        strips: its rows.
        outlines: its pulses.
        stated: what it prints of its scale, if that is known.
        unsure: whether such are given, too, as fit so badly that nothing is measured by them; their ruler says so.

    Raises:
        InputRefusedError: scale_uncertain, where nothing plausible agrees with the pulses.
    """
    if outlines:
        readings = _with_pulses(strips, outlines, stated)
        kind = RulerKind.PULSES
    else:
        readings = [_alone(strips, rows_mm) for rows_mm in ROWS_MM if rows_mm != 240.0]
        kind = RulerKind.COLUMNS
    ways: list[PrintedScale] = []
    for reading in sorted(readings, key=lambda reading: reading.cost):
        if all(_differ(reading, other) for other in ways):
            ways.append(reading)
    best, others = ways[0], ways[1:MOST_WAYS]
    if best.cost > (MOST_UNSURE if unsure else MOST_COST):
        raise refusal(Reason.SCALE_UNCERTAIN, "there is no grid, and pulses and rows do not agree")
    if best.cost > MOST_COST:
        kind = RulerKind.COLUMNS
        ways = [replace(way, ruler=Ruler(sd_x=max(ALONE_SD), sd_y=max(ALONE_SD))) for way in ways]
        best, others = ways[0], ways[1:MOST_WAYS]
    doubt = ""
    if others and others[0].cost < best.cost + AHEAD:
        x, y = others[0].x / best.x, others[0].y / best.y
        doubt = f"a millimetre may be {x:.2g} x {y:.2g} times as long"
    return [
        replace(way, ruler=replace(way.ruler, kind=kind, doubt=doubt))
        for way in (best, *others)
        if way.cost < best.cost + POSSIBLE
    ]


def _differ(one: PrintedScale, other: PrintedScale) -> bool:
    return max(abs(float(np.log(one.x / other.x))), abs(float(np.log(one.y / other.y)))) > OTHER


def _with_pulses(strips: list[Strip], outlines: list[Outline], stated: StatedScale | None) -> list[PrintedScale]:
    height, width = (float(np.median([getattr(o, name) for o in outlines])) for name in ("height", "width"))
    heights, widths = HEIGHTS_MM, WIDTHS_MM
    if stated is not None:
        heights = dict.fromkeys(stated.gains_mm_mv, 0.0)
        widths = {seconds * stated.speed_mm_s: cost for seconds, cost in WIDTHS_S.items()}
    readings = []
    for (rows_mm, rows_cost), (tall, tall_cost), (wide, wide_cost) in product(
        ROWS_MM.items(), heights.items(), widths.items()
    ):
        x, y = _length(strips, outlines) / (rows_mm + FOOT_MM), height / tall
        # Half a pixel of each edge.
        tall_sd, wide_sd = float(np.hypot(PULSE_SD, 0.5 / height)), float(np.hypot(WIDTH_SD, 0.6 / width))
        row_sd, least_sd = (ROW_SD, LEAST_SD) if stated is None else (STATED_SD, STATED_SD)
        prior = rows_cost + tall_cost + wide_cost
        apart = float(np.log(x / y))
        # Square millimetres.
        weight = row_sd**-2 / (row_sd**-2 + tall_sd**-2)
        both = float(np.exp(weight * np.log(x) + (1 - weight) * np.log(y)))
        cost = prior + apart**2 / (row_sd**2 + tall_sd**2) / 2 + _misfit(width / both, wide, wide_sd)
        sd = max(least_sd, (row_sd**-2 + tall_sd**-2) ** -0.5) + abs(apart) / 2
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
